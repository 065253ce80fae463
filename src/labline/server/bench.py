"""Where requests meet the Lab: off the event loop, made when first needed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from labline.errors import NotFound, Unreachable

if TYPE_CHECKING:
    from labline.lab import Lab
    from labline.settings import Edition

Answer = TypeVar("Answer")
#: threads for questions to MLflow, and for all others: one that is slow must not hold up both
THREADS = {"tracking": 4, "database": 4}
PATIENCE = 30.0


class NoProject(NotFound):
    """There is no labline project here."""


class Bench:
    """One Lab for one server, opened again when the policy is edited; its calls run in threads.

    Parameters
    ----------
    start
        Folder that the server shows; the project is the nearest ``labline.toml`` at or above it.
    patience
        Seconds that a request may take. The stores behind the Lab can be far away.
    """

    def __init__(self, start: Path, *, patience: float = PATIENCE) -> None:
        self._start = start
        self._patience = patience
        self._opened: tuple[Edition, Lab] | None = None
        self._opening = threading.Lock()
        self._threads = {
            store: ThreadPoolExecutor(most, thread_name_prefix=f"labline-{store}")
            for store, most in THREADS.items()
        }

    async def run(self, call: Callable[[Lab], Answer], *, store: str = "database") -> Answer:
        """Run `call`, which waits for `store`, with the Lab in a thread.

        Raises
        ------
        NoProject
            There is no ``labline.toml`` and nothing was recorded yet.
        Unreachable
            The answer did not come in time.
        """
        loop = asyncio.get_running_loop()
        answer = loop.run_in_executor(self._threads[store], lambda: call(self.open()))
        try:
            return await asyncio.wait_for(answer, self._patience)
        except TimeoutError as error:
            raise Unreachable(
                f"labline's stores did not answer within {self._patience:g} seconds.",
                fix="Check that the tracking server and the database that this project is set "
                "to use are up; `labline doctor` names what does not answer.",
            ) from error

    def close(self) -> None:
        """Let go of the threads without waiting for them."""
        for threads in self._threads.values():
            threads.shutdown(wait=False, cancel_futures=True)

    def open(self) -> Lab:
        """Return the Lab as the policy is now; it is made here and now if need be.

        Raises
        ------
        NoProject
            There is no ``labline.toml`` and nothing was recorded yet.
        """
        from labline.settings import edition

        root = _project(self._start)
        now = edition(root)
        with self._opening:
            if self._opened is None or self._opened[0] != now:
                from labline.lab import Lab

                self._opened = now, Lab.from_(root)
            return self._opened[1]


def _project(start: Path) -> Path:
    # Making a Lab makes a state folder, and a glance at a sidebar must not do that.
    from labline.settings import POLICY_FILE, STATE_FOLDER, find_root

    root = find_root(start)
    if (root / POLICY_FILE).is_file() or (root / STATE_FOLDER).is_dir():
        return root
    raise NoProject(
        f"There is no {POLICY_FILE} in {start} or a folder above it.",
        fix="Run `labline init` in a terminal, in the folder of your project.",
    )
