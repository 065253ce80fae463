"""Put jobs into the queue."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
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
from labline.jobs.runs import Runs
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
    runs
        Opens the parent run of a sweep.
    """

    def __init__(self, settings: Settings, workflows: Workflows, runs: Runs) -> None:
        self._settings = settings
        self._workflows = workflows
        self._runs = runs

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
        if not self._known({id: order}, options.key):
            self._queue(id, taken, order, options.output_dir)
        return id

    def sweep(
        self,
        notebook: Path | str,
        values: Mapping[str, Any],
        space: Mapping[str, Sequence[Any]],
        options: Options,
    ) -> list[str]:
        """Queue a job for each point of a grid; see :meth:`labline.jobs.Jobs.sweep`."""
        taken = notebooks.snapshot(notebook)
        pins = self._pins(taken, options)
        orders = {
            _id(options.key, number): replace(
                self.order(taken, {**values, **point}, options, pins),
                name=f"{taken.path.stem} {_words(point)}",
            )
            for number, point in enumerate(_grid(space))
        }
        known = self._known(orders, options.key)
        if missing := [id for id in orders if id not in known]:
            parent = next(iter(known.values()), None) or self._parent(taken, orders, space, options)
            for id in missing:
                order = replace(orders[id], sweep=parent, siblings=tuple(orders))
                self._queue(id, taken, order, options.output_dir)
        return list(orders)

    def retry(self, state: WorkflowState) -> str:
        """Queue a job that has ended once more; see :meth:`labline.jobs.Jobs.retry`."""
        if not state.status.ended:
            raise Conflict(
                f"Job {state.id} is {state.status}.",
                fix=f"Wait for its end, or end it: labline jobs cancel {state.id}",
            )
        old, id = Order(**state.payload), _id(None)
        taken = notebooks.Snapshot(old.path, old.content())
        order = replace(old, retry_of=state.id, sweep=None, siblings=())
        output = Path(old.output).parent
        own = output == Path(old.snapshot).parent
        self._queue(id, taken, order, None if own else output)
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

    def _parent(
        self,
        taken: notebooks.Snapshot,
        orders: Mapping[str, Order],
        space: Mapping[str, Sequence[Any]],
        options: Options,
    ) -> str:
        """Open the run that those of a sweep are nested in."""
        first = next(iter(orders.values()))
        run = self._runs.open(
            taken.notebook,
            taken.path,
            kind="sweep",
            name=f"{taken.path.stem} over {', '.join(space)}",
            experiment=options.experiment,
            tags=options.tags,
            values={**first.parameters, **{k: _listed(v) for k, v in space.items()}},
        )
        return run.id

    def _known(self, orders: Mapping[str, Order], key: str | None) -> dict[str, str | None]:
        """Return the ids of `orders` that were submitted with this key before: id to sweep.

        Raises
        ------
        Conflict
            One was submitted as something else.
        """
        known = {}
        for id, state in self._workflows.states(list(orders) if key else []).items():
            old = Order(**state.payload)
            if other := _difference(old, orders[id]):
                raise Conflict(
                    f"The key {key!r} is that of job {id}, with {other}.",
                    fix="Give another key to another job.",
                )
            known[id] = old.sweep
        return known

    def _queue(
        self, id: str, taken: notebooks.Snapshot, order: Order, output_dir: Path | None
    ) -> None:
        place = self._settings.folder("jobs") / id
        place.mkdir(exist_ok=True)
        snapshot = place / "input.ipynb"
        snapshot.write_bytes(taken.content)
        apart = id if order.sweep or order.retry_of else ""
        output = _output(taken.path, output_dir, apart) or place / "output.ipynb"
        report = place / "report.html" if output.parent == place else output.with_suffix(".html")
        complete = replace(order, snapshot=str(snapshot), output=str(output), report=str(report))
        queue = of_group(order.group) if order.group else None
        self._workflows.submit(JOB, asdict(complete), id=id, queue=queue, priority=order.priority)


def _check(options: Options) -> None:
    if not -100 <= options.priority <= 100:
        raise BadInput(
            f"The priority {options.priority} is too high or too low.", fix="Give -100 to 100."
        )
    if options.cpus is not None and options.cpus < 1:
        raise BadInput(f"A job cannot run on {options.cpus} CPUs.", fix="Give at least 1.")


def _id(key: str | None, number: int = 0) -> str:
    """Return a new id, or the one that belongs to a key."""
    if key is None:
        return uuid4().hex[:12]
    return hashlib.sha256(f"{number} {key}".encode()).hexdigest()[:16]


def _difference(old: Order, new: Order) -> str:
    if old.notebook != new.notebook:
        return f"the notebook {old.path.name}"
    if old.parameters != new.parameters:
        return "other parameters"
    if old.modules != new.modules:
        return "its local modules as they were before they were edited"
    if old.inputs != new.inputs:
        return "other inputs"
    return "" if old.sha256 == new.sha256 else f"{old.path.name} as it was before it was edited"


def _grid(space: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    empty = [name for name, choices in space.items() if not choices]
    if empty or not space:
        raise BadInput(
            f"The sweep over {', '.join(empty) or 'nothing'} has no values.",
            fix="Give at least one: --sweep alpha=0.1,1,10",
        )
    return [dict(zip(space, point, strict=True)) for point in itertools.product(*space.values())]


def _listed(choices: Sequence[Any]) -> str:
    return ", ".join(map(str, choices))


def _words(point: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in point.items())


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
