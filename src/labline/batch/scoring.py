"""Score one piece: what a worker does. Rows stream through it, a batch at a time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from labline.batch import columns, predictions, sources
from labline.batch.plan import Piece
from labline.errors import BadInput, Failed, LablineError

#: most rows, and most cells, that are in memory at a time
_ROWS, _CELLS = 2**16, 2**21

Predict = Callable[[Any], Any]


@dataclass(frozen=True)
class Work:
    """What all pieces of a batch share; it goes to every worker."""

    #: ``MODEL/VERSION``
    model: str
    #: SHA-256 of the model's files
    digest: str
    #: where they are
    folder: Path
    inputs: tuple[Mapping[str, Any], ...]
    place: str
    csv: bool
    keep: tuple[str, ...]
    #: Arrow type of each column of CSV
    types: Mapping[str, Any]
    #: folder of the parts
    output: Path

    @property
    def names(self) -> list[str]:
        """Columns that are read; those that the model can do without may not be there."""
        return list(dict.fromkeys([*(item["name"] for item in self.inputs), *self.keep]))


@dataclass(frozen=True)
class Done:
    """What came of a piece."""

    number: int
    rows: int
    #: names and types of its columns, in words
    schema: str = ""


@dataclass(frozen=True)
class _Batch:
    """Rows, and where they are from."""

    rows: Any
    #: ``FILE, row group 3``
    where: str
    #: number of its first row there
    start: int


def score(work: Work, piece: Piece, predict: Predict) -> Done:
    """Score a piece into its part, which is there whole or not at all.

    Raises
    ------
    BadInput
        A row does not fit the signature; names file, row group, row and column.
    Failed
        The model raised, or the part cannot be written.
    """
    part, rows, writer = work.output / piece.part, 0, None
    draft = part.with_name(f".{part.name}.{uuid4().hex}")
    try:
        with contextlib.ExitStack() as stack:
            for batch in _batches(work, piece):
                table = _scored(work, batch, predict)
                if writer is None:
                    writer = stack.enter_context(_writer(draft, table.schema, work))
                with _writing(part):
                    writer.write_table(_alike(table, writer.schema, batch))
                rows += len(table)
        if writer is None:
            return Done(piece.number, 0)
        draft.replace(part)
        return Done(piece.number, rows, described(writer.schema))
    finally:
        draft.unlink(missing_ok=True)


def described(schema: Any) -> str:
    """Return names and types of the columns."""
    return ", ".join(f"{field.name} {field.type}" for field in schema)


def _batches(work: Work, piece: Piece) -> Iterator[_Batch]:
    import pyarrow as pa

    where = piece.path
    read = _csv if work.csv else _parquet
    try:
        for batch in read(work, piece):
            where = batch.where
            yield batch
    except (pa.ArrowException, OSError) as error:
        said = str(error).strip().splitlines()[0]
        raise BadInput(f"{where} cannot be read: {said}", fix="Check what wrote it.") from error


def _parquet(work: Work, piece: Piece) -> Iterator[_Batch]:
    system, _ = sources.opened(work.place)
    with sources.parquet(system, piece.path) as file:
        names = [name for name in work.names if name in file.schema_arrow.names]
        size = max(1, min(_ROWS, _CELLS // max(1, len(names))))
        for group in piece.groups:
            where, start = f"{piece.path}, row group {group}", 0
            found = file.iter_batches(size, row_groups=[group], columns=names, use_threads=False)
            for rows in found:
                yield _Batch(rows, where, start)
                start += len(rows)


def _csv(work: Work, piece: Piece) -> Iterator[_Batch]:
    system, _ = sources.opened(work.place)
    there = sources.head(system, piece.path).names
    names = [name for name in work.names if name in there]
    types = {name: work.types[name] for name in names}
    start = 0
    with sources.csv_reader(system, piece.path, names, types) as reader:
        for rows in reader:
            if len(rows):
                yield _Batch(rows, piece.path, start)
            start += len(rows)


def _scored(work: Work, batch: _Batch, predict: Predict) -> Any:
    import pyarrow as pa

    rows = batch.rows
    try:
        made = columns.frame(work.inputs, rows)
    except columns.Unfit as error:
        at = "" if error.row is None else f", row {batch.start + error.row} (from 0)"
        raise BadInput(
            f"{batch.where}{at}: {error}.",
            fix="Mend or leave out such rows, and run the same command again.",
        ) from error
    try:
        found = predictions.columns(predict(made), len(rows))
    except LablineError as error:
        raise Failed(f"{batch.where}: {work.model}: {error.message}") from error
    except Exception as error:
        said = f"{type(error).__name__}: {error}"[:500]
        raise Failed(f"{work.model} raised on {batch.where}: {said}") from error
    if taken := sorted(set(found) & set(work.keep)):
        raise BadInput(
            f"Column {taken[0]!r} cannot be kept: the predictions are called so.",
            fix=f"Leave it out of --keep, or rename it in {work.place}.",
        )
    return pa.table({name: rows.column(name) for name in work.keep} | found)


def _alike(table: Any, schema: Any, batch: _Batch) -> Any:
    import pyarrow as pa

    if table.schema.equals(schema):
        return table
    try:
        return table.cast(schema)
    except (pa.ArrowException, ValueError) as error:
        raise Failed(
            f"{batch.where}: the model gives {described(table.schema)} here and "
            f"{described(schema)} before.",
            fix="Have it give one type, whatever the rows are.",
        ) from error


@contextlib.contextmanager
def _writer(path: Path, schema: Any, work: Work) -> Iterator[Any]:
    import pyarrow.parquet as pq

    told = {"labline.model": work.model, "labline.digest": work.digest}
    with _writing(path), pq.ParquetWriter(path, schema.with_metadata(told)) as writer:
        yield writer


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        said = os.strerror(error.errno) if error.errno else str(error)
        raise Failed(
            f"{path} cannot be written: {said}.",
            fix="Make room, or mend the folder; then the same command goes on.",
        ) from error
