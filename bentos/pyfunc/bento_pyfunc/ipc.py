"""Arrow's IPC stream: bytes to a table within bounds, and back."""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from bento_pyfunc.expansion import is_flat, refuse_more, refuse_sharing
from bento_pyfunc.problems import Problem, malformed, too_many_rows, wrong_media

#: what pyarrow raises for bytes that are no stream
_BROKEN = (pa.ArrowException, OSError, ValueError, EOFError, struct.error, IndexError)
# Numbers of the fields in Arrow's Message.fbs.
_HEADER_TYPE, _HEADER = 1, 2
_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
_DICTIONARY_DATA, _COMPRESSION = 1, 3
# The mark of a message, and that none follows.
_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"


def read(body: bytes, max_rows: int, most: int) -> pa.Table:
    """Return the table in `body`.

    Parameters
    ----------
    most
        Values, and bytes of text, that it may stand for where they take less room in it.

    Raises
    ------
    Problem
        400: no Arrow stream; 413: too many rows, or too much in them; 415: its buffers are
        compressed, or shared by values.
    """
    try:
        _refuse_compression(body)
        with pa.ipc.open_stream(body) as reader:
            batches = _bounded(reader, max_rows)
            if not is_flat(reader.schema):
                refuse_sharing(reader.schema)
                batches = refuse_more(batches, most)
            table = pa.Table.from_batches(batches, reader.schema)
        # Names are bytes until they are read: these may be no UTF-8.
        _ = table.schema.names
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
        # Offsets and lengths are the sender's word until they are checked; of a table that takes
        # several times as long.
        batch.validate(full=True)
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
    arrays = list(columns.values())
    types = tuple(array.type for array in arrays)
    schema, beginning = _beginning(tuple(columns), types, label)
    batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
    if beginning is not None:
        return b"".join((beginning, batch.serialize(), _END))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(batch)
    data: bytes = sink.getvalue().to_pybytes()
    return data


@functools.lru_cache(maxsize=64)
def _beginning(
    names: tuple[str, ...], types: tuple[pa.DataType, ...], label: str
) -> tuple[pa.Schema, bytes | None]:
    """Return the schema of a stream and the stream up to its batch; of a model, always the same.

    There is no such beginning where dictionaries come before the batch.
    """
    schema = pa.schema(list(zip(names, types, strict=True)), {"model": label})
    if any(_has_dictionary(kind) for kind in types):
        return schema, None
    return schema, schema.serialize().to_pybytes()


def _has_dictionary(kind: pa.DataType) -> bool:
    nested = (kind.field(at).type for at in range(kind.num_fields))
    return pa.types.is_dictionary(kind) or any(map(_has_dictionary, nested))
