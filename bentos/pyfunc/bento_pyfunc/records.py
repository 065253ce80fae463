"""The prediction log: answered requests, kept in files for whoever asks later how the model does.

On where ``LABLINE_RECORDS`` names a folder. A request costs the appending of what was received and
sent, as it was; a thread of its own writes Parquet files, without the interpreter's lock for most
of that. Nothing here makes a request wait or fail: where too much waits to be written, or the disk
is full, records are lost, and counted.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bento_pyfunc.metrics import RecordMetrics
from bento_pyfunc.spool import Spool

if TYPE_CHECKING:
    from bento_pyfunc.asgi import Message, Send
    from bento_pyfunc.spec import Spec

VARIABLE = "LABLINE_RECORDS"
logger = logging.getLogger(__name__)

#: bytes of one record, of those that wait, and how many may wait
_LARGEST = 2**20
_MOST_BYTES = 64 * 2**20
_MOST = 50_000
_RANGE = 2**32
_DAY = 86400.0
#: seconds between two lines about a disk that takes nothing
_QUIET = 60.0


@dataclass(frozen=True)
class Rules:
    """What is kept, and for how long."""

    folder: Path
    #: share of the requests, from 0 to 1
    share: float
    #: seconds that a file is kept
    keep: float
    #: bytes of all files
    most: int
    #: seconds from a record to the file that it is in
    every: float
    endpoint: str
    release: int

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Rules | None:
        """Read ``LABLINE_RECORDS`` and ``LABLINE_RECORDS_*``; None where nothing is kept.

        Raises
        ------
        ValueError
            One is no number; says which.
        """
        if not (folder := environ.get(VARIABLE)):
            return None

        def number(name: str, default: float) -> float:
            given = environ.get(f"{VARIABLE}_{name}") or default
            try:
                return float(given)
            except ValueError:
                raise ValueError(f"{VARIABLE}_{name} is {given!r}, which is no number.") from None

        return cls(
            folder=Path(folder),
            share=number("SHARE", 1.0),
            keep=number("KEEP", 30 * _DAY),
            most=int(number("BYTES", 2**30)),
            every=number("EVERY", 5.0),
            endpoint=environ.get(f"{VARIABLE}_ENDPOINT", ""),
            release=int(number("RELEASE", 0)),
        )


class Record(NamedTuple):
    """An answered request, as it came and went."""

    request_id: str
    #: seconds since the epoch
    at: float
    milliseconds: float
    verb: str
    #: media types of the bodies
    reads: str
    writes: str
    request: bytes
    answer: bytes


def kept(spec: Spec, environ: Mapping[str, str] = os.environ) -> Records | None:
    """Return what keeps records, where the environment asks for it."""
    rules = Rules.read(environ)
    return Records(rules, spec.label) if rules else None


class Records:
    """Takes records on the event loop, and has a thread write them."""

    def __init__(self, rules: Rules, model: str) -> None:
        self._rules = rules
        self._model = model
        self._limit = int(rules.share * _RANGE)
        self._metrics = RecordMetrics(model)
        self._spool = Spool(rules.folder, keep=rules.keep, most=rules.most)
        self._lock = threading.Lock()
        self._waiting: list[Record] = []
        self._bytes = 0
        self._wake = threading.Event()
        self._over = threading.Event()
        self._warned = -_QUIET
        self._writer: threading.Thread | None = None

    def offer(self, record: Record) -> None:
        """Keep a record, if it is in the sample and there is room; never waits for the disk.

        The sample is of ids: two releases that answer the same request keep it both, or neither.
        """
        if self._limit < _RANGE and zlib.crc32(record.request_id.encode()) >= self._limit:
            return
        size = len(record.request) + len(record.answer)
        if reason := self._refusal(size):
            self._metrics.lost(reason)
            return
        with self._lock:
            self._waiting.append(record)
            self._bytes += size
        if self._bytes > _MOST_BYTES // 4 or len(self._waiting) > _MOST // 4:
            self._wake.set()
        if self._writer is None:
            self._begin()

    def _refusal(self, size: int) -> str:
        if size > _LARGEST:
            return "size"
        full = self._bytes + size > _MOST_BYTES or len(self._waiting) >= _MOST
        return "queue" if full else ""

    def stop(self) -> None:
        """Write what waits, and end."""
        self._over.set()
        self._wake.set()
        if self._writer is not None:
            self._writer.join()

    def ending(self, send: Send) -> Send:
        """Return `send` of a server's lifespan that stops this before it says that it is over."""

        async def told(message: Message) -> None:
            if message["type"].startswith("lifespan.shutdown."):
                await asyncio.get_running_loop().run_in_executor(None, self.stop)
            await send(message)

        return told

    def _begin(self) -> None:
        # Not before the first request: whoever serves may fork until then.
        self._writer = threading.Thread(target=self._write, name="records", daemon=True)
        self._writer.start()
        atexit.register(self.stop)

    # -- on the thread -----------------------------------------------------------------------

    def _write(self) -> None:
        while not self._over.is_set():
            self._wake.wait(self._rules.every)
            self._wake.clear()
            self._flush()
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            taken, self._waiting, self._bytes = self._waiting, [], 0
        for day in _by_day(taken):
            if self._tried(partial(self._store, day)):
                self._metrics.kept(len(day))
            else:
                self._metrics.lost("disk", len(day))
        if taken:
            self._tried(self._spool.settle)

    def _store(self, records: list[Record]) -> None:
        self._spool.write(self._table(records), records[0].at, records[-1].at)

    def _tried(self, call: Callable[[], None]) -> bool:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - nothing that fails here may end the thread
            if time.monotonic() - self._warned >= _QUIET:
                self._warned = time.monotonic()
                logger.error("The prediction log in %s: %s", self._rules.folder, error)
            return False
        return True

    def _table(self, records: list[Record]) -> Any:
        import pyarrow as pa

        columns = dict(zip(Record._fields, zip(*records, strict=True), strict=True))
        times = pa.array([int(at * 1e6) for at in columns["at"]], pa.timestamp("us", "UTC"))
        many = len(records)
        return pa.table(
            {
                "request_id": pa.array(columns["request_id"], pa.string()),
                "at": times,
                "milliseconds": pa.array(columns["milliseconds"], pa.float32()),
                "endpoint": pa.array([self._rules.endpoint] * many, pa.string()),
                "release": pa.array([self._rules.release] * many, pa.int64()),
                "model": pa.array([self._model] * many, pa.string()),
                "verb": pa.array(columns["verb"], pa.string()),
                "reads": pa.array(columns["reads"], pa.string()),
                "writes": pa.array(columns["writes"], pa.string()),
                "inputs": pa.array(columns["request"], pa.binary()),
                "outputs": pa.array(columns["answer"], pa.binary()),
            }
        )


def _by_day(records: list[Record]) -> Iterator[list[Record]]:
    ordered = sorted(records, key=lambda record: record.at)
    for _, day in groupby(ordered, key=lambda record: record.at // _DAY):
        yield list(day)
