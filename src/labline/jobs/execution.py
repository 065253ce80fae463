"""Execute a notebook in a fresh kernel; all that runs notebooks comes through here."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline import notebooks
from labline.errors import BadParameter, CellFailed
from labline.workflows import Flow

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from labline.jobs.client import Progress

#: why a notebook ended other than by a cell that raised: ``exception`` of its failure
MEMORY = "MemoryLimit"
TIME = "TimeLimit"
DEAD = "DeadKernel"
CANCELLED = "Cancelled"


@dataclass(frozen=True)
class Plan:
    """How a notebook is to be executed."""

    #: name of the notebook, for messages
    name: str
    #: working directory of the kernel
    folder: Path
    #: environment variables of the kernel, beside those of this process
    environment: Mapping[str, str] = field(default_factory=dict)
    #: name of the kernel; the notebook's own unless given
    kernel: str | None = None
    #: whether the kernel starts warm, if the project has it so
    warm: bool = True
    #: seconds for all cells together; None is no limit
    timeout: float | None = None
    #: bytes that the kernel and its descendants may hold; None is no limit
    memory: int | None = None
    #: CPUs that the kernel may use, where the system can tell it so; None is all
    cpus: int | None = None
    #: seconds that a cell has, once interrupted, to end itself when the job is cancelled
    grace: float = 5.0
    #: bytes of what each cell shows that are kept
    room: int = 20 * 2**20
    #: file that what the cells show is appended to, as text
    log: Path | None = None
    #: file that takes what the kernel's process itself prints
    noise: Path | None = None
    #: is told how many cells are done, of how many, and which one runs now
    on_progress: Progress | None = None
    #: options of papermill's and nbclient's client
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Execution:
    """What came of it."""

    notebook: NotebookNode
    #: cells done, cells in all
    progress: tuple[int, int]
    #: why it stopped before the end
    failure: CellFailed | None


def execute_notebook(notebook: NotebookNode, plan: Plan, *, output: Path) -> Execution:
    """Execute `notebook`, with its values injected, and keep what ran in `output`, also meanwhile.

    A cell that raises, the end of the time or the death of the kernel is in the
    :class:`Execution`. Within a workflow the notebook stops when the workflow is to stop.

    Raises
    ------
    BadNotebook
        The kernel is not installed.
    BadParameter
        An environment variable that a parameter refers to is not set.
    Interrupted
        The workflow that this is part of was stopped.
    """
    from labline.jobs.manager import Saving

    manager = Saving(notebooks.clear_outputs(notebook), output)
    manager.notebook_start()
    try:
        return execute_cells(manager, plan)
    finally:
        manager.notebook_complete()


def execute_cells(manager: Any, plan: Plan) -> Execution:
    """Execute the notebook of a papermill execution manager; see :func:`execute_notebook`."""
    from labline.jobs import kernels
    from labline.jobs.client import Cells

    secrets = require_secrets(manager.nb, {**os.environ, **plan.environment})
    with (
        kernels.private_manager(
            kernels.kernel_name(manager.nb, plan.name, plan.kernel), warm=plan.warm
        ) as kernel,
        _loop(),
        open(plan.noise, "wb") if plan.noise else nullcontext() as noise,  # noqa: PTH123
    ):
        cells = Cells(
            manager,
            plan,
            flow=Flow.current() or Flow(plan.name),
            secrets=secrets,
            km=kernel,
            resources={"metadata": {"path": str(plan.folder)}},
            extra_arguments=kernels.arguments(kernel),
            **plan.options,
        )
        streams = {"stdout": noise, "stderr": noise} if noise else {}
        env = kernels.environment(plan.environment, plan.cpus)
        cells.execute(env=env, cleanup_kc=True, **streams)
    return Execution(manager.nb, cells.progress, cells.failure)


def require_secrets(notebook: NotebookNode, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables, with values, that the injected values refer to.

    Raises
    ------
    BadParameter
        One is not set.
    """
    values = notebooks.injected_values(notebook)
    missing = notebooks.missing_secrets(values, environment)
    if missing:
        using = next(name for name, value in values.items() if value == f"env:{missing[0]}")
        raise BadParameter(
            f"The parameter {using!r} refers to env:{missing[0]}, which is not set where the "
            "notebook runs.",
            fix=f"Set {missing[0]} in the environment of the worker.",
            parameter=using,
        )
    return {name: environment[name] for name in notebooks.secrets(values)}


@contextmanager
def _loop() -> Iterator[None]:
    """Close, at the end, the event loop that nbclient makes in this thread."""
    from jupyter_core.utils import ensure_event_loop

    loop = ensure_event_loop()
    try:
        yield
    finally:
        if not loop.is_running():
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            # Within the loop: it need not be the one that asyncio takes for this thread's.
            loop.run_until_complete(_ended(left))
            loop.close()
            asyncio.set_event_loop(None)


async def _ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)
