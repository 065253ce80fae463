"""How the daemon is started, and what it is told of the settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from labline.deployment import processes, supervisor
from labline.deployment.places import Places
from labline.settings import Settings
from labline.telemetry import Otlp

#: seconds without an answer after which a process hangs, at least
_HANGS = 60.0
_OF_A_RUN = ("LABLINE_RUN_ID", "LABLINE_NOTEBOOK", "LABLINE_EXPERIMENT", "LABLINE_PROJECT")


class Daemon:
    """The daemon of one project, for who starts it."""

    def __init__(self, settings: Settings, places: Places) -> None:
        self._settings = settings
        self._places = places

    def start(self) -> bool:
        """Start it; return whether it answers."""
        # -P: a file in the project's folder must not stand in for a module.
        where = [str(self._places.root), str(self._places.base)]
        told = [*where, *self._bounds(), *self._traced()]
        argv = [sys.executable, "-P", "-m", supervisor.__name__, *told]
        with self._places.log(supervisor.NAME).open("ab") as log:
            result = subprocess.run(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False,
                cwd=self._places.root, env=self._environment(),
            )  # fmt: skip
        return result.returncode == 0

    def is_outdated(self, told: Sequence[str]) -> bool:
        """Whether what it was told when it was started is not what it would be told now."""
        wanted = self._bounds()
        # Whoever asks may have other variables OTEL_... than it was started with.
        if self._settings.telemetry.otlp is not None:
            wanted += self._traced()
        return [*told[: len(wanted)]] != wanted

    def _bounds(self) -> list[str]:
        access = self._settings.gateway.access_log
        hangs = max(_HANGS, self._settings.gateway.timeout)
        return [str(each) for each in (hangs, access.size, access.kept)]

    def _traced(self) -> list[str]:
        told = self._settings.telemetry
        on = Otlp.of(self._settings).endpoint("traces")
        return [str(told.sample), str(told.traces_per_second)] if on else []

    def _environment(self) -> dict[str, str]:
        # Started from a notebook that is being recorded, it is still not part of that run.
        mine = {name: value for name, value in os.environ.items() if name not in _OF_A_RUN}
        return {**mine, processes.MARK: processes.mark(self._places.identity, supervisor.NAME)}
