"""The kernel's side of labline: the recorder, and the kernel that has it built in.

Nothing here imports MLflow, pandas or pydantic before a recording needs it.
"""

from __future__ import annotations

from typing import Any

from labline.kernel.publishing import Ended
from labline.kernel.recorder import Recorder, RecordingStatus

__all__ = [
    "Ended",
    "Recorder",
    "RecordingStatus",
    "begin",
    "finish",
    "install",
    "recorder",
    "uninstall",
]

_installed: list[Recorder] = []


def install(shell: Any) -> Recorder:
    """Put a recorder on an IPython shell, once; return the shell's recorder."""
    known = next((item for item in _installed if item.shell is shell), None)
    if known is None:
        known = Recorder(shell)
        _installed.append(known)
    return known


def uninstall(shell: Any) -> None:
    """Take the shell's recorder away; what it records is ended and published."""
    for known in [item for item in _installed if item.shell is shell]:
        known.uninstall()
        _installed.remove(known)


def recorder() -> Recorder | None:
    """Return the recorder of this process, ``None`` where the extension is not loaded."""
    return _installed[-1] if _installed else None


def begin() -> RecordingStatus | None:
    """Start recording into the run that ``LABLINE_RUN_ID`` names, if it names one.

    The extension calls this as it loads; a job calls it where a kernel was started before the
    job's variables were set.
    """
    known = recorder()
    return known.attach() if known else None


def finish() -> Ended | None:
    """Close the open recording, if there is one, and publish it; never raises.

    The kernel does so on its way out; whoever drives it may call this before. What was recorded
    into a job's run is brought to disk only: the job has MLflow at hand, publishes and ends it.
    """
    known = recorder()
    return known.finish() if known else None
