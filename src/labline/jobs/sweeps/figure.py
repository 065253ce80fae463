"""Draw a sweep: a metric by trial, and by each parameter; small panels side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from labline.cards import escape
from labline.jobs.sweeps.search import Kind
from labline.jobs.sweeps.sweep import Sweep, Trial, words
from labline.records import JobStatus

_WIDTH, _HEIGHT, _ACROSS = 250, 190, 3
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 26, 34
_MOST = 12
_LONGEST = 14
_POINT = "var(--jp-brand-color1,#2f7fd6)"
_BEST = "var(--jp-success-color1,#388e3c)"
_OTHER = "var(--jp-ui-font-color2,#8a8a8a)"


@dataclass(frozen=True)
class Panel:
    """One metric over one thing."""

    #: what goes across, and what goes up
    across: str
    up: str
    points: tuple[tuple[Any, float, Trial], ...]
    log: bool = False
    #: values in order, where those across are no numbers
    names: tuple[str, ...] = ()
    #: a line through the points
    line: tuple[tuple[Any, float], ...] = field(default=())


def panels(sweep: Sweep) -> list[Panel]:
    """Return what is worth drawing: of the metric that decides, or of all if none does."""
    metrics = [sweep.search.metric] if sweep.search.metric else list(sweep.metrics)
    return [
        panel for metric in metrics for panel in _of_metric(sweep, metric) if len(panel.points) > 1
    ][:_MOST]


def _of_metric(sweep: Sweep, metric: str) -> Iterator[Panel]:
    known = [
        (trial, trial.metrics[metric])
        for trial in sweep.trials
        if math.isfinite(trial.metrics.get(metric, math.nan))
    ]
    if sweep.search.kind is not Kind.GRID:
        course = tuple((trial.number, value, trial) for trial, value in known)
        yield Panel("trial", metric, course, line=_best_so_far(sweep, known))
    for name, axis in sweep.space.items():
        points = tuple((trial.values.get(name), value, trial) for trial, value in known)
        yield _over(name, metric, points, axis, alone=len(sweep.space) == 1)


def _over(
    name: str, metric: str, points: tuple[tuple[Any, float, Trial], ...], axis: str, *, alone: bool
) -> Panel:
    given = [x for x, _, _ in points]
    if not all(isinstance(x, int | float) and not isinstance(x, bool) for x in given):
        names = tuple(dict.fromkeys(map(str, given)))
        return Panel(name, metric, tuple((str(x), y, t) for x, y, t in points), names=names)
    line = tuple(sorted((x, y) for x, y, _ in points)) if alone else ()
    return Panel(name, metric, points, log=_is_log(given, axis), line=line)


def _is_log(given: Sequence[float], axis: str) -> bool:
    if not given or min(given) <= 0:
        return False
    return axis.startswith("loguniform") or max(given) >= 100 * min(given)


def _best_so_far(
    sweep: Sweep, known: Sequence[tuple[Trial, float]]
) -> tuple[tuple[int, float], ...]:
    line: list[tuple[int, float]] = []
    for trial, value in known:
        if trial.status is JobStatus.SUCCEEDED:
            last = line[-1][1] if line else value
            better = value if sweep.search.better(value, last) else last
            # A step: what was best stays so until another is.
            line += [(trial.number, last), (trial.number, better)]
    return tuple(line)


def draw(sweep: Sweep) -> str:
    """Return the figure as SVG that inherits its text colour and font; empty without points."""
    shown = panels(sweep)
    if not shown:
        return ""
    across = min(_ACROSS, len(shown))
    width, height = _WIDTH * across, _HEIGHT * math.ceil(len(shown) / across)
    best = sweep.best.number if sweep.best else None
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="100%" '
        f'style="max-width:{width}px;font:11px var(--jp-ui-font-family,sans-serif)" role="img" '
        f'aria-label="{escape(sweep.headline)}" fill="currentColor">'
    ]
    for place, panel in enumerate(shown):
        x, y = _WIDTH * (place % across), _HEIGHT * (place // across)
        parts += [f'<g transform="translate({x},{y})">', *_panel(panel, best), "</g>"]
    return "".join([*parts, "</svg>"])


def _panel(panel: Panel, best: int | None) -> Iterator[str]:
    x = _across(panel)
    heights = [y for _, y, _ in panel.points]
    y = _scale(heights, _HEIGHT - _BOTTOM, _TOP)
    title = f"{panel.up} by {panel.across}{' (log)' if panel.log else ''}"
    yield f'<text x="{_LEFT}" y="14" font-weight="600">{escape(title)}</text>'
    yield (
        f'<path d="M{_LEFT} {_TOP - 4}V{_HEIGHT - _BOTTOM}H{_WIDTH - _RIGHT}" fill="none" '
        'stroke="currentColor" stroke-opacity=".35"/>'
    )
    for value in (min(heights), max(heights)):
        yield f'<text x="{_LEFT - 6}" y="{y(value) + 4}" text-anchor="end">{value:.4g}</text>'
    yield from _below(panel, x)
    if panel.line:
        path = "L".join(f"{x(at)} {y(value)}" for at, value in panel.line)
        yield f'<path d="M{path}" fill="none" stroke="{_OTHER}" stroke-opacity=".6"/>'
    for at, value, trial in panel.points:
        yield _point(x(at), y(value), trial, best)


def _below(panel: Panel, x: Callable[[Any], float]) -> Iterator[str]:
    numbers = [at for at, _, _ in panel.points]
    ticks = panel.names or tuple(dict.fromkeys((min(numbers), max(numbers))))
    for at in ticks:
        text = at if panel.names else f"{at:.4g}"
        text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
        yield (
            f'<text x="{x(at)}" y="{_HEIGHT - _BOTTOM + 15}" text-anchor="middle">'
            f"{escape(text)}</text>"
        )


def _point(x: float, y: float, trial: Trial, best: int | None) -> str:
    colour = _BEST if trial.number == best else _OTHER if trial.pruned else _POINT
    hollow = f'fill="none" stroke="{colour}"' if trial.pruned else f'fill="{colour}"'
    told = f"trial {trial.number} ({trial.state}): {words(trial.values)}; {words(trial.metrics)}"
    radius = 5 if trial.number == best else 3.5
    return f'<circle cx="{x}" cy="{y}" r="{radius}" {hollow}><title>{escape(told)}</title></circle>'


def _across(panel: Panel) -> Callable[[Any], float]:
    if panel.names:
        step = (_WIDTH - _RIGHT - _LEFT) / len(panel.names)
        places = {name: round(_LEFT + step * (n + 0.5), 1) for n, name in enumerate(panel.names)}
        return places.__getitem__
    numbers = [at for at, _, _ in panel.points]
    inside = (_LEFT + 8, _WIDTH - _RIGHT - 8)
    if not panel.log:
        return _scale(numbers, *inside)
    scale = _scale([math.log(at) for at in numbers], *inside)
    return lambda at: scale(math.log(at))


def _scale(values: Sequence[float], start: float, end: float) -> Callable[[float], float]:
    low, high = min(values), max(values)
    spread = (high - low) or 1.0
    middle = 0.0 if high > low else 0.5
    return lambda value: round(start + (end - start) * ((value - low) / spread + middle), 1)
