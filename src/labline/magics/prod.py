"""``%prod``: production, back in the notebook."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline.magics.arguments import BadUsage, Parser
from labline.magics.cards import Card, number, show, told
from labline.magics.project import lab

if TYPE_CHECKING:
    import pandas as pd

    from labline.lab import Lab
    from labline.lab.shapes import Answered, EndpointRow
    from labline.monitoring.realised import RealisedReport
    from labline.monitoring.report import DriftReport


def prod_parser() -> Parser:
    """Return the parser of ``%prod``."""
    parser = Parser(
        "prod",
        "Bring production into the notebook: rows, drift, labels and health of an endpoint.",
        example="%prod rows churn --drifted --last 7d",
    )
    parser.add_argument(
        "what", choices=("rows", "drift", "labels", "health"),
        help="rows: what was asked and answered, as a DataFrame; drift: that against the training "
        "set; labels: what turned out to be true; health: what is served, and how it answers",
    )  # fmt: skip
    parser.add_argument(
        "of", nargs="?", metavar="ENDPOINT|LABELS",
        help="endpoint, the project's only one unless given; for labels: a file, or a DataFrame by "
        "its name",
    )  # fmt: skip
    parser.add_argument("--endpoint", help="endpoint, for labels")
    parser.add_argument(
        "--on", default="request_id", metavar="COLUMN",
        help="labels: column of the request ids (default: request_id)",
    )  # fmt: skip
    parser.add_argument(
        "--label", metavar="COLUMN", help="labels: what is true; the only other column unless given"
    )
    parser.add_argument(
        "--row", metavar="COLUMN", help="labels: place of the row in its request, from 0"
    )
    parser.add_argument("--last", metavar="TIME", help="how far to look back: 6h, 7d")
    parser.add_argument(
        "--drifted", action="store_true", help="only rows that speak for the drift, most first"
    )
    parser.add_argument("--model", metavar="MODEL/VERSION", help="only what this version answered")
    parser.add_argument("--limit", type=int, default=10_000, help="rows at most (default: 10000)")
    return parser


def prod(
    shell: Any, arguments: Namespace
) -> pd.DataFrame | DriftReport | RealisedReport | EndpointRow:
    """Return what is asked for: a DataFrame, a report or the endpoint."""
    if arguments.what != "rows" and (arguments.drifted or arguments.model):
        option = "--drifted" if arguments.drifted else "--model"
        raise BadUsage(f"{option} is about rows.", fix="%prod rows --drifted")
    project = lab(shell)
    if arguments.what == "labels":
        return _labels(shell, project, arguments)
    endpoint = arguments.of or arguments.endpoint or project.monitor.only()
    last = _seconds(arguments.last)
    if arguments.what == "rows":
        return _rows(project, endpoint, last, arguments)
    if arguments.what == "drift":
        drift: DriftReport = show(shell, project.monitor.drift(endpoint, last=last))
        return drift
    row: EndpointRow = project.views.endpoints.detail(endpoint).endpoint
    show(shell, row, lambda row: _health(project, row))
    return row


def _labels(shell: Any, project: Lab, arguments: Namespace) -> RealisedReport:
    from labline.monitoring import labels

    endpoint = arguments.endpoint or project.monitor.only()
    # A replay only looks whether a notebook still gives the same.
    if arguments.of is None or os.environ.get("LABLINE_KIND") == "replay":
        known: RealisedReport = show(shell, project.monitor.realised(endpoint))
        return known
    named = shell.user_ns.get(arguments.of)
    table = named if hasattr(named, "columns") else labels.read_file(Path(arguments.of))
    told = labels.from_table(table, arguments.on, label=arguments.label, row=arguments.row)
    found: RealisedReport = show(shell, project.monitor.label(endpoint, told))
    return found


def _seconds(text: str | None) -> float | None:
    from labline.settings import to_seconds

    return None if text is None else to_seconds(text)


def _rows(project: Lab, endpoint: str, last: float | None, arguments: Namespace) -> pd.DataFrame:
    found = project.monitor.rows(
        endpoint,
        last=last,
        limit=arguments.limit,
        model=arguments.model,
        drifted=arguments.drifted,
    )
    if found.says:
        sys.stdout.write(f"{found.says}\n")
    return found.frame


def _health(project: Lab, row: EndpointRow) -> Card:
    """Return the card of an endpoint: what it serves, and how it answered lately."""
    found = project.serving.metrics(row.name, window=300.0)
    card = row.card()
    answers = [
        (f"{each.model} ({each.weight} %)", _answers(each, found.window)) for each in found.releases
    ]
    return replace(card, facts=[*card.facts, *answers])


def _answers(found: Answered, window: float) -> str:
    said = f"{found.requests} requests in {window:.0f} s, {100 * found.error_rate:.2g} % errors"
    times = told(("p50", _ms(found.p50_ms)), ("p95", _ms(found.p95_ms)), ("p99", _ms(found.p99_ms)))
    return ", ".join([said, *(f"{name} {value}" for name, value in times)])


def _ms(value: float | None) -> str:
    return "" if value is None else f"{number(value)} ms"
