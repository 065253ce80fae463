"""Late labels: what turned out to be true, told after the prediction and joined by request id."""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from labline.datasets import profile
from labline.errors import BadInput, nearest

if TYPE_CHECKING:
    import pandas as pd

    from labline.monitoring.decoding import Row

#: which column of a request's rows a label is of, unless a column says it
ROW = "row"
_READERS = {".csv": "read_csv", ".parquet": "read_parquet", ".json": "read_json"}
_LINES = (".ndjson", ".jsonl")


class Place(NamedTuple):
    """A row of a request."""

    request_id: str
    row: int


@dataclass(frozen=True)
class Label:
    """What is true of one row that was predicted."""

    place: Place
    #: a number, a class, or a boolean
    value: Any


def read_file(path: Path) -> pd.DataFrame:
    """Return the table in a file.

    Raises
    ------
    BadInput
        There is none, or it is in no form that is read here.
    """
    import pandas as pd

    if not path.is_file():
        raise BadInput(f"There is no file {path}.", fix="Give a file of request ids and labels.")
    try:
        if path.suffix in _LINES:
            return pd.read_json(path, lines=True, dtype={"request_id": str})
        if path.suffix in _READERS:
            found: pd.DataFrame = getattr(pd, _READERS[path.suffix])(path)
            return found
    except (ValueError, OSError) as error:
        raise BadInput(f"{path} cannot be read: {error}.") from error
    raise BadInput(
        f"{path.name} is in no form that labels are read from.",
        fix="End it with .csv, .parquet, .json or .ndjson.",
    )


def from_table(
    table: pd.DataFrame, on: str, *, label: str | None = None, row: str | None = None
) -> list[Label]:
    """Return the labels in a table.

    Parameters
    ----------
    on
        The column with the request ids.
    label
        The column with what is true; the only other one unless given.
    row
        The column with the row's place in its request, from 0. Unless given, the column ``row`` if
        there is one; else the lines of one request id are its rows in order.

    Raises
    ------
    BadInput
        A column is not there, or it is not clear which one is meant.
    """
    _require(table, on)
    places = row or (ROW if ROW in table.columns and label != ROW else None)
    if places:
        _require(table, places)
    chosen = label or _only(table, {on, places})
    _require(table, chosen)
    rows = _whole(table[places].tolist(), places) if places else _counted(table[on].tolist())
    found = zip(table[on].tolist(), rows, table[chosen].tolist(), strict=True)
    return [
        Label(Place(str(id), place), value)
        for id, place, value in found
        if not (profile.absent(value) or profile.absent(id))
    ]


def _require(table: pd.DataFrame, name: str) -> None:
    if name not in table.columns:
        raise BadInput(
            f"The labels have no column {name!r}.", fix=nearest(name, map(str, table.columns))
        )


def _only(table: pd.DataFrame, known: set[str | None]) -> str:
    others = [str(name) for name in table.columns if name not in known]
    if len(others) == 1:
        return others[0]
    which = ", ".join(others) or "no other"
    raise BadInput(
        f"It is not clear which column has the labels: there is {which}.",
        fix=f"Name it: --label {others[0] if others else 'COLUMN'}",
    )


def _whole(values: Sequence[Any], column: str) -> list[int]:
    for value in values:
        if not (profile.number(value) and value >= 0 and float(value).is_integer()):
            raise BadInput(f"{column} has {value!r}, which is no row of a request: 0, 1, 2 ...")
    return [int(value) for value in values]


def _counted(ids: Sequence[Any]) -> list[int]:
    """Return for each id how often it came before."""
    seen: Counter[Any] = Counter()
    places = []
    for id in ids:
        places.append(seen[id])
        seen[id] += 1
    return places


@dataclass(frozen=True)
class Labels:
    """The labels of one endpoint, in files of their own; a later one of the same row wins.

    Parameters
    ----------
    folder
        Where they lie.
    """

    folder: Path

    def add(self, found: Sequence[Label]) -> None:
        """Keep labels; the same ones once more change nothing."""
        import pyarrow as pa
        from pyarrow import parquet

        if not found:
            return
        content = repr([(each.place, each.value) for each in found]).encode()
        digest = hashlib.sha256(content).hexdigest()[:16]
        files = self._files()
        if files and files[-1].stem.endswith(digest):
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{time.time_ns():020}-{digest}.parquet"
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        table = pa.table(
            {
                "request_id": [each.place.request_id for each in found],
                "row": pa.array([each.place.row for each in found], pa.int32()),
                "label": _column([each.value for each in found]),
            }
        )
        parquet.write_table(table, partial)
        partial.rename(path)

    def all(self) -> dict[Place, Any]:
        """Return every label by its row."""
        from pyarrow import parquet

        found: dict[Place, Any] = {}
        for path in self._files():
            table = parquet.read_table(path).to_pydict()
            places = map(Place, table["request_id"], table["row"])
            found |= dict(zip(places, table["label"], strict=True))
        return found

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*.parquet"))


def _column(values: Sequence[Any]) -> Any:
    """Return labels as Arrow has them; of several kinds, as text."""
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowException, TypeError, ValueError):
        return pa.array([profile.word(value) for value in values])


def join(rows: Sequence[Row], known: Mapping[Place, Any]) -> Mapping[str, Any]:
    """Return rows that have a label, with what was predicted, as a hold-out has them.

    Where only ``/predict_proba`` was asked, the likeliest class is the prediction.
    """
    plain = [row for row in rows if row.prediction is not None]
    scored = [row for row in rows if row.probabilities]
    kept = plain or scored
    found: dict[str, Any] = {
        "rows": [dict(row.inputs) for row in kept],
        "labels": [_alike(known[Place(row.request_id, row.row)], row) for row in kept],
    }
    if plain:
        found["predictions"] = [row.prediction for row in plain]
    else:
        found |= _scores(scored)
    return found


def _scores(rows: Sequence[Row]) -> dict[str, Any]:
    classes = list(rows[0].probabilities or {}) if rows else []
    table = [[(row.probabilities or {}).get(name, 0.0) for name in classes] for row in rows]
    best = [classes[max(range(len(classes)), key=line.__getitem__)] for line in table]
    return {"scores": table, "classes": classes, "predictions": best}


def _alike(label: Any, row: Row) -> Any:
    """Return a label as predictions name it: files know ``1``, ``1.0`` and ``true`` apart."""
    said = row.prediction
    if isinstance(said, bool):
        return profile.word(label).lower() in ("true", "1")
    if profile.number(said):
        return float(label) if _numeric(label) else label
    return profile.word(label)


def _numeric(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
