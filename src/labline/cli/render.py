"""Tables and cards on a terminal."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from labline.promotion.evidence import Outcome, Promotion, PromotionState

_PIPE_WIDTH = 200
_MARK = {
    Outcome.PASSED: Text("✔ passed", "green"),
    Outcome.FAILED: Text("✘ failed", "bold red"),
    Outcome.NEEDS_APPROVAL: Text("… needs approval", "yellow"),
}


def console() -> Console:
    """Return the console for standard output; a pipe has no width to keep to."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str) -> None:
    """Print rows, or say what to do where there are none."""
    lines = list(rows)
    if not lines:
        console().print(f"[dim]{escape(empty)}[/dim]")
        return
    shown = Table(title=title or None, title_justify="left", box=None, header_style="bold dim")
    for column in columns:
        shown.add_column(column, overflow="fold")
    for line in lines:
        shown.add_row(*(cell if isinstance(cell, Text) else escape(str(cell)) for cell in line))
    console().print(shown)


def instances(found: Iterable[Mapping[str, Any]]) -> str:
    """Return what each instance of an endpoint says it serves, a line each."""
    counts = Counter((each["serving"] or each["model"], each["state"]) for each in found)
    return "\n".join(
        f"{model}  {state}" + (f" (x {count})" if count > 1 else "")
        for (model, state), count in counts.items()
    )


def promotion_card(promotion: Promotion) -> None:
    """Print a promotion: verdict per gate, metrics beside the champion's, what to do next."""
    out = console()
    against = promotion.champion or "no champion yet"
    out.print(
        f"[bold]{escape(promotion.label)} -> {escape(promotion.stage)}[/bold]"
        f"  [dim]versus {escape(against)}[/dim]"
    )
    gates = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    gates.add_column(no_wrap=True)
    gates.add_column(no_wrap=True)
    gates.add_column(overflow="fold")
    for verdict in promotion.verdicts:
        words = Text(verdict.reason)
        if verdict.fix and not verdict.passed:
            words.append(f"\nfix: {verdict.fix}", "dim")
        gates.add_row(verdict.gate, _MARK[verdict.outcome], words)
    out.print(gates)
    _metrics(promotion)
    out.print(_outcome(promotion))


def promotion_end(promotion: Promotion) -> None:
    """Print what a promotion came to, and what to do next."""
    console().print(Text("\n").append(_outcome(promotion)))


def _metrics(promotion: Promotion) -> None:
    rows = []
    for name, value in sorted(promotion.metrics.items()):
        held = promotion.champion_metrics.get(name)
        change = "" if held is None else f"{value - held:+.4g}"
        rows.append((name, f"{value:.6g}", "-" if held is None else f"{held:.6g}", change))
    if rows:
        table("", ("metric", "candidate", "champion", "change"), rows, "")


def _outcome(promotion: Promotion) -> Text:
    if promotion.promoted:
        text = Text(f"{promotion.label} holds {promotion.stage} now.", "bold green")
        return text.append(_deploys(promotion), "default")
    if promotion.dry_run:
        would = "be promoted" if promotion.passed else "be refused"
        would = "wait for approval" if promotion.passed and promotion.open_questions else would
        text = Text(f"Dry run: {promotion.label} would {would}; nothing was changed.", "bold")
        where = f"\n  then it would be deployed to /{promotion.endpoint}"
        return text.append(where if promotion.endpoint and promotion.passed else "", "default")
    if promotion.refusals:
        names = ", ".join(verdict.gate for verdict in promotion.refusals)
        return Text(f"Refused by {names}; {promotion.stage} is unchanged.", "bold red")
    return _waiting(promotion)


def _deploys(promotion: Promotion) -> str:
    if not promotion.endpoint:
        return ""
    return (
        f"\n  It is being deployed to /{promotion.endpoint}; "
        f"look: labline promotions show {promotion.id[:8]}"
    )


def _waiting(promotion: Promotion) -> Text:
    state, id = promotion.state_at(time.time()), promotion.id[:8]
    if state is PromotionState.EXPIRED:
        return Text("Expired: nobody decided in time. Ask for it again.", "bold red")
    if state is PromotionState.REJECTED:
        last = promotion.approvals[-1]
        return Text(f"Rejected by {last.actor}: {last.comment}", "bold red")
    text = Text(f"It needs approval; {promotion.stage} is unchanged.", "bold yellow")
    until = f" (until {moment(promotion.expires)})" if promotion.expires else ""
    return text.append(f"\n  next: labline approve {id}{until}", "default")


def moment(at: float) -> str:
    """Return a time of day for people, local, with its zone."""
    return time.strftime("%Y-%m-%d %H:%M %Z", time.localtime(at)).strip()


def ago(moment: float | None) -> str:
    """Return how long ago a moment was, in one unit."""
    if moment is None:
        return "-"
    past = max(0.0, time.time() - moment)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if past >= size:
            return f"{past / size:.0f} {unit} ago"
    return f"{past:.0f} s ago"


def duration(seconds: float | None) -> str:
    """Return a duration for people."""
    if seconds is None:
        return "-"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def size(count: int) -> str:
    """Return a number of bytes for people."""
    from labline.jobs.limits import amount

    return amount(count)


def number(value: float) -> str:
    """Return a metric for people."""
    return f"{value:.5g}"
