"""Put jobs into the queue."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from labline import notebooks
from labline.errors import BadInput, Conflict, nearest
from labline.jobs import files
from labline.jobs.kernels import kernel_name
from labline.jobs.options import Options
from labline.jobs.order import JOB, Order
from labline.jobs.pinned import Pinned, Pins
from labline.settings import Settings
from labline.workflows import Workflows, WorkflowState, of_group


class Submission:
    """Takes notebooks as they are, checks them, and queues them; returns ids of jobs.

    Parameters
    ----------
    settings
        What holds where the options of a job say nothing, and where its files go.
    workflows
        The queue.
    """

    def __init__(self, settings: Settings, workflows: Workflows) -> None:
        self._settings = settings
        self._workflows = workflows

    def submit(self, notebook: Path | str, values: Mapping[str, Any], options: Options) -> str:
        """Queue a notebook; see :meth:`labline.jobs.Jobs.submit`."""
        return self.submit_taken(notebooks.snapshot(notebook), values, options)

    def submit_taken(
        self,
        taken: notebooks.Snapshot,
        values: Mapping[str, Any],
        options: Options,
        pins: Pins | None = None,
    ) -> str:
        """Queue a notebook as it was, with what goes with it as that was; see :meth:`submit`."""
        order = self.order(taken, values, options, pins)
        id = _id(options.key)
        if not self._known(id, order, options.key):
            self.queue(id, taken, order, options.output_dir)
        return id

    def retry(self, state: WorkflowState) -> str:
        """Queue a job that has ended once more; see :meth:`labline.jobs.Jobs.retry`."""
        if not state.status.ended:
            raise Conflict(
                f"Job {state.id} is {state.status}.",
                fix=f"Wait for its end, or end it: labline jobs cancel {state.id}",
            )
        old, id = Order(**state.payload), _id(None)
        taken = notebooks.Snapshot(old.path, old.content())
        order = replace(old, retry_of=state.id, sweep=None, parent=None)
        output = Path(old.output).parent
        own = output == Path(old.snapshot).parent
        self.queue(id, taken, order, None if own else output)
        return id

    def order(
        self,
        taken: notebooks.Snapshot,
        values: Mapping[str, Any],
        options: Options,
        pins: Pins | None = None,
    ) -> Order:
        """Return what is to be queued, checked, with the files as they are now unless given.

        Raises
        ------
        BadNotebook, BadParameter
            It cannot be run with these values.
        """
        notebook, usual = taken.notebook, self._settings.jobs
        notebooks.require_python(notebook, taken.path.name)
        kernel_name(notebook, taken.path.name)
        _check(options)
        pins = pins or self._pins(taken, options)
        return Order(
            notebook=str(taken.path),
            sha256=taken.sha256,
            parameters=notebooks.bind(notebook, values),
            experiment=options.experiment or self._settings.project.name,
            name=taken.path.stem,
            timeout=options.timeout or usual.timeout,
            memory=options.memory or usual.memory,
            cpus=options.cpus or usual.cpus,
            priority=options.priority,
            group=self._group(options.group),
            retries=usual.retries if options.retries is None else options.retries,
            retry_on_error=options.retry_on_error,
            tags=dict(options.tags),
            modules=pins.modules,
            inputs=pins.inputs,
            keep=files.checked_patterns(options.keep or usual.keep),
        )

    def _pins(self, taken: notebooks.Snapshot, options: Options) -> Pins:
        """Keep the local modules that a notebook uses, and the input files, as they are now."""
        store, folder = Pinned.of(self._settings), taken.path.parent
        inputs = files.named(options.inputs, folder)
        found = notebooks.local_modules(taken.notebook, folder)
        modules = {path.relative_to(folder).as_posix(): path for path in found}
        return Pins(store.take(modules), store.take(inputs))

    def _group(self, name: str | None) -> str | None:
        known = self._settings.jobs.groups
        if name is not None and name not in known:
            raise BadInput(
                f"There is no group {name!r} of jobs.",
                fix=f"{nearest(name, known)} Groups are declared in labline.toml: "
                "[jobs] groups = { gpu = 1 }",
            )
        return name

    def _known(self, id: str, order: Order, key: str | None) -> bool:
        """Whether the order was submitted with this key before.

        Raises
        ------
        Conflict
            Something else was.
        """
        state = self._workflows.states([id] if key else []).get(id)
        if state is None:
            return False
        if other := difference(Order(**state.payload), order):
            raise Conflict(
                f"The key {key!r} is that of job {id}, with {other}.",
                fix="Give another key to another job.",
            )
        return True

    def queue(
        self, id: str, taken: notebooks.Snapshot, order: Order, output_dir: Path | None
    ) -> None:
        """Queue an order under an id; one that is known stays as it is."""
        snapshot = self.keep(id, taken)
        place = Path(snapshot).parent
        apart = id if order.sweep or order.retry_of else ""
        output = _output(taken.path, output_dir, apart) or place / "output.ipynb"
        report = place / "report.html" if output.parent == place else output.with_suffix(".html")
        complete = replace(order, snapshot=snapshot, output=str(output), report=str(report))
        queue = of_group(order.group) if order.group else None
        words = self._words(order)
        self._workflows.submit(
            JOB, asdict(complete), id=id, queue=queue, priority=order.priority, words=words
        )

    def _words(self, order: Order) -> str:
        """Return what a job is found by."""
        root, path = self._settings.root, order.path
        shown = path.relative_to(root) if path.is_relative_to(root) else path
        return " ".join([str(shown), *(f"{n}={value}" for n, value in order.parameters.items())])

    def keep(self, id: str, taken: notebooks.Snapshot) -> str:
        """Keep a notebook as it is, in the folder of `id`; return the file."""
        place = self._settings.folder("jobs") / id
        place.mkdir(exist_ok=True)
        snapshot = place / "input.ipynb"
        # Two processes may queue the same trial of a sweep: neither sees half a file.
        draft = place / f".input.{os.getpid()}.{threading.get_ident()}.tmp"
        draft.write_bytes(taken.content)
        draft.replace(snapshot)
        return str(snapshot)


def _check(options: Options) -> None:
    if not -100 <= options.priority <= 100:
        raise BadInput(
            f"The priority {options.priority} is too high or too low.", fix="Give -100 to 100."
        )
    if options.cpus is not None and options.cpus < 1:
        raise BadInput(f"A job cannot run on {options.cpus} CPUs.", fix="Give at least 1.")


def _id(key: str | None) -> str:
    """Return a new id, or the one that belongs to a key."""
    if key is None:
        return uuid4().hex[:12]
    return hashlib.sha256(f"0 {key}".encode()).hexdigest()[:16]


def difference(old: Order, new: Order) -> str:
    """Say in what two orders differ; nothing if they would run the same."""
    if old.notebook != new.notebook:
        return f"the notebook {old.path.name}"
    if old.parameters != new.parameters:
        return "other parameters"
    if old.modules != new.modules:
        return "its local modules as they were before they were edited"
    if old.inputs != new.inputs:
        return "other inputs"
    return "" if old.sha256 == new.sha256 else f"{old.path.name} as it was before it was edited"


def _output(notebook: Path, folder: Path | None, suffix: str) -> Path | None:
    if folder is None:
        return None
    name = f"{notebook.stem}-{suffix}.ipynb" if suffix else notebook.name
    output = folder.resolve() / name
    if output == notebook:
        raise BadInput(
            f"The output would overwrite {notebook}.", fix="Choose another --output-dir."
        )
    return output
