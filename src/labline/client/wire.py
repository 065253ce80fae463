"""What goes over the wire: the body of a request, and what an answer's body says."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import orjson

from labline.client.answers import InputRefused

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Rows = Sequence[Mapping[str, Any]]

JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"
#: cells of a table from which on Arrow is quicker than JSON, to write and to read
_MANY = 1000


class Body(NamedTuple):
    """The body of a request."""

    content: bytes
    kind: str


def body_of(
    data: pd.DataFrame | Rows, params: Mapping[str, Any] | None, *, plain: bool = False
) -> Body:
    """Return the body for a DataFrame or for rows: Arrow for a large table, else JSON.

    Parameters
    ----------
    plain
        JSON in any case: the service reads no Arrow.

    Raises
    ------
    InputRefused
        A value has no form in JSON, or two columns have one name.
    """
    if not plain and is_table(data):
        table = cast("pd.DataFrame", data)
        if table.size >= _MANY:
            stream = _stream(table, params)
            if stream is not None:
                return Body(stream, ARROW)
    return Body(encode(data, params), JSON)


def _stream(table: pd.DataFrame, params: Mapping[str, Any] | None) -> bytes | None:
    """Return a table as an Arrow stream; ``None`` where only JSON can say what is in it.

    So it is with a column that mixes types, and with one of dicts: each would get the keys of all.
    """
    import pyarrow as pa

    try:
        made = pa.Table.from_pandas(table, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError):
        return None
    if len(set(made.column_names)) < made.num_columns or any(map(_has_dicts, made.schema.types)):
        return None
    metadata = {"params": _dumped(dict(params))} if params else None
    return _written(made.replace_schema_metadata(metadata))


def _has_dicts(kind: pa.DataType) -> bool:
    import pyarrow as pa

    inside = (kind.field(at).type for at in range(kind.num_fields))
    return pa.types.is_struct(kind) or any(map(_has_dicts, inside))


def _written(table: pa.Table) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def is_table(data: Any) -> bool:
    """Return whether `data` is a DataFrame of pandas."""
    return hasattr(data, "iloc") and hasattr(data, "columns")


class Said(NamedTuple):
    """What the body of an answer says."""

    predictions: list[Any]
    model: str


def said(content: bytes, kind: str) -> Said:
    """Read an answer's body.

    Raises
    ------
    ValueError, KeyError, TypeError
        It is not what a labline endpoint says.
    """
    if kind.startswith(ARROW):
        return _said_by_arrow(content)
    answer = orjson.loads(content)
    if "classes" in answer:
        names = [str(name) for name in answer["classes"]]
        rows = [dict(zip(names, row, strict=True)) for row in answer["probabilities"]]
        return Said(rows, answer["model"])
    return Said(answer["predictions"], answer["model"])


def _said_by_arrow(content: bytes) -> Said:
    import pyarrow as pa

    table = pa.ipc.open_stream(content).read_all()
    model = (table.schema.metadata or {})[b"model"].decode()
    if table.column_names == ["prediction"]:
        return Said(table.column(0).to_pylist(), model)
    return Said(table.to_pylist(), model)


def encode(data: pd.DataFrame | Rows, params: Mapping[str, Any] | None = None) -> bytes:
    """Return the body of a request for a DataFrame or for rows.

    Raises
    ------
    InputRefused
        A value has no form in JSON, two columns have one name, or the data is no rows.
    """
    named: dict[str, Any]
    if is_table(data):
        named = {"columns": _columns(cast("pd.DataFrame", data))}
    else:
        named = {"rows": [_row(row, number) for number, row in enumerate(_rows(data))]}
    return _dumped(named | ({"params": dict(params)} if params else {}))


def _dumped(document: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(document, default=_default)
    except TypeError as error:
        raise InputRefused(f"The data has no form in JSON: {error}.") from error


def _rows(data: Any) -> Rows:
    """Return rows if they are some.

    Raises
    ------
    InputRefused
        They are something else: one row alone, a Series, text.
    """
    if isinstance(data, Mapping):
        raise InputRefused("The data is one row, not a list of rows.", fix="Give [row].")
    rows = list(data) if isinstance(data, Iterable) else [data]
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise InputRefused(
                f"The data is no rows: {type(data).__name__} whose row {number} is no mapping.",
                fix='Give a DataFrame of pandas, or rows: [{"column": value, ...}].',
            )
    return rows


def _row(row: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {str(name): _cell(value, str(name), number) for name, value in row.items()}


def _columns(table: pd.DataFrame) -> dict[str, list[Any]]:
    names = [str(name) for name in table.columns]
    for name in names:
        if names.count(name) > 1:
            raise InputRefused(f"Two columns are named {name!r}.", fix="Give each its own name.")
    return {
        name: [_cell(value, name, row) for row, value in enumerate(table.iloc[:, at].tolist())]
        for at, name in enumerate(names)
    }


def _cell(value: Any, name: str, row: int) -> Any:
    # orjson writes NaN and infinity alike as null: an infinity would silently become missing.
    if isinstance(value, float):
        if value != value:  # noqa: PLR0124 - NaN alone differs from itself
            return None
        if value in (float("inf"), float("-inf")):
            raise InputRefused(
                f"{name} (row {row}) is infinite, which JSON cannot say.",
                fix="Send a finite number, or a missing value where the model allows one.",
            )
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list | tuple):
        return [_cell(one, name, row) for one in value]
    if isinstance(value, Mapping):
        return {key: _cell(one, name, row) for key, one in value.items()}
    if hasattr(value, "tolist"):  # NumPy's scalars and arrays
        return _cell(_listed(value), name, row)
    return value


def _listed(value: Any) -> Any:
    # Of nanoseconds NumPy makes bare numbers.
    return (value.astype("datetime64[us]") if value.dtype.kind == "M" else value).tolist()


def _default(value: Any) -> Any:
    import pandas as pd

    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if hasattr(value, "tolist"):  # of the parameters
        return _listed(value)
    raise TypeError(f"{type(value).__name__} cannot be sent")
