"""Draw a figure of a diff: one lane a row, champion above candidate, intervals as whiskers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TypeGuard

from labline.cards import escape
from labline.promotion.diff.document import Figure, Lane, Point

_WIDTH = 640
_LEFT = 210
_RIGHT = 24
_TOP = 34
_LANE = 34
_TICKS = 5
_LONGEST = 27
#: what an axis can still be divided by
_LEAST, _GREATEST = 1e-300, 1e300
#: colours that stand on light and on dark ground
COLOURS = {
    "candidate": "var(--jp-brand-color1,#2f7fd6)",
    "champion": "var(--jp-ui-font-color2,#8a8a8a)",
}
_LIMIT = "var(--jp-error-color1,#d9534f)"


def draw(figure: Figure) -> str:
    """Return the figure as SVG that inherits its text colour and font."""
    scale = _Scale(figure)
    bottom = _TOP + _LANE * len(figure.rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {bottom + 26}" '
        f'width="100%" style="max-width:{_WIDTH}px;font:12px var(--jp-ui-font-family,sans-serif)" '
        f'role="img" aria-label="{escape(figure.alt)}" fill="currentColor">',
        *_legend(figure),
        *_axis(scale, bottom),
        *_limit(figure, scale, bottom),
        *(part for place, row in enumerate(figure.rows) for part in _lane(row, place, scale)),
        "</svg>",
    ]
    return "".join(parts)


class _Scale:
    """Where a value lies across the figure."""

    def __init__(self, figure: Figure) -> None:
        values = [value for row in figure.rows for point in row.marks for value in _extent(point)]
        values += [figure.limit] if _drawable(figure.limit) else []
        low, high = min(values, default=0.0), max(values, default=1.0)
        spread = max((high - low) or abs(high) or 1.0, _LEAST)
        self.step = _nice(spread / _TICKS)
        self.low = math.floor((low - 0.02 * spread) / self.step) * self.step
        self.high = math.ceil((high + 0.02 * spread) / self.step) * self.step

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)

    @property
    def ticks(self) -> Iterator[float]:
        count = round((self.high - self.low) / self.step)
        return (self.low + place * self.step for place in range(count + 1))


def _nice(step: float) -> float:
    """Return the next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * 0.999)


def _drawable(value: float | None) -> TypeGuard[float]:
    """Return whether a value has a place on an axis: a metric may be infinite, or no number."""
    return value is not None and abs(value) < _GREATEST


def _extent(point: Point) -> list[float]:
    return [value for value in (point.value, point.low, point.high) if _drawable(value)]


def _legend(figure: Figure) -> Iterator[str]:
    yield f'<text x="0" y="14" font-weight="600">{escape(figure.title)}</text>'
    names = dict.fromkeys(point.name for row in figure.rows for point in row.marks)
    x = _WIDTH - _RIGHT
    for name in reversed(names):
        x -= 7 * len(name) + 26
        colour = COLOURS.get(name, "currentColor")
        yield f'<circle cx="{x}" cy="10" r="4" fill="{colour}"/>'
        yield f'<text x="{x + 9}" y="14">{escape(name)}</text>'


def _axis(scale: _Scale, bottom: int) -> Iterator[str]:
    for tick in scale.ticks:
        x = scale(tick)
        yield (
            f'<line x1="{x}" x2="{x}" y1="{_TOP - 8}" y2="{bottom}" stroke="currentColor" '
            f'stroke-opacity=".15"/>'
            f'<text x="{x}" y="{bottom + 16}" text-anchor="middle" opacity=".75">'
            f"{float(f'{tick:.10g}'):g}</text>"
        )


def _limit(figure: Figure, scale: _Scale, bottom: int) -> Iterator[str]:
    if _drawable(figure.limit):
        x = scale(figure.limit)
        yield (
            f'<line x1="{x}" x2="{x}" y1="{_TOP - 8}" y2="{bottom}" stroke="{_LIMIT}" '
            f'stroke-dasharray="4 3"><title>limit {figure.limit:g}</title></line>'
        )


def _lane(row: Lane, place: int, scale: _Scale) -> Iterator[str]:
    middle = _TOP + place * _LANE + _LANE / 2
    label = row.label if len(row.label) <= _LONGEST else f"{row.label[: _LONGEST - 1]}…"
    yield (
        f'<text x="{_LEFT - 12}" y="{middle + 4}" text-anchor="end">{escape(label)}'
        f"<title>{escape(row.label)}</title></text>"
    )
    gap = 10 if len(row.marks) > 1 else 0
    for number, point in enumerate(row.marks):
        yield from _point(point, middle + (number - (len(row.marks) - 1) / 2) * gap, scale)


def _point(point: Point, y: float, scale: _Scale) -> Iterator[str]:
    colour = COLOURS.get(point.name, "currentColor")
    if _drawable(point.low) and _drawable(point.high):
        low, high = scale(point.low), scale(point.high)
        yield (
            f'<path d="M{low} {y - 3}v6M{low} {y}H{high}M{high} {y - 3}v6" stroke="{colour}" '
            f'stroke-width="1.5" fill="none"/>'
        )
    if not _drawable(point.value):
        return
    told = f"{point.name} {point.value:.6g}"
    yield (
        f'<circle cx="{scale(point.value)}" cy="{y}" r="3.5" fill="{colour}">'
        f"<title>{escape(told)}</title></circle>"
    )
