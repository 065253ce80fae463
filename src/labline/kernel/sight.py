"""See the tables that a notebook reads: what was read from where, with its digest.

While a recording is on, the readers of pandas, Polars and PyArrow (``read_*``) tell what they
returned. The libraries are not imported for it: where the notebook imports one later, its readers
are found then. Digests are made in a thread of their own, from a snapshot that costs no copy.
"""

from __future__ import annotations

import functools
import inspect
import logging
import os
import pydoc
import threading
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from queue import SimpleQueue
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from labline.kernel.importing import Importing

MODULES = ("pandas", "polars", "pyarrow.parquet", "pyarrow.csv", "pyarrow.feather", "pyarrow.json")
_TABLES = ("DataFrame", "Table")
_QUERIES = ("read_sql", "read_sql_query", "read_database", "read_database_uri", "read_gbq")
_PATIENCE = 60.0
_log = logging.getLogger(__name__)
_within = threading.local()

Event = dict[str, Any]
See = Callable[[str, Any, Any], None]


class Sight:
    """Watches the readers from its making until :meth:`close`.

    Parameters
    ----------
    put
        Takes a ``dataset`` event; called in a thread of the sight's own.
    root
        Folder of the project; a source below it is told from there.
    """

    def __init__(self, put: Callable[[Event], None], root: Path) -> None:
        self._put = put
        self._root = root
        self._process = os.getpid()
        self._seen: set[tuple[str, str]] = set()
        self._queue: SimpleQueue[tuple[str, str, Any] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._watched: list[tuple[ModuleType, str, Reader]] = []
        self._importing = Importing(MODULES, self._watch)
        self._importing.begin()

    def close(self) -> None:
        """Leave the readers as they were; return when what was read is noted."""
        self._importing.end()
        for module, name, reader in self._watched:
            if getattr(module, name, None) is reader:
                setattr(module, name, reader.__wrapped__)
        self._watched.clear()
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(_PATIENCE)
            if self._thread.is_alive():
                _log.warning("A table that was read is too large to be digested in time.")
            self._thread = None

    def _watch(self, module: ModuleType) -> None:
        for name in [name for name in dir(module) if name.startswith("read_")]:
            reader = getattr(module, name)
            # PyArrow's are compiled: functions, but not Python's.
            if callable(reader) and not isinstance(reader, type | Reader):
                watched = Reader(reader, f"{module.__name__}.{name}", self._see)
                setattr(module, name, watched)
                self._watched.append((module, name, watched))

    def _see(self, reader: str, source: Any, table: Any) -> None:
        # A forked child has no thread to take it.
        if type(table).__name__ not in _TABLES or os.getpid() != self._process:
            return
        name, place = _called(reader, source, self._root)
        if self._thread is None:
            self._thread = threading.Thread(target=self._note, name="labline-sight", daemon=True)
            self._thread.start()
        self._queue.put((name, place, _snapshot(table)))

    def _note(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                self._describe(*item)
            except Exception:  # noqa: BLE001 - a table of any kind; the recording goes on
                _log.warning("labline could not describe %s", item[0], exc_info=True)

    def _describe(self, name: str, source: str, table: Any) -> None:
        from labline.datasets import describe
        from labline.records import to_dict

        found = describe(table, name, source)
        if (source, found.digest) not in self._seen:
            self._seen.add((source, found.digest))
            self._put({"event": "dataset", **to_dict(found), "context": "read"})


class Reader:
    """A reader that tells what it returned; pickled it is the reader itself."""

    __wrapped__: Callable[..., Any]

    def __init__(self, reader: Callable[..., Any], name: str, see: See) -> None:
        functools.update_wrapper(self, reader)
        self._name = name
        self._see = see

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Read, and tell what was read from where."""
        # pandas reads Parquet through PyArrow: what the notebook called is what counts.
        if getattr(_within, "reader", False):
            return self.__wrapped__(*args, **options)
        _within.reader = True
        try:
            table = self.__wrapped__(*args, **options)
        finally:
            _within.reader = False
        try:
            self._see(self._name, args[0] if args else self._first(options), table)
        except Exception:  # noqa: BLE001 - reading has worked; telling of it must not undo that
            _log.warning("labline could not note what %s read", self._name, exc_info=True)
        return table

    def __reduce__(self) -> tuple[Any, ...]:
        return pydoc.locate, (self._name,)

    def _first(self, options: dict[str, Any]) -> Any:
        first = next(iter(inspect.signature(self.__wrapped__).parameters), "")
        return options.get(first)


def _snapshot(table: Any) -> Any:
    """Return the table as it is now, whatever the notebook does to it next."""
    if hasattr(table, "iloc"):
        import pandas as pd

        lazy = int(pd.__version__.partition(".")[0]) >= 3
        return table.copy(deep=not lazy)
    return table.clone() if hasattr(table, "clone") else table


def _called(reader: str, source: Any, root: Path) -> tuple[str, str]:
    """Return what a table is called and where it came from."""
    kind = reader.rpartition(".")[2]
    if kind in _QUERIES:
        return "query", str(source)
    place = getattr(source, "name", source) if hasattr(source, "read") else source
    if not isinstance(place, str | os.PathLike):
        return kind.removeprefix("read_"), "memory"
    text = os.fspath(place)
    if "://" in text:
        # What follows the path of a URL may be a signature.
        url = urlsplit(text)._replace(query="", fragment="")
        return PurePosixPath(url.path).stem or kind, url.geturl()
    path = Path(text).expanduser().absolute()
    inside = path.is_relative_to(root)
    return path.stem, str(path.relative_to(root) if inside else path)
