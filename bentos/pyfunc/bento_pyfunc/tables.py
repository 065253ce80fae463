"""A request for a model with named columns -> the DataFrame that the model takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from itertools import chain, islice
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bento_pyfunc import arrow
from bento_pyfunc.body import Document
from bento_pyfunc.columns import KINDS, Column, Values, describe
from bento_pyfunc.nested import NESTED, kind_of
from bento_pyfunc.problems import MOST_ERRORS, FieldError, invalid

_NUMBERS = frozenset({int, float})


class Raw(NamedTuple):
    """Values as they came: one sequence a column, in the signature's order."""

    columns: Sequence[Values]
    rows: int
    #: keys seen in the data, for the check on repeated ones
    keys: int


class Wire(NamedTuple):
    """An Arrow table as it came; its columns fit the signature's names."""

    #: ``pyarrow.Table``
    table: Any
    names: list[str]

    @property
    def rows(self) -> int:
        """How many rows came."""
        return int(self.table.num_rows)

    @property
    def columns(self) -> list[Any]:
        """A ``pyarrow.ChunkedArray`` for each name; ``None`` where an optional one is not there."""
        given = dict(zip(self.table.column_names, self.table.columns, strict=True))
        return [given.get(name) for name in self.names]


class TableCodec:
    """Reads rows and columns by a signature of named columns.

    Parameters
    ----------
    inputs
        MLflow's input schema: ``[{"name": "age", "type": "double", "required": true}, ...]``.
    """

    def __init__(self, inputs: list[dict[str, Any]]) -> None:
        self.columns = [
            Column(item["name"], kind_of(item), item.get("required", True)) for item in inputs
        ]
        self.names = [column.name for column in self.columns]
        #: whether a value may hold lists and objects of its own
        self.is_nested = any(item["type"] in NESTED for item in inputs)
        self._index = pd.Index(self.names)
        self._known = frozenset(self.names)
        self._pick = _picker(self.names)
        self._readers: dict[str, Callable[[Any], Raw]] = {
            "rows": self._records,
            "columns": self._columnar,
            "dataframe_split": self._split,
            "dataframe_records": self._records,
            "inputs": self._inputs,
            "instances": self._records,
        }

    @property
    def forms(self) -> tuple[str, ...]:
        """Keys of a body that may hold the data; MLflow's own beside labline's."""
        return tuple(self._readers)

    @cached_property
    def is_matrix(self) -> bool:
        """Whether every column is a double, so that the table is one matrix."""
        return all(column.kind is KINDS["double"] for column in self.columns)

    def read(self, document: Document, key: str) -> Raw:
        """Return the values under `key`, column by column, unchecked.

        Raises
        ------
        Problem
            422: the shape is wrong, a column is missing or unknown.
        """
        return self._readers[key](document[key])

    def read_arrow(self, table: Any) -> Wire:
        """Return the columns of a ``pyarrow.Table``, unchecked.

        Raises
        ------
        Problem
            422: a column is missing, unknown or there twice.
        """
        names = table.schema.names
        if names == self.names:
            return Wire(table, self.names)
        errors = _repeated(names) or [
            FieldError(name, None, message) for name, message in self._misfits(dict.fromkeys(names))
        ]
        if errors:
            raise invalid(errors)
        return Wire(table, self.names)

    def table(self, raw: Raw | Wire) -> pd.DataFrame:
        """Check every value and return the table, typed as MLflow's own enforcement leaves it.

        Raises
        ------
        Problem
            422: values do not fit the signature.
        """
        matrix = self.matrix(raw) if self.is_matrix else None
        if matrix is not None:
            return pd.DataFrame(matrix, columns=self._index, copy=False)
        errors: list[FieldError] = []
        arrays = [
            self._array(column, values, raw.rows, errors)
            for column, values in zip(self.columns, raw.columns, strict=True)
        ]
        if errors:
            raise invalid(errors)
        return pd.DataFrame(dict(zip(self.names, arrays, strict=True)), copy=False)

    def _array(self, column: Column, values: Any, rows: int, errors: list[FieldError]) -> Any:
        if values is None:
            return column.array([None] * rows, errors)
        if hasattr(values, "num_chunks"):
            return arrow.array(column, values, errors)
        return column.array(values, errors)

    def matrix(self, raw: Raw | Wire) -> np.ndarray[Any, Any] | None:
        """Return a table of doubles as an array (rows, columns); ``None`` unless all is plain.

        The memory is laid out as inside a DataFrame, so that a model computes the very same bits
        from either.
        """
        if isinstance(raw, Wire):
            values = arrow.matrix(raw.table, raw.names)
            return values if values is not None and np.isfinite(values).all() else None
        if set(map(type, chain.from_iterable(raw.columns))) <= _NUMBERS:
            return np.array(raw.columns, dtype=np.float64).T
        return None

    # -- shapes -----------------------------------------------------------------------------

    def _records(self, rows: Any) -> Raw:
        if not isinstance(rows, list):
            raise _shape("rows", f"must be a list of objects, not {describe(rows)}")
        try:
            picked = list(map(self._pick, rows))
        except (KeyError, TypeError, IndexError):
            return self._loose_records(rows)
        if set(map(len, rows)) != {len(self.names)}:
            return self._loose_records(rows)
        return Raw(list(zip(*picked, strict=True)), len(rows), len(rows) * len(self.names))

    def _loose_records(self, rows: list[Any]) -> Raw:
        errors: list[FieldError] = []
        for number, row in enumerate(rows):
            self._check_row(number, row, errors)
            if len(errors) >= MOST_ERRORS:
                break
        if errors:
            raise invalid(errors)
        columns = [[row.get(name) for row in rows] for name in self.names]
        return Raw(columns, len(rows), sum(map(len, rows)))

    def _check_row(self, number: int, row: Any, errors: list[FieldError]) -> None:
        if not isinstance(row, dict):
            errors.append(FieldError("", number, f"must be an object, not {describe(row)}"))
            return
        errors += [FieldError(name, number, message) for name, message in self._misfits(row)]

    def _misfits(self, given: Collection[str]) -> list[tuple[str, str]]:
        """Return what is wrong with the names of the columns; `given` is a set or a dict."""
        unknown = (
            (name, "is not a column of the model") for name in given if name not in self._known
        )
        missing = (
            (column.name, "is missing")
            for column in self.columns
            if column.required and column.name not in given
        )
        return [*islice(unknown, MOST_ERRORS), *islice(missing, MOST_ERRORS)]

    def _inputs(self, data: Any) -> Raw:
        return self._columnar(data) if isinstance(data, dict) else self._records(data)

    def _columnar(self, data: Any) -> Raw:
        if not isinstance(data, dict):
            raise _shape("columns", f"must be an object of lists, not {describe(data)}")
        errors = [FieldError(name, None, message) for name, message in self._misfits(data)]
        if not errors:
            errors = [
                FieldError(name, None, f"must be a list of values, not {describe(values)}")
                for name, values in data.items()
                if not isinstance(values, list)
            ]
        if errors:
            raise invalid(errors)
        return self._aligned(data)

    def _aligned(self, data: dict[str, list[Any]]) -> Raw:
        lengths = {name: len(values) for name, values in data.items()}
        rows = max(lengths.values(), default=0)
        if len(set(lengths.values())) > 1:
            raise invalid(
                [
                    FieldError(name, None, f"has {length} values where another column has {rows}")
                    for name, length in lengths.items()
                    if length != rows
                ]
            )
        return Raw([data.get(name) or [None] * rows for name in self.names], rows, len(data))

    def _split(self, data: Any) -> Raw:
        if not isinstance(data, dict) or not set(data) <= {"columns", "data", "index"}:
            raise _shape("dataframe_split", 'must be {"columns": [...], "data": [[...], ...]}')
        names, rows = data.get("columns"), data.get("data")
        if not isinstance(names, list) or not isinstance(rows, list):
            raise _shape("dataframe_split", 'must be {"columns": [...], "data": [[...], ...]}')
        errors = _repeated(names) or [
            FieldError(name, None, message) for name, message in self._misfits(dict.fromkeys(names))
        ]
        misshapen = (
            FieldError("", number, f"must be a list of {len(names)} values")
            for number, row in enumerate(rows)
            if not isinstance(row, list) or len(row) != len(names)
        )
        errors += islice(misshapen, MOST_ERRORS)
        if errors:
            raise invalid(errors)
        given = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}
        columns = [given.get(name) or [None] * len(rows) for name in self.names]
        return Raw(columns, len(rows), len(data))


def _picker(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) == 1:
        # itemgetter of one name gives the bare value.
        return lambda row: (row[names[0]],)
    return itemgetter(*names)


def _repeated(names: list[Any]) -> list[FieldError]:
    if not all(isinstance(name, str) for name in names):
        return [FieldError("columns", None, "must be names of columns")]
    seen = Counter(names) if len(set(names)) < len(names) else {}
    twice = (FieldError(name, None, "is there twice") for name, count in seen.items() if count > 1)
    return list(islice(twice, MOST_ERRORS))


def _shape(field: str, message: str) -> Exception:
    return invalid([FieldError(field, None, message)])
