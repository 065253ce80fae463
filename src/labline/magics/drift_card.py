"""A drift report as HTML, with the histograms of both samples, and as text."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labline.magics.cards import STYLE, TONES

if TYPE_CHECKING:
    from labline.monitoring.report import Bin, ColumnDrift, DriftReport

_TONE = {"stable": "good", "drifted": "bad", "not judged": "open"}
_MOST = 12
_HEIGHT = 28
_BEFORE = "var(--jp-border-color1,#bdbdbd)"


@dataclass(frozen=True)
class DriftCard:
    """A report, shown."""

    report: DriftReport

    def __repr__(self) -> str:
        found = self.report
        lines = [f"{found.endpoint}  {found.model}  {found.outcome}", f"  {found.says}"]
        lines += [f"  {found.fix}"] if found.fix else []
        width = max((len(each.column) for each in found.columns), default=0)
        lines += [
            f"  {each.outcome:<10}  {each.column:<{width}}  {each.says.partition(': ')[2]}"
            for each in found.columns
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        found = self.report
        color = TONES[_TONE[found.outcome]]
        rows = "".join(map(_row, found.columns[:_MOST]))
        more = len(found.columns) - _MOST
        rest = f"<div>and {more} more: _.columns</div>" if more > 0 else ""
        fix = f'<div style="opacity:.8">{html.escape(found.fix)}</div>' if found.fix else ""
        title = f"{html.escape(found.endpoint)} · {html.escape(found.model)}"
        return (
            f'<div class="labline-card" style="{STYLE};max-width:60em"><strong>{title}</strong>'
            f'<span style="color:{color}"> {found.outcome}</span>'
            f"<div>{html.escape(found.says)}</div>{fix}{_table(rows, found)}{rest}</div>"
        )


def _table(rows: str, found: DriftReport) -> str:
    if not rows:
        return ""
    legend = (
        f"<span style='{_swatch(_BEFORE)}'></span>training "
        f"<span style='{_swatch(TONES['open'])}'></span>the window"
    )
    head = "".join(
        f'<th style="text-align:left;font-weight:normal;opacity:.7">{cell}</th>'
        for cell in ("", "", html.escape(found.test), "limit", legend)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _swatch(color: str) -> str:
    return f"display:inline-block;width:8px;height:8px;background:{color};margin:0 4px"


def _row(column: ColumnDrift) -> str:
    name = column.column if column.of == "input" else f"({column.of})"
    if column.value is None or column.limit is None:
        figures = f'<td colspan="3">{html.escape(column.says.partition(": ")[2])}</td>'
    else:
        figures = f"<td>{column.value:.3g}</td><td>{column.limit:.3g}</td><td>{_bars(column)}</td>"
    color = TONES[_TONE[column.outcome]]
    return (
        f'<tr style="vertical-align:bottom"><td style="text-align:left">{html.escape(name)}</td>'
        f'<td style="text-align:left;color:{color}">{column.outcome}</td>{figures}</tr>'
    )


def _bars(column: ColumnDrift) -> str:
    """Return a pair of bars for each bin: its share in training, and in the window."""
    top = max(max(bin.reference, bin.window) for bin in column.bins)
    pairs = "".join(_pair(bin, top) for bin in column.bins)
    label = html.escape(f"{column.column}: shares in training and in the window")
    return (
        f'<div role="img" aria-label="{label}" '
        f'style="display:flex;align-items:flex-end;height:{_HEIGHT}px">{pairs}</div>'
    )


def _pair(bin: Bin, top: float) -> str:
    told = f"{bin.name}: {100 * bin.reference:.3g} % in training, {100 * bin.window:.3g} % now"
    bars = "".join(
        f'<span style="display:inline-block;width:5px;background:{color};'
        f'height:{_HEIGHT * share / top:.0f}px"></span>'
        for share, color in ((bin.reference, _BEFORE), (bin.window, TONES["open"]))
    )
    return (
        f'<span title="{html.escape(told)}" '
        f'style="display:flex;align-items:flex-end;margin-right:3px">{bars}</span>'
    )
