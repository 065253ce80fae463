"""A shadow's answers beside the live release's, on a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from labline.cli import render

if TYPE_CHECKING:
    from labline.deployment import Comparison

_WIDTH = 70
_BAR = 40


def show_comparison(found: Comparison) -> None:
    """Print how much two releases agree, by how much they differ, and where most."""
    out = render.console()
    out.print(f"[bold]{escape(found.candidate)}[/bold] beside {escape(found.live)}, which is live")
    if found.agreement is None:
        out.print("[dim]Both have answered no request yet. Only a shadow is compared.[/dim]")
        return
    render.table("", ("", ""), list(_facts(found)), "")
    if found.differences and found.differences.largest:
        render.table("candidate minus live", ("from", "to", "", ""), _bars(found), "")
    changes = [(each.live, each.candidate, each.count) for each in found.changes]
    if changes:
        render.table("what changes", ("live", "candidate", "times"), changes, "")
    rows = [
        (each.request_id, *map(_short, (each.given, each.live, each.candidate)))
        for each in found.examples
    ]
    render.table("", ("request", "asked", "live", "candidate"), rows, "They agree on all.")


def _facts(found: Comparison) -> Iterator[tuple[str, str]]:
    yield "requests that both answered", str(found.requests)
    share = f"{100 * (found.agreement or 0):.4g} %"
    yield "they agree on", f"{found.agreed} of {found.predictions} predictions ({share})"
    if found.live_failed or found.candidate_failed:
        yield "only one failed", f"live {found.live_failed}, candidate {found.candidate_failed}"
    if found.differences:
        gaps = found.differences
        sizes = ", ".join(
            f"{name} {render.number(value)}"
            for name, value in (("p50", gaps.p50), ("p95", gaps.p95), ("largest", gaps.largest))
        )
        yield "they differ by", f"{sizes}; on average {gaps.mean:+.4g}"


def _bars(found: Comparison) -> list[tuple[str, str, str, int]]:
    bins = found.differences.bins if found.differences else ()
    most = max((count for *_, count in bins), default=1)
    return [
        (f"{low:.4g}", f"{high:.4g}", "▇" * max(1, round(_BAR * count / most)), count)
        for low, high, count in bins
        if count
    ]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
