"""The prediction log, read: which requests an endpoint answered in a span of time.

Releases write it (``bentos/pyfunc``, module ``spool``): files of some seconds each under a folder
per day, each complete from the moment it has its name. Several are made one later on; who finds a
file and its replacement leaves out the file.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    import pyarrow as pa

_REPLACES = b"labline.replaces"
#: times that the folder is read anew, because a file was replaced while it was read
_TRIES = 5
#: bytes of bodies that are held at a time; of more, fewer requests are looked at
_BUDGET = 2**28
_LIGHT = ["at", "model", "request_id"]
T = TypeVar("T")


class Span(NamedTuple):
    """A span of time: seconds since the epoch, the end left out."""

    since: float
    until: float


class Found(NamedTuple):
    """Requests of a span; of many, so many as were asked for."""

    #: ``pyarrow.Table`` of requests, in the order of time
    table: pa.Table
    #: how many there are
    total: int


class _File(NamedTuple):
    path: Path
    span: Span


class _Entry(NamedTuple):
    at: datetime
    path: Path
    #: among those of the file that were asked for
    place: int
    model: str
    request_id: str


@dataclass(frozen=True)
class PredictionLog:
    """What one endpoint was asked.

    Parameters
    ----------
    folder
        Where its releases write.
    """

    folder: Path

    def find(
        self,
        span: Span,
        *,
        model: str | None = None,
        most: int,
        newest: bool = False,
        ids: Collection[str] | None = None,
    ) -> Found:
        """Return requests of a span of time.

        Parameters
        ----------
        model
            ``MODEL/VERSION`` that answered; any unless given.
        most
            How many to return at most: spread evenly over the span, or the `newest`.
        ids
            Request ids to look for; any unless given.
        """
        return self._again(lambda: self._find(span, model, most, newest, ids))

    def models(self, span: Span) -> dict[str, int]:
        """Return how many requests each ``MODEL/VERSION`` answered."""
        index = self._again(lambda: self._index(span, None))
        return dict(Counter(entry.model for entry in index))

    def _again(self, read: Callable[[], T]) -> T:
        """Read, again where a file was replaced meanwhile."""
        for _ in range(_TRIES - 1):
            with suppress(FileNotFoundError):
                return read()
        return read()

    def _find(
        self,
        span: Span,
        model: str | None,
        most: int,
        newest: bool,
        ids: Collection[str] | None,
    ) -> Found:
        import pyarrow as pa

        every = self._index(span, model)
        index = sorted(each for each in every if ids is None or each.request_id in ids)
        step = 1 if newest else max(1, -(-len(index) // most))
        picked: dict[Path, list[int]] = defaultdict(list)
        for entry in index[-most:] if newest else index[::step]:
            picked[entry.path].append(entry.place)
        tables, size = [schema().empty_table()], 0
        for path, places in picked.items():
            tables.append(_chosen(path, span, model).take(pa.array(places, pa.int64())))
            size += tables[-1].nbytes
            if size > _BUDGET and most > 1:
                return self._find(span, model, most // 2, newest, ids)
        return Found(pa.concat_tables(tables).sort_by("at"), len(index))

    def _index(self, span: Span, model: str | None) -> list[_Entry]:
        """Return where each request is, without its bodies."""
        return [
            _Entry(at, file.path, place, name, id)
            for file in self._files(span)
            for place, (at, name, id) in enumerate(_told(_chosen(file.path, span, model, _LIGHT)))
        ]

    def _files(self, span: Span) -> list[_File]:
        there = [file for file in self._named(span) if _overlap(file.span, span)]
        replaced = {name for file in there for name in _replaced(file.path)}
        return [file for file in there if file.path.name not in replaced]

    def _named(self, span: Span) -> Iterator[_File]:
        for day in _days(span):
            for path in sorted((self.folder / f"date={day.isoformat()}").glob("*.parquet")):
                first, last = path.name.split("-")[:2]
                yield _File(path, Span(_at(day, first), _at(day, last)))


def schema() -> pa.Schema:
    """Return the columns of the log."""
    import pyarrow as pa

    return pa.schema(
        {
            "request_id": pa.string(),
            "at": pa.timestamp("us", "UTC"),
            "milliseconds": pa.float32(),
            "endpoint": pa.string(),
            "release": pa.int64(),
            "model": pa.string(),
            "verb": pa.string(),
            "reads": pa.string(),
            "writes": pa.string(),
            "inputs": pa.binary(),
            "outputs": pa.binary(),
        }
    )


def _told(table: pa.Table) -> Iterator[tuple[datetime, str, str]]:
    return zip(*(table[name].to_pylist() for name in _LIGHT), strict=True)


def _chosen(
    path: Path, span: Span, model: str | None, columns: list[str] | None = None
) -> pa.Table:
    import pyarrow.compute as pc
    from pyarrow import parquet

    since, until = (datetime.fromtimestamp(at, UTC) for at in span)
    wanted = (pc.field("at") >= since) & (pc.field("at") < until)
    if model is not None:
        wanted &= pc.field("model") == model
    return parquet.read_table(
        path, schema=schema(), columns=columns, partitioning=None, filters=wanted
    )


def _replaced(path: Path) -> list[str]:
    from pyarrow import parquet

    metadata = parquet.read_schema(path).metadata or {}
    names: list[str] = json.loads(metadata.get(_REPLACES, b"[]"))
    return names


def _days(span: Span) -> Iterator[date]:
    first, last = (datetime.fromtimestamp(at, UTC).date() for at in span)
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _at(day: date, stamp: str) -> float:
    """Return the time of a HHMMSSmmm in a file's name."""
    began = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    hours, minutes, milliseconds = int(stamp[:2]), int(stamp[2:4]), int(stamp[4:])
    return began + hours * 3600 + minutes * 60 + milliseconds / 1000


def _overlap(one: Span, other: Span) -> bool:
    # A name has whole milliseconds, cut.
    return one.since < other.until and one.until + 0.001 >= other.since
