"""What a job may use: memory of its processes, and room for what its cells show."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psutil
    from nbformat import NotebookNode

_LOOK = 0.03
_FAMILY = 0.5
# What an output costs beside its text: a node in memory, JSON on disk.
_EACH = 300
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def amount(size: float) -> str:
    """Return a size as people write it: ``4 GiB``."""
    unit = 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.1f}".removesuffix(".0") + f" {_UNITS[unit]}"


class Ceiling:
    """Within the block, kill a process and its descendants if together they hold too much memory.

    What is looked at is resident memory, many times a second; a limit of the address space
    would count what numeric libraries only reserve. Pages that forked workers share count once.

    Attributes
    ----------
    exceeded
        The bytes held when the processes were killed; 0 if they were not.
    """

    def __init__(self, pid: int, limit: int) -> None:
        self.exceeded = 0
        self._limit = limit
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="labline-memory", daemon=True)

    def __enter__(self) -> Ceiling:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        import psutil

        family: list[psutil.Process] = []
        due = 0.0
        try:
            kernel = psutil.Process(self._pid)
            while not self._over.wait(_LOOK):
                if time.monotonic() >= due:
                    family, due = _family(kernel), time.monotonic() + _FAMILY
                if self._is_over(family):
                    _kill(_family(kernel))
                    return
        except psutil.NoSuchProcess:
            return
        except Exception:
            logging.getLogger(__name__).exception("The memory of a job is no longer watched")

    def _is_over(self, family: list[psutil.Process]) -> bool:
        if sum(map(_resident, family)) <= self._limit:
            return False
        # Resident memory counts a shared page in each process that has it.
        held = _resident(family[0]) if len(family) == 1 else sum(map(_own, family))
        self.exceeded = held if held > self._limit else 0
        return bool(self.exceeded)


def _family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _resident(process: psutil.Process) -> int:
    import psutil

    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _own(process: psutil.Process) -> int:
    """Return the memory of one of several processes: its share of what they have in common."""
    import psutil

    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.uss))
    except psutil.Error:
        return 0


def _kill(family: list[psutil.Process]) -> None:
    import contextlib

    import psutil

    for process in family:
        with contextlib.suppress(psutil.Error):
            process.kill()


class Room:
    """Room for what one cell shows; what does not fit is counted and not kept.

    Parameters
    ----------
    limit
        Bytes per cell, about.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = self._dropped = 0

    def clear(self) -> None:
        """Begin another cell."""
        self._used = self._dropped = 0

    def admit(self, message: Mapping[str, Any]) -> bool:
        """Cut a kernel's message to what there is room for; return whether to keep it."""
        kind, content = message["msg_type"], message["content"]
        if kind == "clear_output":
            self._used = 0
        elif kind == "stream":
            return self._admit_text(content)
        elif kind in ("display_data", "execute_result", "update_display_data"):
            return self._admit_data(content.get("data", {}))
        return True

    def _admit_text(self, content: dict[str, Any]) -> bool:
        whole = len(content["text"])
        content["text"] = content["text"][: max(0, self._limit - self._used)]
        self._used += len(content["text"]) + _EACH
        self._dropped += whole - len(content["text"])
        return bool(content["text"])

    def _admit_data(self, data: Mapping[str, Any]) -> bool:
        size = sum(len(one if isinstance(one, str) else repr(one)) for one in data.values())
        if self._used + size > self._limit:
            self._dropped += size
            return False
        self._used += size + _EACH
        return True

    def note(self) -> NotebookNode | None:
        """Return an output that says how much was dropped, if anything was."""
        from nbformat.v4 import new_output

        if not self._dropped:
            return None
        text = (
            f"[labline: {amount(self._dropped)} of output were dropped; a cell keeps "
            f"{amount(self._limit)}: jobs.output in labline.toml]\n"
        )
        return new_output("stream", name="stderr", text=text)
