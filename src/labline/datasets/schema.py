"""A pandera schema learned from a training set's profile, and what of other rows misfits it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pandas as pd
    from pandera.pandas import Check, DataFrameSchema


class Misfits(NamedTuple):
    """Values of one column that a schema does not let through."""

    column: str
    #: ``null``, ``range`` or ``category``
    check: str
    rows: int
    #: one of them
    example: Any


def learn(columns: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return pandera's own JSON form of a schema: columns in order, nulls, ranges, categories.

    Parameters
    ----------
    columns
        Of :func:`labline.datasets.profile.profile`.
    """
    from pandera.pandas import Column, DataFrameSchema

    schema = DataFrameSchema(
        {
            name: Column(checks=_checks(column), nullable=_nullable(column))
            for name, column in columns.items()
        },
        strict=True,
        ordered=True,
    )
    document: dict[str, Any] = json.loads(schema.to_json())
    return document


def _nullable(column: Mapping[str, Any]) -> bool:
    return bool(column["nulls"])


def _checks(column: Mapping[str, Any]) -> list[Check]:
    from pandera.pandas import Check

    if column.get("min") is not None:
        return [Check.in_range(column["min"], column["max"])]
    return [Check.isin(sorted(column["values"]))] if column.get("values") else []


def read(document: Mapping[str, Any]) -> DataFrameSchema:
    """Return the schema that :func:`learn` wrote."""
    from pandera.pandas import DataFrameSchema

    schema: DataFrameSchema = DataFrameSchema.from_json(json.dumps(document))
    return schema


def misfits(document: Mapping[str, Any], frame: pd.DataFrame) -> list[Misfits]:
    """Return what of a frame does not fit, a column and check at a time.

    Parameters
    ----------
    frame
        With the schema's columns, (rows, columns); which columns are there is not judged here.
    """
    from pandera.errors import SchemaErrors

    schema = read(document)
    there = [name for name in schema.columns if name in frame.columns]
    try:
        schema.select_columns(there).validate(frame[there], lazy=True)
    except SchemaErrors as error:
        return _told(error.failure_cases)
    return []


def _told(cases: Any) -> list[Misfits]:
    found: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], Any] = {}
    for name, check, value in zip(cases["column"], cases["check"], cases["failure_case"],
                                  strict=True):  # fmt: skip
        key = (str(name), _NAMES.get(str(check).partition("(")[0], "schema"))
        found[key] += 1
        first.setdefault(key, value)
    return [Misfits(*key, count, first[key]) for key, count in found.items()]


_NAMES = {"not_nullable": "null", "in_range": "range", "isin": "category"}
