"""One recording while it runs: what goes into its journal, and when."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline.errors import Conflict
from labline.kernel.autolog import Autolog
from labline.kernel.figures import Figures
from labline.kernel.journal import Journal, NotWritten
from labline.kernel.outputs import digest
from labline.kernel.publishing import Courier, Publishing
from labline.kernel.sight import Sight

if TYPE_CHECKING:
    from labline.settings import Settings

_WORTH_SHOWING = ("renamed", "params", "metrics", "curves", "dataset", "model")


class AlreadyLogged(Conflict):
    """The run has another value already."""


def open_recording(settings: Settings, **facts: Any) -> Recording:
    """Begin a recording in the project's state folder; `facts` are those of :class:`Recording`.

    Raises
    ------
    NotWritten
        The folder cannot be written.
    """
    try:
        return Recording(Publishing(settings), **facts)
    except OSError as error:
        raise NotWritten(
            f"No recording can be written to {settings.state}: {error}",
            fix="Give the right to write there, or move the project.",
        ) from error


class Recording:
    """An open recording.

    Parameters
    ----------
    run_id
        The run to attach to, which somebody else ends; ``None`` to have one of its own.
    earlier
        What this kernel ran before, as a replay needs it too.
    """

    def __init__(
        self,
        publishing: Publishing,
        *,
        experiment: str,
        name: str,
        run_id: str | None,
        notebook: Path | None,
        earlier: list[dict[str, Any]],
    ) -> None:
        self.publishing = publishing
        self.experiment = experiment
        self.name = name
        self.attached = run_id is not None
        self.started = time.time()
        self.executions = 0
        self.id = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        self.notebook = _shown(notebook, publishing.root)
        self._path = notebook
        self._ran = [cell["source"] for cell in earlier if cell["outcome"] == "ok"]
        self._ran_before = len(self._ran)
        self._params: dict[str, str] = {}
        self._models = 0
        self.journal = Journal(publishing.folder / f"{self.id}.jsonl")
        self._courier = Courier(publishing, self.journal.path)
        self._figures = Figures(self.journal)
        self.journal.put(lambda: self._start(run_id))
        self.journal.put({"event": "earlier", "cells": earlier})
        self.journal.put(self._git)
        self._sight = Sight(self.put, publishing.root)
        self._autolog = Autolog(self.put) if publishing.autolog else None

    def put(self, event: dict[str, Any]) -> None:
        """Add an event."""
        self.journal.put(event)
        if event["event"] in _WORTH_SHOWING:
            self._courier.nudge()

    def check_params(self, params: Mapping[str, str]) -> None:
        """Note parameters; MLflow keeps the first value of each.

        In a job, what are several runs otherwise are one, where that is no mistake.

        Raises
        ------
        AlreadyLogged
            One has another value already.
        """
        for name, value in params.items():
            known = self._params.get(name, value)
            if known != value and not self.attached:
                raise AlreadyLogged(
                    f"The parameter {name} of this run is {known} already, not {value}.",
                    fix=f"Log it under another name, as {name}_2, or begin another run.",
                )
        self._params = {**params, **self._params}

    def model_folder(self, name: str) -> Path:
        """Return the folder to save the next model in; it lies beside the journal."""
        self._models += 1
        return self.journal.path.with_suffix(".models") / str(self._models) / name

    def put_model(self, folder: Path, **beside: Path | None) -> None:
        """Add a model that was saved in a :meth:`model_folder`, and files that lie beside it.

        Parameters
        ----------
        beside
            ``holdout`` for held-out rows, ``training`` for what the training set looks like.
        """
        places = {"folder": folder, **{key: path for key, path in beside.items() if path}}
        shown = {key: _below(path, self.journal.path) for key, path in places.items()}
        self.put({"event": "model", "name": folder.name, **shown})

    def begin_cell(self, source: str) -> None:
        """Note that a cell runs, should it take the kernel with it."""
        self.journal.put({"event": "running", "number": self.executions + 1, "source": source})

    def end_cell(self, facts: dict[str, Any], shown: list[Any]) -> None:
        """Note how a cell went."""
        self.executions += 1
        number = self.executions
        if facts["outcome"] == "ok":
            self._ran.append(facts["source"])
        self.journal.put(
            lambda: {
                "event": "execution",
                "number": number,
                **facts,
                "outputs_digest": digest(shown),
            }
        )
        self._figures.keep(number, shown)

    def rename(self, before: Path, after: Path) -> None:
        """Follow the notebook to its new place, if it is this recording's."""
        if self._path != before:
            return
        if self.name == before.stem:
            self.name = after.stem
        self._path = after
        self.notebook = _shown(after, self.publishing.root)
        # What was said at the start may be with MLflow already.
        self.put({"event": "renamed", "notebook": self.notebook, "name": self.name})

    def close(self, status: str, *, with_cell: bool = False) -> None:
        """Bring everything to disk, environment and notebook included, and end the journal.

        Parameters
        ----------
        with_cell
            The recording was of one cell, which ends it: what is below belongs to other runs.

        Raises
        ------
        NotWritten
            It is not on disk.
        """
        if self._autolog:
            self._autolog.close()
        self._sight.close()
        self._courier.stop()
        loaded = tuple(sys.modules)
        ran = list(self._ran)
        self.journal.put(lambda: _environment(loaded))
        self.journal.put(lambda: self._snapshot(ran, with_cell))
        self.journal.put({"event": "end", "status": status})
        self.journal.close()

    # -- events that take time, made in the writer's thread --------------------------------

    def _start(self, run_id: str | None) -> dict[str, Any]:
        from importlib.metadata import version

        import psutil

        return {
            "event": "start",
            "at": self.started,
            "recording": self.id,
            "experiment": self.experiment,
            "name": self.name,
            "run_id": run_id,
            "notebook": self.notebook,
            "user": _user(),
            "host": socket.gethostname(),
            "process": os.getpid(),
            "process_started": psutil.Process().create_time(),
            "labline": version("labline"),
        }

    def _git(self) -> dict[str, Any] | None:
        from labline.kernel.git import state
        from labline.records import to_dict

        folder = self._path.parent if self._path else self.publishing.root
        found = state(folder, self._path)
        return {"event": "git", **to_dict(found)} if found else None

    def _snapshot(self, ran: list[str], until_last: bool) -> dict[str, Any]:
        from labline.kernel.notebook import missing, snapshot

        document = snapshot(self._path, ran, until_last=until_last)
        complete = not missing(document, ran[self._ran_before :])
        return {"event": "notebook", "document": document, "complete": complete}


def _environment(loaded: tuple[str, ...]) -> dict[str, Any]:
    from labline.kernel.environment import capture
    from labline.records import to_dict

    return {"event": "environment", **to_dict(capture(loaded))}


def _below(path: Path, journal: Path) -> str:
    return path.relative_to(journal.parent).as_posix()


def _shown(notebook: Path | None, root: Path) -> str | None:
    """Return the notebook's path, from the project's root where it lies below it."""
    if notebook is None:
        return None
    return str(notebook.relative_to(root) if notebook.is_relative_to(root) else notebook)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
