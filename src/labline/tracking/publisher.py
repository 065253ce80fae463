"""Bring recordings from their journals into MLflow, once, whatever happens in between.

A journal notes what is published in itself, so that a publisher that was killed, or met a server
that went away, is followed by one that goes on where it stopped. A lock on the file lets only one
process work on it.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from labline.errors import Conflict, Failed, NotFound, Unreachable
from labline.records import Column, Dataset, Run
from labline.tracking import holdout
from labline.tracking.client import Tracking
from labline.tracking.recording import Event, NotARecording, Recording

PUBLISHED = "published"
RECORDING_TAG = "labline.recording"
_KEPT = 50
_PATIENCE = 30.0
# MLflow takes at most a thousand metrics, and a hundred parameters or tags, at a time.
_BATCH = 100
_log = logging.getLogger(__name__)


class NotAllPublished(Failed):
    """Some recordings could not be published."""


def publish(journal: Path, tracking: Tracking) -> Run:
    """Apply a journal to MLflow as far as it is written, and return the run.

    A recording that has ended (or whose kernel is gone) ends its run, with its true end and
    status, unless the run belongs to a job; its journal then moves to ``published/``. A journal
    that is there already is done: the run is returned.

    Raises
    ------
    Unreachable
        MLflow does not answer; the journal stays.
    Conflict
        Another process publishes this journal and does not come to an end.
    NotFound
        There is no such journal, or a job's run is not there.
    """
    with _claimed(journal) as found:
        if found is None:
            return _published_before(journal, tracking)
        return _Publication(Recording.read(journal), tracking).run()


def publish_all(folder: Path, tracking: Tracking) -> list[Run]:
    """Publish every recording in `folder` that has ended, or whose kernel is gone.

    Several processes may do so at once: each journal is published by one of them.

    Raises
    ------
    Unreachable
        MLflow does not answer; what is left stays.
    NotAllPublished
        Some could not be published; the others are.
    """
    runs: list[Run] = []
    failures: dict[str, Exception] = {}
    for journal in sorted(folder.glob("*.jsonl")):
        try:
            if (run := _publish_ended(journal, tracking)) is not None:
                runs.append(run)
        except Unreachable:
            raise
        except Exception as error:  # noqa: BLE001 - one journal must not hold up the others
            failures[journal.stem] = error
    if failures:
        first = next(iter(failures.values()))
        raise NotAllPublished(
            f"Not published: {', '.join(failures)}. {type(first).__name__}: {first}",
            fix=f"What is left lies in {folder}.",
            published=[run.id for run in runs],
        ) from first
    return runs


def waiting(folder: Path) -> list[Path]:
    """Return the journals in `folder` that are ready to be published and are not."""
    return [journal for journal in sorted(folder.glob("*.jsonl")) if _is_over(journal)]


def _publish_ended(journal: Path, tracking: Tracking) -> Run | None:
    with _claimed(journal, patience=0, busy_ok=True) as found:
        if found is None or not _is_over(journal):
            return None
        return _Publication(Recording.read(journal), tracking).run()


def _is_over(journal: Path) -> bool:
    try:
        recording = Recording.read(journal)
    except FileNotFoundError:
        return False
    except NotARecording:
        # Told once it is read in earnest; an empty file is a recording that is just beginning.
        return journal.stat().st_size > 0
    return recording.ended or recording.abandoned


def _published_before(journal: Path, tracking: Tracking) -> Run:
    done = journal.parent / PUBLISHED / journal.name
    if not done.is_file():
        raise NotFound(f"There is no recording {journal.stem!r}.", fix="See labline runs list.")
    return tracking.run(str(Recording.read(done).run_id))


class _Publication:
    """One journal on its way into one run."""

    def __init__(self, recording: Recording, tracking: Tracking) -> None:
        self._recording = recording
        self._tracking = tracking
        self._run_id = ""
        self._appliers: Mapping[str, Callable[[Event], None]] = {
            "git": self._git,
            "renamed": self._renamed,
            "params": self._params,
            "metrics": self._metrics,
            "curves": self._curves,
            "dataset": self._dataset,
            "model": self._model,
            "figure": self._figure,
            "environment": self._environment,
            "notebook": self._notebook,
        }

    def run(self) -> Run:
        """Apply what is not applied; end the run where the recording is over."""
        self._tracking.ping()
        self._run_id = self._ensure_run()
        upto = self._recording.published_upto
        fresh = [event for event in self._recording.events if event.get("n", 0) > upto]
        for event in fresh:
            if applier := self._appliers.get(event["event"]):
                self._apply(applier, event)
                self._mark(event["n"])
        if any(event["event"] in ("environment", "end") for event in fresh) or self._is_over:
            self._keep_recording()
        if self._is_over:
            self._end()
        return self._tracking.run(self._run_id)

    @property
    def _is_over(self) -> bool:
        return self._recording.ended or self._recording.abandoned

    def _ensure_run(self) -> str:
        if known := self._recording.run_id:
            if self._recording.published_upto == 0:
                self._tracking.set_tags(known, self._tags())
                self._mark(1, known)
            return known
        start = self._recording.start
        found = self._tracking.runs(
            start["experiment"], where=f"tags.`{RECORDING_TAG}` = '{self._recording.id}'", limit=1
        )
        run = found[0] if found else self._create(start)
        self._mark(1, run.id)
        return run.id

    def _create(self, start: Event) -> Run:
        return self._tracking.create_run(
            start["experiment"], start["name"], started=start["at"], tags=self._tags()
        )

    def _tags(self) -> dict[str, str]:
        start = self._recording.start
        tags = {
            RECORDING_TAG: self._recording.id,
            "mlflow.source.type": "NOTEBOOK" if start["notebook"] else "LOCAL",
            "mlflow.source.name": start["notebook"] or "labline",
        }
        if start["user"]:
            tags["mlflow.user"] = start["user"]
        if start["notebook"]:
            tags["labline.notebook"] = start["notebook"]
        return tags

    def _apply(self, applier: Callable[[Event], None], event: Event) -> None:
        """Apply one event; what MLflow will never take is told in a tag and passed over."""
        from mlflow.exceptions import MlflowException

        try:
            applier(event)
        except MlflowException as error:
            if error.error_code != "INVALID_PARAMETER_VALUE":
                raise
            _log.warning("MLflow does not take %s: %s", event["event"], error)
            self._tracking.set_tags(self._run_id, {"labline.problem": str(error)[:500]})

    def _mark(self, upto: int, run_id: str = "") -> None:
        mark = {"event": "published", "upto": upto, "run_id": run_id or self._run_id}
        _append(self._recording.path, json.dumps(mark))

    # -- one method an event -----------------------------------------------------------------

    def _git(self, event: Event) -> None:
        tags = {
            "mlflow.source.git.commit": event["commit"],
            "labline.git.dirty": str(event["dirty"]).lower(),
        }
        if event["branch"]:
            tags["mlflow.source.git.branch"] = event["branch"]
        self._tracking.set_tags(self._run_id, tags)

    def _renamed(self, event: Event) -> None:
        tags = {"labline.notebook": event["notebook"], "mlflow.source.name": event["notebook"]}
        if not self._recording.start["run_id"]:
            tags["mlflow.runName"] = event["name"]
        self._tracking.set_tags(self._run_id, tags)

    def _params(self, event: Event) -> None:
        self._tracking.log_params(self._run_id, event["values"])

    def _metrics(self, event: Event) -> None:
        self._log_points(event, ((key, value, 0) for key, value in event["values"].items()))

    def _curves(self, event: Event) -> None:
        curves = event["values"].items()
        self._log_points(
            event, ((key, value, step) for key, curve in curves for step, value in enumerate(curve))
        )

    def _log_points(self, event: Event, values: Iterable[tuple[str, float, int]]) -> None:
        from mlflow.entities import Metric

        # With the time of the event: MLflow then keeps their order, and knows a repeated point.
        at = int(event["at"] * 1000)
        points = [Metric(key, float(value), at, step) for key, value, step in values]
        with self._tracking.answering():
            for first in range(0, len(points), _BATCH):
                self._tracking.client.log_batch(
                    self._run_id, metrics=points[first : first + _BATCH]
                )

    def _dataset(self, event: Event) -> None:
        columns = tuple(Column(**column) for column in event["columns"])
        dataset = Dataset(event["name"], event["digest"], event["rows"], columns, event["source"])
        self._tracking.log_dataset(self._run_id, dataset, event.get("context", ""))

    def _model(self, event: Event) -> None:
        folder = self._recording.path.parent / event["folder"]
        if not folder.is_dir():
            raise NotFound(
                f"The model {event['folder']} of recording {self._recording.id} is not there.",
                fix="Log the model again.",
            )
        self._tracking.attach_model(self._run_id, folder)
        for kind, place in (("holdout", holdout.PLACE), ("training", holdout.TRAINING)):
            if file := event.get(kind):
                text = (self._recording.path.parent / file).read_text(encoding="utf-8")
                self._tracking.log_text(self._run_id, text, place)

    def _figure(self, event: Event) -> None:
        file = self._recording.path.parent / event["file"]
        if file.is_file():
            self._tracking.log_file(self._run_id, file, "figures")

    def _environment(self, event: Event) -> None:
        content = {key: event[key] for key in ("python", "platform", "packages")}
        self._tracking.log_json(self._run_id, content, "labline/environment.json")

    def _notebook(self, event: Event) -> None:
        text = json.dumps(event["document"], indent=1, ensure_ascii=False)
        self._tracking.log_text(self._run_id, text, "labline/notebook.ipynb")

    def _keep_recording(self) -> None:
        self._tracking.log_json(self._run_id, self._recording.to_dict(), "labline/recording.json")

    def _end(self) -> None:
        if not self._recording.attached:
            end = self._recording.last("end")
            status = end["status"] if end else "KILLED"
            self._tracking.end_run(self._run_id, status, self._recording.ended_at)
        _move(self._recording.path)


# -- files ---------------------------------------------------------------------------------------


def _append(path: Path, line: str) -> None:
    with path.open("a+b") as stream:
        stream.seek(0, os.SEEK_END)
        size = stream.tell()
        if size:
            stream.seek(size - 1)
        # A line that a crash left half must not swallow this one.
        torn = size and stream.read(1) != b"\n"
        stream.write(b"\n" * bool(torn) + line.encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def _move(journal: Path) -> None:
    """Put a finished journal away, with the newest others; its files are in MLflow now."""
    folder = journal.parent / PUBLISHED
    folder.mkdir(exist_ok=True)
    journal.replace(folder / journal.name)
    for files in (".models", ".figures"):
        shutil.rmtree(journal.with_suffix(files), ignore_errors=True)
    for old in sorted(folder.glob("*.jsonl"))[:-_KEPT]:
        old.unlink(missing_ok=True)


@contextmanager
def _claimed(
    journal: Path, *, patience: float = _PATIENCE, busy_ok: bool = False
) -> Iterator[IO[bytes] | None]:
    """Hold the journal's lock; ``None`` where it was moved away, or is busy and that is no harm."""
    try:
        stream = journal.open("r+b")
    except FileNotFoundError:
        yield None
        return
    with stream:
        until = time.monotonic() + patience
        while not _locked(stream):
            if time.monotonic() >= until:
                if busy_ok:
                    yield None
                    return
                raise Conflict(
                    f"Another process has been publishing {journal.stem} for {patience:g} s.",
                    fix="Wait for it, or end it.",
                )
            time.sleep(0.05)
        # Who waited may hold the lock of a file that was published and moved meanwhile.
        yield stream if journal.exists() else None


def _locked(stream: IO[bytes]) -> bool:
    """Try to lock an open file; the lock goes with the file, or with the process."""
    try:
        if sys.platform == "win32":
            import msvcrt

            stream.seek(2**30)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
