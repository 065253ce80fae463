"""Arrow's IPC stream: bytes to a table within bounds, and back."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from bento_pyfunc.problems import Problem, malformed, too_many_rows, wrong_media

#: what pyarrow raises for bytes that are no stream
_BROKEN = (pa.ArrowException, OSError, ValueError, EOFError, struct.error, IndexError)
# Numbers of the fields in Arrow's Message.fbs.
_HEADER_TYPE, _HEADER = 1, 2
_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
_DICTIONARY_DATA, _COMPRESSION = 1, 3


def read(body: bytes, max_rows: int) -> pa.Table:
    """Return the table in `body`.

    Raises
    ------
    Problem
        400: no Arrow stream; 413: too many rows; 415: its buffers are compressed.
    """
    try:
        _refuse_compression(body)
        with pa.ipc.open_stream(body) as reader:
            table = pa.Table.from_batches(_bounded(reader, max_rows), reader.schema)
        # Offsets and lengths are the sender's word until they are checked.
        table.validate(full=True)
    except Problem:
        raise
    except _BROKEN as error:
        raise malformed(f"It is no Arrow IPC stream: {str(error)[:200]}.", "Arrow") from None
    return table


def _bounded(reader: Any, max_rows: int) -> Iterator[pa.RecordBatch]:
    rows = 0
    for batch in reader:
        rows += batch.num_rows
        if rows > max_rows:
            raise too_many_rows(f"more than {max_rows}", max_rows)
        yield batch


def _refuse_compression(body: bytes) -> None:
    """Refuse compressed buffers: a megabyte of them can unpack to a terabyte."""
    for message in pa.ipc.MessageReader.open_stream(body):
        if _compressed(message.metadata.to_pybytes()):
            raise wrong_media("Send the Arrow stream without compression of its buffers.")


def _compressed(metadata: bytes) -> bool:
    """Whether a message says that its buffers are compressed; pyarrow does not tell."""
    message = _follow(metadata, 0)
    kind_at = _field(metadata, message, _HEADER_TYPE)
    kind = metadata[kind_at] if kind_at else 0
    if kind not in (_DICTIONARY_BATCH, _RECORD_BATCH):
        return False
    batch = _follow(metadata, _field(metadata, message, _HEADER))
    if kind == _DICTIONARY_BATCH:
        batch = _follow(metadata, _field(metadata, batch, _DICTIONARY_DATA))
    return _field(metadata, batch, _COMPRESSION) != 0


def _follow(data: bytes, at: int) -> int:
    """Return the place that the flatbuffer offset at `at` points to."""
    return at + int(struct.unpack_from("<I", data, at)[0])


def _field(data: bytes, table: int, number: int) -> int:
    """Return the place of a field of a flatbuffer table, 0 where it is not set."""
    vtable = table - int(struct.unpack_from("<i", data, table)[0])
    (size,) = struct.unpack_from("<H", data, vtable)
    entry = 4 + 2 * number
    if entry >= size:
        return 0
    (offset,) = struct.unpack_from("<H", data, vtable + entry)
    return table + int(offset) if offset else 0


def write(columns: dict[str, Any], label: str) -> bytes:
    """Return columns as a stream that says in its metadata which model it is from."""
    schema = pa.schema([(name, array.type) for name, array in columns.items()], {"model": label})
    batch = pa.RecordBatch.from_arrays(list(columns.values()), schema=schema)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(batch)
    data: bytes = sink.getvalue().to_pybytes()
    return data
