"""Files of rows, wherever they lie: find them, read what they say of themselves, open them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from labline.batch.plan import File
from labline.errors import BadInput, NotFound, Unreachable

_PARQUET = (".parquet", ".pq")
_CSV = (".csv", ".csv.gz")


@dataclass(frozen=True)
class Survey:
    """What an input consists of."""

    #: as it is opened again, in any process
    place: str
    csv: bool
    files: tuple[File, ...]
    #: Arrow schema of each file
    schemas: tuple[Any, ...]


def survey(place: str) -> Survey:
    """Find the files of `place` and read their footers, or the heads of CSV.

    Parameters
    ----------
    place
        A Parquet or CSV file, a folder of them, or a URL that pyarrow opens (``s3://...``).

    Raises
    ------
    NotFound
        Nothing is there.
    BadInput
        No such files are in it, or one cannot be read.
    Unreachable
        The store does not answer.
    """
    place = place if "://" in place else str(Path(place).absolute())
    with _readable(place):
        system, path = opened(place)
        found = _files(system, path, place)
    csv = found[0].path.lower().endswith(_CSV)
    looked = [_look(system, info, csv) for info in found]
    files = tuple(file for file, _ in looked)
    if not csv and not any(sum(file.groups) for file in files):
        raise BadInput(f"{place} has no rows.", fix="Check what wrote it.")
    return Survey(place, csv, files, tuple(schema for _, schema in looked))


def opened(place: str) -> tuple[Any, str]:
    """Return the file system that `place` lies in, and its path there."""
    from pyarrow import fs

    if "://" not in place:
        return fs.LocalFileSystem(), place
    system, path = fs.FileSystem.from_uri(place)
    return system, path


def _files(system: Any, path: str, place: str) -> list[Any]:
    from pyarrow import fs

    info = system.get_file_info(path)
    if info.type == fs.FileType.NotFound:
        raise NotFound(f"There is no {place}.", fix="INPUT is a file, a folder or a URL.")
    if info.type == fs.FileType.File:
        return [info]
    every = system.get_file_info(fs.FileSelector(path, recursive=True))
    found = [one for one in every if one.is_file and _is_data(one.path, path)]
    kinds = {one.path.lower().endswith(_CSV) for one in found}
    if len(kinds) != 1:
        what = "both Parquet and CSV files" if kinds else "no Parquet or CSV file"
        raise BadInput(f"{place} has {what} in it.", fix="Name one file, or a folder of one kind.")
    return sorted(found, key=lambda one: one.path)


def _is_data(path: str, folder: str) -> bool:
    # As Parquet's other readers do: what begins so is not of the data set.
    inner = PurePosixPath(path).relative_to(folder).parts
    return path.lower().endswith(_PARQUET + _CSV) and not any(
        part.startswith((".", "_")) for part in inner
    )


def _look(system: Any, info: Any, csv: bool) -> tuple[File, Any]:
    groups: tuple[int, ...] = ()
    with _readable(info.path):
        if csv:
            schema = head(system, info.path)
        else:
            with parquet(system, info.path) as file:
                meta, schema = file.metadata, file.schema_arrow
                groups = tuple(meta.row_group(at).num_rows for at in range(meta.num_row_groups))
    return File(info.path, info.size, info.mtime_ns or 0, groups or (() if csv else (0,))), schema


@contextmanager
def parquet(system: Any, path: str) -> Iterator[Any]:
    """Open a Parquet file so that reading it holds pages, not whole columns."""
    import pyarrow.parquet as pq
    from pyarrow import fs

    # A store far away answers few large questions better than many small ones.
    local = isinstance(system, fs.LocalFileSystem)
    with (
        system.open_input_file(path) as stream,
        pq.ParquetFile(stream, buffer_size=2**20 if local else 0, pre_buffer=not local) as file,
    ):
        yield file


def head(system: Any, path: str) -> Any:
    """Return the schema that the beginning of a CSV file suggests."""
    with csv_reader(system, path, None, {}) as reader:
        return reader.schema


@contextmanager
def csv_reader(system: Any, path: str, columns: Any, types: Any) -> Iterator[Any]:
    """Open a CSV file; yield it block by block, its columns of these types."""
    from pyarrow import csv

    with (
        system.open_input_stream(path) as stream,
        csv.open_csv(
            stream,
            read_options=csv.ReadOptions(use_threads=False, block_size=2**23),
            convert_options=csv.ConvertOptions(include_columns=columns, column_types=types),
        ) as reader,
    ):
        yield reader


@contextmanager
def _readable(path: str) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (NotFound, BadInput):
        raise
    except (PermissionError, IsADirectoryError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from error
    except (pa.ArrowException, ValueError) as error:
        raise BadInput(
            f"{path} cannot be read: {_line(error)}",
            fix="INPUT is Parquet (.parquet) or CSV (.csv, .csv.gz) with a line of names.",
        ) from error
    except OSError as error:
        if "://" not in path:
            raise BadInput(f"{path} cannot be read: {_line(error)}") from error
        raise Unreachable(f"{path} does not answer: {_line(error)}") from error


def _line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".") + "."
