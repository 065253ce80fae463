"""Run uv, tell its progress to the log, keep its last words for an error."""

from __future__ import annotations

import logging
import re
import subprocess
from collections import deque
from pathlib import Path

from labline.errors import LablineError, Unreachable

logger = logging.getLogger(__name__)

_AWAY = re.compile(r"failed to fetch|error sending request|network was disabled|dns error", re.I)


class UvFailed(Exception):
    """uv ended with an error; callers say what that means."""

    def __init__(self, output: str) -> None:
        super().__init__(output)
        self.output = output

    def explained(self, error: LablineError) -> LablineError:
        """Return `error`, or :class:`Unreachable` where the packages could not be reached."""
        if not _AWAY.search(self.output):
            return error
        return Unreachable(
            "The package index cannot be reached.",
            fix="Check the network and uv's settings (UV_DEFAULT_INDEX, uv.toml), then repeat.",
            output=self.output,
        )


def run(*arguments: str, cwd: Path) -> None:
    """Run uv with the user's own settings, found from `cwd`.

    Raises
    ------
    UvFailed
        With the last lines that it wrote.
    """
    import uv

    last: deque[str] = deque(maxlen=40)
    command = [uv.find_uv_bin(), *arguments]
    logger.debug("running %s", " ".join(command))
    with subprocess.Popen(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            last.append(line.rstrip())
            logger.log(logging.DEBUG if line[:1] in " +" else logging.INFO, "uv: %s", last[-1])
    if process.returncode:
        raise UvFailed("\n".join(last).strip())
