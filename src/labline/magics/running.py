"""Run a magic: find it, parse its line, call it, and make its errors plain."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from typing import Any

from labline.cards import plain
from labline.errors import Interruption, LablineError
from labline.magics import batch, jobs, line, log, prod, record
from labline.magics.arguments import HelpAsked, Parser

Verb = Callable[[Any, Namespace], Any]

_VERBS: dict[str, tuple[Callable[[], Parser], Verb]] = {
    "record": (record.record_parser, record.record),
    "log": (log.log_parser, log.log),
    "runs": (record.runs_parser, record.runs),
    "submit": (jobs.submit_parser, jobs.submit),
    "jobs": (jobs.jobs_parser, jobs.jobs),
    "sweep": (jobs.sweep_parser, jobs.sweep),
    "promote": (line.promote_parser, line.promote),
    "approve": (line.approve_parser, line.approve),
    "deploy": (line.deploy_parser, line.deploy),
    "rollback": (line.rollback_parser, line.rollback),
    "batch": (batch.batch_parser, batch.batch),
    "prod": (prod.prod_parser, prod.prod),
}
# What a replay, which only looks whether a notebook still gives the same, must not do again.
_EFFECTS = ("submit", "promote", "approve", "deploy", "rollback", "batch")


def parsers() -> dict[str, Parser]:
    """Return the parser of every magic."""
    return {name: make() for name, (make, _) in _VERBS.items()}


def run(shell: Any, name: str, text: str) -> Any:
    """Run the line magic `name` and return its value.

    Raises
    ------
    LablineError
        Shown as one block of message and fix, while the cell fails as with any exception.
    """
    make, verb = _VERBS[name]
    if name in _EFFECTS and os.environ.get("LABLINE_KIND") == "replay":
        sys.stdout.write(f"%{name} does nothing in a replay.\n")
        return None
    return _plainly(lambda: verb(shell, make().parse(text)))


def run_recorded(shell: Any, text: str, cell: str) -> Any:
    """Begin what ``%%record`` begins; run `cell` in it where it is not the caller's own body."""
    _plainly(lambda: record.begin_cell(shell, record.cell_parser().parse(text)))
    if not cell.strip():
        return None
    result = shell.run_cell(cell)
    error = result.error_before_exec or result.error_in_exec
    if error is not None:
        # It was shown where it was raised; here it only has to fail the cell.
        error.__dict__["_render_traceback_"] = list
        raise error
    return result.result


def _plainly(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except HelpAsked as asked:
        sys.stdout.write(str(asked))
        return None
    except (LablineError, Interruption) as error:
        # IPython asks an exception for this before it formats a traceback of its own.
        error.__dict__["_render_traceback_"] = partial(block, error)
        raise


def block(error: LablineError | Interruption) -> list[str]:
    """Return an error as a terminal or a notebook shows it: red, then what to do."""
    message = plain(error.message)
    lines = [f"\x1b[1;31m{type(error).__name__}\x1b[0m: \x1b[31m{message}\x1b[0m"]
    return [*lines, plain(error.fix)] if error.fix else lines
