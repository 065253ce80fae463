"""The sections of a diff, one function each: facts in, blocks out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from labline.notebooks.difference import cell_changes
from labline.promotion.diff.document import Block, Cell, Code, Mark, Section, Table, Text
from labline.promotion.diff.document import Outcome as Shown
from labline.promotion.diff.measured import metrics
from labline.promotion.evidence import Outcome, Promotion, Verdict

if TYPE_CHECKING:
    from labline.promotion.diff.content import Side

__all__ = [
    "SAME", "cells", "data", "dependencies", "metrics", "params", "service", "signature",
    "verdicts",
]  # fmt: skip
#: the summary of a section in which nothing differs
SAME = "the same"
_OUTCOMES: dict[Outcome, tuple[Mark, Shown]] = {
    Outcome.FAILED: ("bad", "failed"),
    Outcome.NEEDS_APPROVAL: ("open", "needs approval"),
    Outcome.PASSED: ("good", "passed"),
}


# -- what the gates say --------------------------------------------------------------------------


def verdicts(promotion: Promotion) -> Section:
    """Return every gate's verdict with reason and fix; what refuses comes first."""
    order = list(_OUTCOMES)
    ranked = sorted(promotion.verdicts, key=lambda item: order.index(item.outcome))
    rows = tuple(_verdict(item) for item in ranked)
    table = Table(("gate", "verdict", "reason", "what would change it"), rows)
    counts = [
        f"{len(found)} {outcome}"
        for outcome in order
        if (found := [item for item in ranked if item.outcome is outcome])
    ]
    shown = _OUTCOMES[ranked[0].outcome][1] if ranked else ""
    return Section("gates", "Gates", (table,), shown, ", ".join(counts))


def _verdict(verdict: Verdict) -> tuple[Cell, ...]:
    mark = _OUTCOMES[verdict.outcome][0]
    fix = "" if verdict.passed else verdict.fix
    return (Cell(verdict.gate), Cell(str(verdict.outcome), mark), Cell(verdict.reason), Cell(fix))


# -- signature -----------------------------------------------------------------------------------


def signature(candidate: Side, champion: Side | None) -> Section:
    """Return the columns that the two take or return otherwise; all of them without a champion."""
    if candidate.signature is None:
        text = Text("The candidate was logged without a signature.", "bad")
        return Section("signature", "Signature", (text,), summary="none")
    mine = _columns(candidate.signature)
    if champion is None:
        rows = tuple((Cell(part), Cell(name), Cell(kind)) for (part, name), kind in mine.items())
        table = Table(("", "column", "type"), rows)
        return Section("signature", "Signature", (table,), summary=_counted(len(rows), "column"))
    changes = list(_changes(_columns(champion.signature or {}), mine))
    if not changes:
        return _same("signature", "Signature")
    found = tuple(
        (Cell(key[0]), Cell(key[1], mark), Cell(before), Cell(after))
        for key, before, after, mark in changes
    )
    block = Table(("", "column", "champion", "candidate"), found)
    return Section("signature", "Signature", (block,), summary=_told(changes))


def _columns(signature: Mapping[str, Any]) -> dict[Any, str]:
    return {
        (part[:-1], item.get("name") or f"({place})"): _kind(item)
        for part in ("inputs", "outputs")
        for place, item in enumerate(signature.get(part) or ())
    }


def _kind(item: Mapping[str, Any]) -> str:
    spec = item.get("tensor-spec")
    kind = f"{spec['dtype']}{spec['shape']}" if spec else str(item.get("type", "?"))
    return kind if item.get("required", True) else f"{kind}, optional"


# -- dependencies --------------------------------------------------------------------------------


def dependencies(candidate: Side, champion: Side | None) -> Section:
    """Return the packages that were added, removed, or are of another version."""
    mine = _packages(candidate.requirements)
    if champion is None:
        rows = tuple((Cell(name), Cell(version)) for name, version in mine.items())
        return Section("dependencies", "Dependencies", (Table(("package", "version"), rows),),
                       summary=_counted(len(rows), "package"))  # fmt: skip
    changes = list(_changes(_packages(champion.requirements), mine))
    if not changes:
        return _same("dependencies", "Dependencies")
    found = tuple(
        (Cell(name, mark), Cell(before), Cell(after)) for name, before, after, mark in changes
    )
    table = Table(("package", "champion", "candidate"), found)
    return Section("dependencies", "Dependencies", (table,), summary=_told(changes))


def _packages(lines: Sequence[str]) -> dict[Any, str]:
    return dict(sorted(map(_package, lines)))


def _package(line: str) -> tuple[str, str]:
    try:
        wanted = Requirement(line)
    except InvalidRequirement:
        return line, ""
    return canonicalize_name(wanted.name), re.sub("^==", "", str(wanted.specifier)) or "any"


# -- data ----------------------------------------------------------------------------------------


def data(candidate: Side, champion: Side | None) -> Section | None:
    """Return how the data sets differ: rows, columns, statistics of the training set."""
    mine = {item["name"]: item for item in candidate.datasets}
    others = {item["name"]: item for item in champion.datasets} if champion else {}
    if not mine and not others:
        return None
    rows = tuple(_dataset(name, others.get(name), mine.get(name), champion is not None)
                 for name in sorted({*mine, *others}))  # fmt: skip
    changed = [row for row in rows if champion and any(cell.mark for cell in row)]
    blocks: list[Block] = [Table(("data set", "champion", "candidate"), rows)]
    blocks += _schemas(others, mine) if champion else []
    blocks += _statistics(candidate, champion)
    if champion and not changed and len(blocks) == 1:
        return _same("data", "Data")
    told = _differing(len(changed), "data set") if champion else ""
    return Section("data", "Data", tuple(blocks), summary=told or _counted(len(rows), "data set"))


def _dataset(
    name: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    compared: bool,
) -> tuple[Cell, ...]:
    mark: Mark = ""
    if compared and (before or {}).get("digest") != (after or {}).get("digest"):
        mark = "added" if before is None else "removed" if after is None else "changed"
    return (Cell(name, mark), Cell(_size(before)), Cell(_size(after)))


def _size(item: Mapping[str, Any] | None) -> str:
    if item is None:
        return ""
    columns = "1 column" if len(item["columns"]) == 1 else f"{len(item['columns'])} columns"
    return f"{item['rows']} rows, {columns}, {item['digest'][:10]}"


def _schemas(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Table]:
    for name in sorted(before.keys() & after.keys()):
        old, new = ({c["name"]: c["dtype"] for c in side[name]["columns"]}
                    for side in (before, after))  # fmt: skip
        if changes := list(_changes(old, new)):
            rows = tuple((Cell(column, mark), Cell(was), Cell(now))
                         for column, was, now, mark in changes)  # fmt: skip
            yield Table(("column", "champion", "candidate"), rows, f"Schema of {name}")


def _statistics(candidate: Side, champion: Side | None) -> Iterator[Table]:
    """Yield the statistics of the training sets, where they are kept and differ."""
    mine = candidate.training.get("columns") or {}
    others = (champion.training.get("columns") or {}) if champion else {}
    rows = tuple(
        (Cell(name, "changed" if champion else ""), Cell(was), Cell(now))
        for name in sorted({*mine, *others})
        if (was := _spread(others.get(name))) != (now := _spread(mine.get(name)))
    )
    if rows:
        yield Table(("column", "champion", "candidate"), rows, "Training set")


def _spread(column: Mapping[str, Any] | None) -> str:
    if column is None:
        return ""
    nulls = f", {column['nulls']} null" if column.get("nulls") else ""
    if column.get("mean") is not None:
        return f"mean {column['mean']:.4g}, {column['min']:.4g} to {column['max']:.4g}{nulls}"
    values = column.get("values") or {}
    return f"{_counted(len(values), 'value')}{nulls}" if values else nulls.removeprefix(", ")


# -- parameters, cells ---------------------------------------------------------------------------


def params(candidate: Side, champion: Side | None) -> Section | None:
    """Return the parameters that the two runs were given otherwise."""
    if champion is None:
        return None
    changes = list(_changes(dict(champion.run.params), dict(candidate.run.params)))
    if not changes:
        return _same("params", "Parameters") if candidate.run.params else None
    rows = tuple(
        (Cell(name, mark), Cell(before), Cell(after)) for name, before, after, mark in changes
    )
    table = Table(("parameter", "champion", "candidate"), rows)
    return Section("params", "Parameters", (table,), summary=_told(changes))


def cells(candidate: Side, champion: Side | None) -> Section | None:
    """Return the cells of the notebooks that differ, aligned by nbdime."""
    if champion is None or candidate.notebook is None or champion.notebook is None:
        return None
    found = cell_changes(champion.notebook, candidate.notebook)
    if not found:
        return _same("cells", "Notebook")
    blocks = tuple(Code(change.title, change.lines) for change in found)
    return Section("cells", "Notebook", blocks, summary=_differing(len(found), "cell"))


# -- the service ---------------------------------------------------------------------------------

_NUMBERS = {
    "size": ("size of the model", "MB", 1e-6),
    "boot_seconds": ("cold start", "s", 1.0),
    "memory_mb": ("memory", "MB", 1.0),
    "p50_ms": ("p50", "ms", 1.0),
    "p95_ms": ("p95", "ms", 1.0),
    "p99_ms": ("p99", "ms", 1.0),
}
#: a difference of less is chance, as timings go
_NOTABLE = 0.25


def service(candidate: Side, champion: Side | None) -> Section | None:
    """Return size and latency, as measured on the built services."""
    mine = {"size": candidate.size or None, **candidate.service}
    others = {"size": champion.size or None, **champion.service} if champion else {}
    rows = tuple(
        _measure(name, others.get(name), mine.get(name))
        for name in _NUMBERS
        if mine.get(name) is not None or others.get(name) is not None
    )
    if not rows:
        return None
    columns = ("", "champion", "candidate", "change")
    block = Table(columns, rows, numeric=(1, 2, 3))
    told = [f"{row[0].text} {row[3].text}" for row in rows if row[3].mark]
    same = SAME if champion and not told else ""
    return Section("service", "Size and latency", (block,), summary=", ".join(told) or same)


def _measure(name: str, before: float | None, after: float | None) -> tuple[Cell, ...]:
    title, unit, factor = _NUMBERS[name]

    def shown(value: float | None) -> str:
        if value is None:
            return ""
        if name == "size" and value < 1e6:
            return f"{value / 1e3:.3g} kB"
        return f"{value * factor:.3g} {unit}"

    change, mark = "", ""
    if before and after is not None:
        share = after / before - 1
        change = f"{share:+.0%}"
        mark = "" if abs(share) < _NOTABLE else "bad" if share > 0 else "good"
    marked: Mark = mark  # type: ignore[assignment]
    return (Cell(title), Cell(shown(before)), Cell(shown(after)), Cell(change, marked))


# -- what differs --------------------------------------------------------------------------------


def _changes(
    before: Mapping[Any, str], after: Mapping[Any, str]
) -> Iterator[tuple[Any, str, str, Mark]]:
    for key in sorted({*before, *after}):
        was, now = before.get(key), after.get(key)
        if was != now:
            mark: Mark = "added" if was is None else "removed" if now is None else "changed"
            yield key, was or "", now or "", mark


def _told(changes: Sequence[tuple[Any, str, str, Mark]]) -> str:
    marks = [mark for *_, mark in changes]
    counts = [(marks.count(mark), mark) for mark in ("added", "removed", "changed")]
    return ", ".join(f"{count} {mark}" for count, mark in counts if count)


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _differing(count: int, word: str) -> str:
    return f"{_counted(count, word)} {'differs' if count == 1 else 'differ'}"


def _same(id: str, title: str) -> Section:
    return Section(id, title, (Text("The same in both."),), summary=SAME)
