"""``%batch``: score files of rows."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from labline.magics.arguments import Parser
from labline.magics.cards import show
from labline.magics.project import lab

if TYPE_CHECKING:
    from labline.batch import Scored


def batch_parser() -> Parser:
    """Return the parser of ``%batch``."""
    parser = Parser(
        "batch",
        "Score files of rows with a model version.",
        example="%batch churn@prod customers.parquet scores --keep id",
    )
    parser.add_argument("model", help="MODEL@STAGE, MODEL/VERSION or MODEL (its newest)")
    parser.add_argument("input", help="Parquet or CSV file, folder of them, or URL")
    parser.add_argument("output", help="folder that is made; Parquet")
    parser.add_argument("--keep", default="", metavar="NAMES", help="columns to keep: id,day; all")
    parser.add_argument("--overwrite", action="store_true", help="replace it, or begin anew")
    parser.add_argument("--workers", type=int, metavar="N", help="processes; one for each CPU")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of Dask; its workers score")
    return parser


def batch(shell: Any, arguments: Namespace) -> Scored:
    """Score, and return what it came to."""
    from labline.batch import Order

    order = Order(
        arguments.input,
        arguments.output,
        tuple(name for name in arguments.keep.split(",") if name),
        arguments.overwrite,
        arguments.workers,
        arguments.scheduler,
    )
    shown: Scored = show(shell, lab(shell).batch.score(arguments.model, order))
    return shown
