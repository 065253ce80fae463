"""What the gate ``data`` looks at: pure functions of training profile and held-out rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from labline.datasets import digests, profile
from labline.datasets.drift import chance_excess, chance_outside, shift
from labline.datasets.schema import misfits
from labline.promotion.evidence import Evidence
from labline.settings.data import DataSettings

if TYPE_CHECKING:
    import pandas as pd

_FEW = 3


@dataclass(frozen=True)
class Finding:
    """What one check found, of one column or of the whole."""

    check: str
    #: in words
    says: str
    column: str = ""
    #: share, index or count
    value: float = 0.0
    limit: float = 0.0
    #: whether it stands in the way
    bad: bool = True
    #: whether there was enough to judge by
    judged: bool = True


@dataclass(frozen=True)
class Sets:
    """Training set, as its profile tells it, and held-out rows."""

    training: Mapping[str, Any]
    holdout: Mapping[str, Any]
    #: the signature's inputs
    inputs: Sequence[Mapping[str, Any]]
    rule: DataSettings

    @classmethod
    def of(cls, evidence: Evidence, rule: DataSettings) -> Sets:
        """Return what `evidence` has of both; they must be there."""
        assert evidence.training is not None
        assert evidence.holdout is not None
        inputs = (evidence.candidate.signature or {}).get("inputs") or ()
        return cls(evidence.training, evidence.holdout, inputs, rule)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The held-out rows as JSON has them: nulls are None; (rows, columns)."""
        import pandas as pd

        rows = self.holdout["rows"]
        if not isinstance(rows[0], dict):
            listed = [row if isinstance(row, list) else [row] for row in rows]
            rows = [{str(place): value for place, value in enumerate(row)} for row in listed]
        names = list(dict.fromkeys(name for row in rows for name in row))
        return pd.DataFrame(
            {name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names}
        )

    @property
    def count(self) -> int:
        """Held-out rows."""
        return len(self.holdout["rows"])

    @cached_property
    def columns(self) -> Mapping[str, Mapping[str, Any]]:
        """The training set's columns that the held-out rows have too, by name."""
        known = self.training["columns"]
        return {name: known[name] for name in known if name in self.frame.columns}

    @cached_property
    def judged(self) -> Mapping[str, Mapping[str, Any]]:
        """Those whose values are judged."""
        return {name: it for name, it in self.columns.items() if name not in self.rule.ignore}

    @property
    def certainty(self) -> float:
        """The rule's, for one column: chance has a try in each (Bonferroni)."""
        return 1 - (1 - self.rule.certainty) / max(1, len(self.judged))

    def values(self, name: str) -> list[Any]:
        """Return a column's held-out values that are no nulls."""
        return [value for value in self.frame[name] if not profile.absent(value)]


def checks(sets: Sets) -> Iterator[Finding]:
    """Yield what every check finds."""
    for check in (_labels, _leakage, _columns, _types, _signature, _nulls, _misfits, _repeats,
                  _drift):  # fmt: skip
        yield from check(sets)


def percent(share: float) -> str:
    """Return a share in words: 3.5 %."""
    return f"{100 * share:.3g} %"


# -- the sets as a whole -------------------------------------------------------------------------


def _columns(sets: Sets) -> Iterator[Finding]:
    trained, held = list(sets.training["columns"]), list(sets.frame.columns)
    training = sets.training["name"]
    if lacking := [name for name in trained if name not in held]:
        yield Finding("columns", f"The held-out rows lack {_listed(lacking)} of {training}")
    if added := [name for name in held if name not in trained]:
        yield Finding("columns", f"The held-out rows have {_listed(added)}, {training} has not")
    both = [name for name in held if name in trained]
    order = [name for name in trained if name in held]
    if both != order:
        yield Finding(
            "columns",
            f"The held-out columns stand in another order than those of {training}: "
            f"{_listed(both)}, not {_listed(order)}",
        )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(names[:_FEW]) + more


def _repeats(sets: Sets) -> Iterator[Finding]:
    limit = sets.rule.duplicates
    held = digests.repeats(digests.of_rows(sets.frame))
    parts = (
        (f"rows of {sets.training['name']}", sets.training["repeats"], sets.training["seen"]),
        ("held-out rows", held, sets.count),
    )
    for name, count, of in parts:
        share = count / of
        said = f"{count} of {of} {name} repeat another ({percent(share)})"
        if share > limit:
            said += f", the limit is {percent(limit)}"
        yield Finding("duplicates", said, "", share, limit, bad=share > limit)


def _leakage(sets: Sets) -> Iterator[Finding]:
    import numpy as np

    known, held = digests.unpacked(sets.training["digests"]), set(sets.frame.columns)
    if held != set(sets.training["columns"]):
        yield Finding("leakage", "leakage not judged, as the columns differ", bad=False,
                      judged=False)  # fmt: skip
        return
    rows = digests.of_rows(sets.frame[list(sets.training["columns"])])
    hits = np.flatnonzero(np.isin(rows, known))
    yield _leaked(sets, [int(row) for row in hits[:_FEW]], len(hits) / sets.count)


def _leaked(sets: Sets, first: list[int], share: float) -> Finding:
    """Judge the share of held-out rows whose equal was seen in training.

    As many training rows have an equal in training (``twins``) as held-out ones would have by a
    split at random of what repeats by nature. Only what is above is a leak; of a training set that
    was looked at in part, it is scaled up to the whole.
    """
    seen, of = sets.training["seen"], sets.training["rows"]
    nature = sets.training["twins"] / seen
    chance = chance_excess(nature, nature, (seen, sets.count), sets.rule.certainty)
    leak = min(1.0, max(0.0, share - nature) * of / seen)
    bad = leak > sets.rule.leakage and share - nature > chance
    count = round(share * sets.count)
    said = f"{count} of {sets.count} held-out rows are in {sets.training['name']} too"
    if seen < of:
        said += f", of which {seen} of {of} rows were looked at"
    if nature and count:
        said += f"; {percent(nature)} of its own rows have an equal"
    if bad:
        said = f"{said} ({percent(leak)} leaked, the limit is {percent(sets.rule.leakage)}; "
        said += f"the first is row {first[0]})"
    return Finding("leakage", said, "", leak, sets.rule.leakage, bad=bad)


# -- labels --------------------------------------------------------------------------------------


def _labels(sets: Sets) -> Iterator[Finding]:
    labels, known = sets.holdout.get("labels"), sets.training.get("labels")
    if labels is None:
        yield Finding("classes", "labels not judged, none were logged", bad=False, judged=False)
        return
    there = [_label(value) for value in labels]
    there = [value for value in there if not profile.absent(value)]
    kinds = {profile.word(value) for value in there}
    if len(kinds) < 2:
        only = f"are {next(iter(kinds))!r}" if kinds else "are null"
        yield Finding("classes", f"All {sets.count} held-out labels {only}: no metric can tell a "
                      "good model from a bad one by them", "", len(kinds), 2)  # fmt: skip
    elif not known:
        yield Finding("classes", "labels not held against training, whose labels were not logged",
                      bad=False, judged=False)  # fmt: skip
    else:
        yield from _against(there, known, sets)


def _label(value: Any) -> Any:
    """Return a label; a table of one column gives it in an object."""
    return next(iter(value.values()), None) if isinstance(value, dict) else value


def _against(labels: list[Any], known: Mapping[str, Any], sets: Sets) -> Iterator[Finding]:
    classes = known.get("values")
    if classes and (new := sorted({*map(profile.word, labels)} - set(classes))):
        yield Finding("classes", f"Training has no label {_listed(new)}", "", len(new))
    yield from _moved("the labels", known, labels, sets)


# -- column by column ----------------------------------------------------------------------------


def _types(sets: Sets) -> Iterator[Finding]:
    for name, known in sets.judged.items():
        found, wanted = profile.kind(sets.values(name)), known["type"]
        if "empty" in (found, wanted) or found == wanted or (found, wanted) == ("text", "time"):
            continue
        yield Finding("type", f"{name} holds {_KINDS[found]}, in training {_KINDS[wanted]}", name)


_KINDS = {"number": "numbers", "boolean": "booleans", "text": "text", "time": "times"}


def _signature(sets: Sets) -> Iterator[Finding]:
    """Yield the columns whose nulls the model was fitted on and the service would refuse."""
    for column in sets.inputs:
        name = column.get("name", "")
        nulls = sets.columns.get(name, {}).get("nulls", 0)
        if nulls and column.get("required", True):
            share = nulls / sets.training["seen"]
            yield Finding(
                "signature",
                f"{name} has nulls in training ({percent(share)}), yet the signature requires a "
                f"{column.get('type')}: the service would refuse such a row",
                name,
                share,
            )


def _nulls(sets: Sets) -> Iterator[Finding]:
    for name, known in sets.judged.items():
        before = known["nulls"] / sets.training["seen"]
        now = 1 - len(sets.values(name)) / sets.count
        rows = (sets.training["seen"], sets.count)
        chance = chance_excess(before, now, rows, sets.certainty)
        limit = before + max(sets.rule.nulls, chance) if known["nulls"] else 0.0
        if now > limit:
            was = f"{percent(before)} in training" if known["nulls"] else "none in training"
            yield Finding("null", f"{name} is null in {percent(now)} of the held-out rows, {was}",
                          name, now, limit)  # fmt: skip


def _misfits(sets: Sets) -> Iterator[Finding]:
    """Yield the columns with too many values that the learned schema does not let through."""
    frame = sets.frame[list(sets.judged)].copy()
    for name, known in sets.judged.items():
        if known["type"] == "number":
            frame[name] = [float(v) if profile.number(v) else None for v in frame[name]]
            frame[name] = frame[name].astype("float64")
        else:
            frame[name] = [None if v is None else profile.word(v) for v in frame[name]]
    for found in misfits(sets.training["schema"], frame):
        # Nulls are judged by their share.
        if found.check != "null":
            yield _outside(sets, found.column, found.check, found.rows, found.example)


def _outside(sets: Sets, name: str, check: str, count: int, example: Any) -> Finding:
    known, limit = sets.columns[name], sets.rule.outside
    share = count / sets.count
    if check == "range":
        values = sum(known["counts"])
        limit = max(limit, chance_outside(values, sets.count, sets.certainty))
        said = f"outside {known['min']:.6g} to {known['max']:.6g}, as {example:.6g}"
    else:
        said = f"of none of the {len(known['values'])} categories of training, as {example!r}"
    words = f"{name} is in {percent(share)} of the held-out rows {said}"
    return Finding(check, words, name, share, limit, bad=share > limit)


def _drift(sets: Sets) -> Iterator[Finding]:
    untold = []
    for name, known in sets.judged.items():
        found = list(_moved(name, known, sets.values(name), sets))
        if not found and known["type"] != "time":
            untold.append(name)
        yield from found
    if untold:
        yield Finding("drift", f"drift not judged of {_listed(untold)}: too many different words, "
                      "or no values", bad=False, judged=False)  # fmt: skip


def _moved(name: str, known: Mapping[str, Any], values: list[Any], sets: Sets) -> Iterator[Finding]:
    """Yield the population stability index, where training has bins or categories for it."""
    bins = _bins(known, values)
    if bins is None:
        return
    rule = sets.rule
    found = shift(*bins, certainty=sets.certainty)
    limit = max(rule.drift, found.chance)
    bad = found.psi > limit
    said = f"{name} drifted from training: " if bad else f"{name}: "
    said += f"population stability index {found.psi:.3f}, the limit is {limit:.3g}"
    if limit > rule.drift:
        said += f" (data.drift is {rule.drift:g}, so few rows reach more by chance)"
    yield Finding("drift", said, name, found.psi, limit, bad=bad)


def _bins(known: Mapping[str, Any], values: list[Any]) -> tuple[list[int], list[int]] | None:
    """Return the counts of training and of held-out values in the same bins."""
    if not values:
        return None
    if known.get("counts"):
        numbers = [value for value in values if profile.number(value)]
        return list(known["counts"]), profile.binned(numbers, known["cuts"])
    if known.get("values"):
        found = Counter(map(profile.word, values))
        names = [*known["values"], *(set(found) - set(known["values"]))]
        return [known["values"].get(n, 0) for n in names], [found.get(n, 0) for n in names]
    return None
