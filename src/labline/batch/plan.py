"""What there is to score, cut into pieces: data in, data out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import uuid4

#: rows that make a piece, where row groups are small enough
PIECE_ROWS = 500_000


@dataclass(frozen=True)
class File:
    """One file of the input."""

    path: str
    #: bytes
    size: int
    #: time of its last change, ns; 0 where the store has none
    changed: int
    #: rows of each row group; empty for CSV, which has none
    groups: tuple[int, ...] = ()


@dataclass(frozen=True)
class Piece:
    """What is scored at a time and becomes one file of the output."""

    number: int
    path: str
    #: row groups of the file; all of it where there are none
    groups: tuple[int, ...]

    @property
    def part(self) -> str:
        """Name of its file in the output."""
        return f"part-{self.number:05}.parquet"


@dataclass(frozen=True)
class Plan:
    """One batch: what is scored with which model. Equal plans are the same work."""

    #: ``MODEL/VERSION``
    model: str
    #: SHA-256 of the model's files
    digest: str
    #: file, folder or URL
    input: str
    files: tuple[File, ...]
    #: columns of the input that the output has too
    keep: tuple[str, ...]
    #: rows that make a piece
    size: int = PIECE_ROWS
    #: differs from batch to batch; the ledger's entry is under it
    id: str = ""

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The pieces, in order."""
        return tuple(cut(self.files, self.size))

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def named(self) -> Plan:
        """Return it with an id of its own."""
        return replace(self, id=uuid4().hex)

    def is_same_work(self, other: Plan) -> bool:
        """Whether nothing but the id differs."""
        return replace(self, id="") == replace(other, id="")

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """Return what :meth:`to_dict` gave."""
        files = tuple(File(**{**one, "groups": tuple(one["groups"])}) for one in data["files"])
        return cls(**{**data, "files": files, "keep": tuple(data["keep"])})


def cut(files: Iterable[File], size: int = PIECE_ROWS) -> Iterator[Piece]:
    """Yield the pieces of files: row groups of one file, as many as make about `size` rows."""
    number = 0
    for file in files:
        for groups in _gathered(file.groups, size) if file.groups else ((),):
            yield Piece(number, file.path, tuple(groups))
            number += 1


def _gathered(groups: tuple[int, ...], size: int) -> Iterator[list[int]]:
    found: list[int] = []
    rows = 0
    for at, count in enumerate(groups):
        if not count:
            continue
        if found and rows + count > size:
            yield found
            found, rows = [], 0
        found.append(at)
        rows += count
    if found:
        yield found
