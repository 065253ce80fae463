"""The folder of an output: parts gather in a hidden one beside it, which one rename publishes."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labline.batch.plan import Piece, Plan
from labline.batch.scoring import Done, described
from labline.errors import BadInput, Conflict

#: file in the output that says what it is
MANIFEST = "_labline.json"
_PLAN, _LOCK, SCRATCH = "_plan.json", "_lock", "_scratch"


class Output:
    """An output as it comes to be.

    Parameters
    ----------
    place
        Folder that readers look into; it is there whole or not at all.
    """

    def __init__(self, place: Path) -> None:
        self.place = place.absolute()
        #: where parts gather
        self.hidden = self.place.with_name(f".{self.place.name}.labline-batch")
        self._old = self.place.with_name(f".{self.place.name}.labline-replaced")

    def check(self, overwrite: bool) -> None:
        """Return if the output may be made.

        Raises
        ------
        Conflict
            Something is there that is not to be replaced.
        """
        if not self.place.exists() or self._is_empty():
            return
        ours = (self.place / MANIFEST).is_file()
        if overwrite and ours:
            return
        replace = ", or replace it: --overwrite" if ours else "; labline replaces only its own."
        raise Conflict(
            f"{self.place} is there already{self._says()}.", fix=f"Name another OUTPUT{replace}"
        )

    def _is_empty(self) -> bool:
        return self.place.is_dir() and not any(self.place.iterdir())

    def _says(self) -> str:
        try:
            told = json.loads((self.place / MANIFEST).read_text(encoding="utf-8"))
            return f": {told['rows']:,} rows scored with {told['model']} by {told['actor']}"
        except (OSError, ValueError, KeyError):
            return ""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep others from making the same output within the block.

        Raises
        ------
        BadInput
            Nothing can be written there.
        Conflict
            Somebody is at it.
        """
        try:
            self.hidden.mkdir(parents=True, exist_ok=True)
            stream = (self.hidden / _LOCK).open("a")
        except OSError as error:
            raise BadInput(
                f"{self.place} cannot be made: {os.strerror(error.errno or 0)}.",
                fix="OUTPUT is a folder that does not exist yet, where you may write.",
            ) from error
        with stream:
            if sys.platform != "win32":
                self._lock(stream)
            try:
                yield
            finally:
                if not self._has_parts():
                    # It is published, or nothing came of it.
                    shutil.rmtree(self.hidden, ignore_errors=True)

    def _lock(self, stream: Any) -> None:
        import fcntl

        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Conflict(f"{self.place} is being made by another process.") from error

    def begin(self, plan: Plan, overwrite: bool) -> Plan:
        """Return the plan that is under way if it is the same work, else begin `plan`.

        Raises
        ------
        Conflict
            Other work was begun here and not ended.
        """
        path = self.hidden / _PLAN
        known = _read(path)
        if known is not None and known.is_same_work(plan):
            return known
        # Parts of files that were other ones then are of no use to anybody.
        if known and known.files == plan.files and not overwrite and self._has_parts():
            raise Conflict(
                f"{self.place} was begun with {known.model} and other columns or settings, and "
                "is not finished."
                if known.model == plan.model
                else f"{self.place} was begun with {known.model}, and is not finished.",
                fix="Name another OUTPUT, or begin anew: --overwrite",
            )
        for old in self.hidden.iterdir():
            if old.name != _LOCK:
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        fresh = plan.named()
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(fresh.to_dict()), encoding="utf-8")
        draft.replace(path)
        return fresh

    def done(self, piece: Piece) -> Done | None:
        """Return what came of a piece, if its part is there."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.hidden / piece.part
        try:
            with pq.ParquetFile(path) as file:
                schema = described(file.schema_arrow)
                return Done(piece.number, file.metadata.num_rows, schema)
        except (OSError, pa.ArrowException):
            # Not there, or not whole, as after a power cut: it is scored again.
            return None

    def publish(self, manifest: Mapping[str, Any], overwrite: bool) -> None:
        """Let the output appear, with what it is written beside the parts.

        Raises
        ------
        Conflict
            Something has come to be there meanwhile.
        """
        text = json.dumps(manifest, indent=1)
        (self.hidden / MANIFEST).write_text(text, encoding="utf-8")
        shutil.rmtree(self.hidden / SCRATCH, ignore_errors=True)
        for draft in self.hidden.glob(".part-*"):
            draft.unlink()
        self.check(overwrite)
        if self.place.is_dir():
            shutil.rmtree(self._old, ignore_errors=True)
            self.place.rename(self._old)
        self.hidden.rename(self.place)
        (self.place / _LOCK).unlink()
        shutil.rmtree(self._old, ignore_errors=True)

    def _has_parts(self) -> bool:
        return any(self.hidden.glob("part-*"))


def _read(path: Path) -> Plan | None:
    try:
        return Plan.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return None
