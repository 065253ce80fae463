"""The metrics section of a diff: values, intervals, slices, and the figure of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from labline.promotion.comparison import Comparison, Estimate, Measured
from labline.promotion.diff.document import Block, Cell, Figure, Lane, Mark, Point, Section, Table
from labline.promotion.diff.document import Text as Sentence

if TYPE_CHECKING:
    from labline.promotion.diff.content import Side
    from labline.promotion.evidence import Promotion


def metrics(
    candidate: Side,
    champion: Side | None,
    compared: Comparison | None,
    promotion: Promotion | None,
) -> Section:
    """Return metrics as logged, then as the held-out rows tell them, by slice, with a figure."""
    blocks: list[Block] = [_logged(candidate, champion)]
    if compared is not None:
        blocks += _held_out(compared, _limits(promotion))
        blocks += [Sentence(remark, "open") for remark in compared.remarks]
    return Section("metrics", "Metrics", tuple(blocks), summary=_summary(compared))


def _logged(candidate: Side, champion: Side | None) -> Table:
    mine, others = candidate.run.metrics, champion.run.metrics if champion else {}
    rows = tuple(
        (Cell(name), Cell(_number(others.get(name))), Cell(_number(mine.get(name))),
         Cell(_change(others.get(name), mine.get(name))))
        for name in sorted({*mine, *others})
    )  # fmt: skip
    return Table(("metric", "champion", "candidate", "change"), rows, "As logged", (1, 2, 3))


def _held_out(compared: Comparison, limits: dict[str, float]) -> Iterator[Block]:
    if not compared.measured:
        return
    share = f"{compared.confidence:.0%}"
    of = f" of {compared.of}" if compared.of > compared.rows else ""
    caption = (
        f"On the same {compared.rows} held-out rows{of}, with {share} bootstrap intervals"
        if any(item.champion for item in compared.measured)
        else f"On {compared.rows} held-out rows{of}, with {share} bootstrap intervals"
    )
    columns = ("metric", "rows", "champion", "candidate", "change", "which means")
    rows = tuple(_row(item) for item in compared.measured)
    yield Table(columns, rows, caption, (1, 2, 3, 4))
    for name in dict.fromkeys(item.metric for item in compared.measured):
        yield from _figure(compared, name, limits.get(name))


def _row(item: Measured) -> tuple[Cell, ...]:
    words, mark = means(item)
    called = f"{item.metric}: {item.slice}" if item.slice else item.metric
    return (
        Cell(called),
        Cell(str(item.rows)),
        Cell(_interval(item.champion)),
        Cell(_interval(item.candidate)),
        Cell(_interval(item.change, sign="+")),
        Cell(words, mark),
    )


def means(item: Measured) -> tuple[str, Mark]:
    """Say what a change means: only an interval clear of zero tells the two apart."""
    change = item.change
    if change is None or change.value is None:
        return "", ""
    if change.low is None or change.high is None:
        return "too few rows to tell", "open"
    if change.low == change.high == 0:
        return "the same answers", ""
    if change.low <= 0 <= change.high:
        return "no difference shown", ""
    better = (change.low > 0) == item.greater_is_better
    return ("better", "good") if better else ("worse", "bad")


def _figure(compared: Comparison, name: str, limit: float | None) -> Iterator[Figure]:
    lanes = tuple(
        Lane(item.slice or "all rows", marks)
        for item in compared.measured
        if item.metric == name and (marks := tuple(_points(item)))
    )
    if lanes:
        yield Figure(f"{name} on held-out rows", name, lanes, limit)


def _points(item: Measured) -> Iterator[Point]:
    for name, found in (("champion", item.champion), ("candidate", item.candidate)):
        if found is not None and found.value is not None:
            yield Point(name, found.value, found.low, found.high)


def _limits(promotion: Promotion | None) -> dict[str, float]:
    """Return the policy's limit by metric, as the gate's verdict states it."""
    found = [item.evidence for item in promotion.verdicts] if promotion else []
    return {
        item["metric"]: float(item["bound"])
        for item in found
        if isinstance(item.get("bound"), int | float) and "metric" in item
    }


def _summary(compared: Comparison | None) -> str:
    whole = [item for item in compared.measured if not item.slice] if compared else []
    told = [f"{item.metric} {words}" for item in whole if (words := means(item)[0])]
    return ", ".join(told)


def _interval(estimate: Estimate | None, sign: str = "") -> str:
    if estimate is None or estimate.value is None:
        return ""
    value = f"{estimate.value:{sign}.4g}"
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} [{estimate.low:{sign}.4g}, {estimate.high:{sign}.4g}]"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _change(before: float | None, after: float | None) -> str:
    return "" if before is None or after is None else f"{after - before:+.4g}"
