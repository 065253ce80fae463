"""A drift report as a notebook shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labline.cards import escape, look

if TYPE_CHECKING:
    from labline.monitoring.report import Bin, ColumnDrift, DriftReport

_TONE = {"stable": "good", "drifted": "bad", "not judged": "open"}
_MOST = 12
_HEIGHT = 28
_CELL = "padding:2px 14px 2px 0;text-align:left;vertical-align:bottom"
_BEFORE = "var(--jp-border-color1,#bdbdbd)"


def to_text(found: DriftReport) -> str:
    """Return a report as a terminal shows it."""
    lines = [f"{found.endpoint}  {found.model}  {found.outcome}", f"  {found.says}"]
    lines += [f"  {found.fix}"] if found.fix else []
    width = max((len(each.column) for each in found.columns), default=0)
    lines += [
        f"  {each.outcome:<10}  {each.column:<{width}}  {each.says.partition(': ')[2]}"
        for each in found.columns
    ]
    return "\n".join(lines)


def to_html(found: DriftReport) -> str:
    """Return a report as one element, with the histograms of both samples."""
    rows = "".join(map(_row, found.columns[:_MOST]))
    more = len(found.columns) - _MOST
    rest = f"<div>and {more} more</div>" if more > 0 else ""
    fix = f'<div style="{look.MUTED}">{escape(found.fix)}</div>' if found.fix else ""
    title = f"{escape(found.endpoint)} · {escape(found.model)}"
    return (
        f'<div class="labline-card" style="{look.FRAME};display:inline-block">'
        f"<strong><bdi>{title}</bdi></strong> "
        f'<span style="color:{look.TONES[_TONE[found.outcome]]}">{found.outcome}</span>'
        f"<div>{escape(found.says)}</div>{fix}{_table(rows, found)}{rest}</div>"
    )


def _table(rows: str, found: DriftReport) -> str:
    if not rows:
        return ""
    legend = (
        f"<span style='{_swatch(_BEFORE)}'></span>training "
        f"<span style='{_swatch(look.TONES['open'])}'></span>the window"
    )
    head = "".join(
        f'<th style="{look.HEAD}">{cell}</th>'
        for cell in ("", "", escape(found.test), "limit", legend)
    )
    body = f'<thead><tr style="{look.ROW}">{head}</tr></thead><tbody>{rows}</tbody>'
    return f'<table style="{look.TABLE}">{body}</table>'


def _swatch(color: str) -> str:
    return f"display:inline-block;width:8px;height:8px;background:{color};margin:0 4px"


def _row(column: ColumnDrift) -> str:
    name = column.column if column.of == "input" else f"({column.of})"
    if column.value is None or column.limit is None:
        why = escape(column.says.partition(": ")[2])
        figures = f'<td style="{_CELL}" colspan="3">{why}</td>'
    else:
        cells = (f"{column.value:.3g}", f"{column.limit:.3g}", _bars(column))
        figures = "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells)
    color = look.TONES[_TONE[column.outcome]]
    return (
        f'<tr style="{look.ROW}"><td style="{_CELL}">{escape(name)}</td>'
        f'<td style="{_CELL};color:{color}">{column.outcome}</td>{figures}</tr>'
    )


def _bars(column: ColumnDrift) -> str:
    """Return a pair of bars for each bin: its share in training, and in the window."""
    top = max(max(bin.reference, bin.window) for bin in column.bins)
    pairs = "".join(_pair(bin, top) for bin in column.bins)
    label = escape(f"{column.column}: shares in training and in the window")
    return (
        f'<div role="img" aria-label="{label}" '
        f'style="display:flex;align-items:flex-end;height:{_HEIGHT}px">{pairs}</div>'
    )


def _pair(bin: Bin, top: float) -> str:
    told = f"{bin.name}: {100 * bin.reference:.3g} % in training, {100 * bin.window:.3g} % now"
    bars = "".join(
        f'<span style="display:inline-block;width:5px;background:{color};'
        f'height:{_HEIGHT * share / top:.0f}px"></span>'
        for share, color in ((bin.reference, _BEFORE), (bin.window, look.TONES["open"]))
    )
    return (
        f'<span title="{escape(told)}" '
        f'style="display:flex;align-items:flex-end;margin-right:3px">{bars}</span>'
    )
