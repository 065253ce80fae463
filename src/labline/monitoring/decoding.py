"""Bodies of requests and answers, as the log has them -> rows with their predictions."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_ARROW = "application/vnd.apache.arrow.stream"
_NDJSON = "application/x-ndjson"
#: facts of a row beside what was asked and answered
FACTS = ("request_id", "row", "at", "model", "release", "milliseconds")


@dataclass(frozen=True)
class Row:
    """One row of a request, and what the model said of it."""

    request_id: str
    #: its place in the request, from 0
    row: int
    #: seconds since the epoch
    at: float
    #: ``MODEL/VERSION``
    model: str
    release: int
    #: of the whole request
    milliseconds: float
    inputs: Mapping[str, Any]
    #: of /predict: a number, a class, a list or an object; None if only probabilities were asked
    prediction: Any
    #: of /predict_proba: class -> probability
    probabilities: Mapping[str, float] | None


def rows(table: pa.Table) -> list[Row]:
    """Return the rows of requests; a request whose body cannot be read any more has none."""
    return list(itertools.chain.from_iterable(map(_rows_of, table.to_pylist())))


def _rows_of(record: Mapping[str, Any]) -> Iterator[Row]:
    asked = read_inputs(record["inputs"], record["reads"])
    said = read_outputs(record["outputs"], record["writes"])
    if len(asked) != len(said):
        return
    proba = record["verb"] == "predict_proba"
    at = record["at"].timestamp()
    for place, (inputs, output) in enumerate(zip(asked, said, strict=True)):
        yield Row(
            request_id=record["request_id"],
            row=place,
            at=at,
            model=record["model"],
            release=record["release"],
            milliseconds=record["milliseconds"],
            inputs=inputs,
            prediction=None if proba else output,
            probabilities=output if proba else None,
        )


# -- what was asked ------------------------------------------------------------------------------


def read_inputs(body: bytes, kind: str) -> list[dict[str, Any]]:
    """Return the rows of a request's body, in whatever of its forms."""
    if kind == _ARROW:
        found: list[dict[str, Any]] = _arrow(body).to_pylist()
        return found
    if kind == _NDJSON:
        return [_named(orjson.loads(line)) for line in body.splitlines() if line.strip()]
    document = orjson.loads(body)
    key = next((key for key in document if key in _FORMS), None)
    return _FORMS[key](document[key]) if key else []


def _records(data: Any) -> list[dict[str, Any]]:
    return [_named(row) for row in data]


def _named(row: Any) -> dict[str, Any]:
    """Return a row by column; those of an array are called by their place."""
    if isinstance(row, dict):
        return row
    values = row if isinstance(row, list) else [row]
    return {str(place): value for place, value in enumerate(values)}


def _columnar(data: Any) -> list[dict[str, Any]]:
    if not isinstance(data, dict):
        return _records(data)
    return [dict(zip(data, row, strict=True)) for row in zip(*data.values(), strict=True)]


def _split(data: Any) -> list[dict[str, Any]]:
    return [dict(zip(data["columns"], row, strict=True)) for row in data["data"]]


_FORMS: Mapping[str, Callable[[Any], list[dict[str, Any]]]] = {
    "rows": _records,
    "columns": _columnar,
    "dataframe_split": _split,
    "dataframe_records": _records,
    "inputs": _columnar,
    "instances": _records,
}


# -- what was answered ---------------------------------------------------------------------------


def read_outputs(body: bytes, kind: str) -> list[Any]:
    """Return what an answer's body says of each row."""
    if kind == _ARROW:
        table = _arrow(body)
        alone = table.column_names == ["prediction"]
        told: list[Any] = table.column(0).to_pylist() if alone else table.to_pylist()
        return told
    if kind == _NDJSON:
        return [_alone(orjson.loads(line)) for line in body.splitlines() if line.strip()]
    document = orjson.loads(body)
    if "classes" in document:
        names = [str(name) for name in document["classes"]]
        return [dict(zip(names, row, strict=True)) for row in document["probabilities"]]
    said = document["predictions"]
    return _columnar(said) if isinstance(said, dict) else _listed(said)


def _listed(said: Any) -> list[Any]:
    return said if isinstance(said, list) else [said]


def _alone(row: Any) -> Any:
    return row["prediction"] if isinstance(row, dict) and set(row) == {"prediction"} else row


def _arrow(body: bytes) -> pa.Table:
    import pyarrow as pa

    return pa.ipc.open_stream(body).read_all()


# -- as a table ----------------------------------------------------------------------------------


def to_frame(found: Sequence[Row], more: Mapping[str, Sequence[Any]] | None = None) -> pd.DataFrame:
    """Return rows as a table: facts, prediction, then the inputs; (rows, columns).

    An input that is called as one of the facts is called ``input.NAME``.

    Parameters
    ----------
    more
        Columns between the facts and the prediction, by name.
    """
    import pandas as pd

    facts: dict[str, Any] = {name: [getattr(row, name) for row in found] for name in FACTS}
    facts["at"] = pd.to_datetime(facts["at"], unit="s", utc=True)
    facts |= more or {}
    facts["prediction"] = [row.prediction for row in found]
    if any(row.probabilities for row in found):
        facts["probabilities"] = [row.probabilities for row in found]
    names = dict.fromkeys(name for row in found for name in row.inputs)
    inputs = {
        f"input.{name}" if name in facts else name: [row.inputs.get(name) for row in found]
        for name in names
    }
    return pd.DataFrame(facts | inputs)
