"""Tables in small files, few of them: each is written whole, then many are made one.

A file has its name only once it is complete, so a reader never meets half of one, whatever kills
the service. Its name says when its first and its last row came, so a reader opens those it wants.
A process makes one of every sixteen that it wrote. What such a file replaces is in its metadata:
who finds both, because the process died between the two steps, leaves out what was replaced.
"""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

#: key of a file's metadata: names of the files that it replaces
REPLACES = b"labline.replaces"
_PARTIAL = ".partial"
#: files that are made one, and bytes up to which they are
_MANY = 16
_LARGEST = 16 * 2**20
#: seconds after which nobody completes a file any more
_STALE = 3600.0


class Spool:
    """Writes the files of one process into a folder that others write into too.

    Parameters
    ----------
    keep
        Seconds that a file is kept.
    most
        Bytes that the folder may hold; the oldest files go first.
    """

    def __init__(self, folder: Path, *, keep: float, most: int) -> None:
        self._folder = folder
        self._keep = keep
        self._most = most
        self._process = os.urandom(4).hex()
        self._written = 0
        #: (day, how often made one) -> files not yet made one
        self._levels: dict[tuple[str, int], list[Path]] = defaultdict(list)

    def write(self, table: Any, first: float, last: float) -> None:
        """Write a ``pyarrow.Table`` of rows that came from `first` to `last`, on one day.

        Raises
        ------
        OSError
            It cannot be written.
        """
        day = datetime.fromtimestamp(first, UTC).strftime("%Y-%m-%d")
        self._levels[day, 0].append(self._store(table, day, _span(first, last)))

    def settle(self) -> None:
        """Make one file of many, and remove those that are no longer kept.

        Raises
        ------
        OSError
            That cannot be done now.
        """
        many = [key for key, files in self._levels.items() if len(files) >= _MANY]
        for day, level in many:
            files = [each for each in self._levels.pop((day, level)) if each.exists()]
            if files and sum(each.stat().st_size for each in files) <= _LARGEST:
                self._levels[day, level + 1].append(self._one_of(files, day))
        if self._written % _MANY == 1:
            self.tidy()

    def tidy(self) -> None:
        """Remove what is too old, or too much."""
        oldest, total = time.time() - self._keep, 0
        for path, size, modified in sorted(self._files(), reverse=True):
            total += size
            if total > self._most or modified < oldest:
                path.unlink(missing_ok=True)
        for path in self._folder.glob(f"date=*/.*{_PARTIAL}"):
            with suppress(FileNotFoundError):  # another process has completed it
                if path.stat().st_mtime < time.time() - _STALE:
                    path.unlink(missing_ok=True)
        for day in self._folder.glob("date=*"):
            with suppress(OSError):  # not empty
                day.rmdir()

    def _files(self) -> Iterator[tuple[Path, int, float]]:
        for path in self._folder.glob("date=*/*.parquet"):
            with suppress(FileNotFoundError):  # another process was quicker
                about = path.stat()
                yield path, about.st_size, about.st_mtime

    def _store(self, table: Any, day: str, span: str) -> Path:
        from pyarrow import parquet

        self._written += 1
        folder = self._folder / f"date={day}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{span}-{self._process}-{self._written}.parquet"
        partial = path.with_name(f".{path.name}{_PARTIAL}")
        try:
            with partial.open("wb") as sink:
                parquet.write_table(table, sink, compression="zstd")
                sink.flush()
                os.fsync(sink.fileno())
            partial.rename(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        return path

    def _one_of(self, files: list[Path], day: str) -> Path:
        import pyarrow as pa
        from pyarrow import parquet

        table = pa.concat_tables([parquet.read_table(each, partitioning=None) for each in files])
        names = json.dumps([each.name for each in files]).encode()
        table = table.replace_schema_metadata({REPLACES: names})
        starts, ends = zip(*(each.name.split("-")[:2] for each in files), strict=True)
        path = self._store(table, day, f"{min(starts)}-{max(ends)}")
        for each in files:
            each.unlink(missing_ok=True)
        return path


def _span(first: float, last: float) -> str:
    return "-".join(_stamp(at) for at in (first, last))


def _stamp(at: float) -> str:
    """Return the time of day in milliseconds, as HHMMSSmmm."""
    return datetime.fromtimestamp(at, UTC).strftime("%H%M%S%f")[:9]
