"""Boot, watch and observe the processes of releases."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from labline.deployment import web
from labline.deployment.control import Control, Watch
from labline.deployment.gateway import Gateway, Health
from labline.deployment.places import Places
from labline.deployment.releases import Stored
from labline.deployment.status import InstanceStatus
from labline.deployment.traffic import backend
from labline.errors import BootFailed, Unreachable
from labline.records import Command

_HOST = "127.0.0.1"
# A release has its own environment: nothing of the platform's interpreter may reach into it.
_OWN = {"PYTHONPATH": "", "PYTHONHOME": "", "VIRTUAL_ENV": ""}


@dataclass(frozen=True)
class Identity:
    """What an instance says it serves."""

    #: ``MODEL/VERSION``
    model: str
    digest: str

    @classmethod
    def of(cls, version: Any) -> Identity | None:
        """Read the answer to ``GET /version``."""
        if not isinstance(version, dict) or not isinstance(version.get("model"), str):
            return None
        return cls(version["model"], str(version.get("model_digest", "")))

    def fits(self, stored: Stored) -> bool:
        """Whether that is what was deployed."""
        return (self.model, self.digest) == (stored.plan.model, stored.plan.digest)


class Instances:
    """The processes of releases."""

    def __init__(self, places: Places, control: Control, gateway: Gateway) -> None:
        self._places = places
        self._control = control
        self._gateway = gateway

    def boot(self, stored: Stored) -> None:
        """Start a release and keep it running."""
        self._control.add(stored.name, process(stored))

    def stop(self, stored: Stored) -> None:
        """Stop a release and wait until it has ended."""
        self._control.remove(stored.name)

    def await_ready(self, stored: Stored, timeout: float) -> None:
        """Return once a release answers and serves what was asked for.

        Raises
        ------
        BootFailed
            It ended, is not ready in time, or serves something else.
        """
        deadline = time.monotonic() + timeout
        while not is_ready(stored.release.port):
            self._check_alive(stored)
            if time.monotonic() > deadline:
                raise self._boot_failed(stored, f"was not ready within {timeout:g} s")
            time.sleep(0.1)
        said = identity(stored.release.port)
        if said is None or not said.fits(stored):
            raise self._boot_failed(stored, f"serves {said}, not {stored.plan.model}")

    def _check_alive(self, stored: Stored) -> None:
        watch = self._control.report().get(stored.name)
        if watch is None or watch.state == "stopped":
            raise self._boot_failed(stored, "could not be started")
        if watch.ends:
            how = f"exit code {watch.exit_code}" if watch.exit_code is not None else "no exit code"
            raise self._boot_failed(stored, f"ended with {how} before it was ready")

    def _boot_failed(self, stored: Stored, what: str) -> BootFailed:
        log = self._places.tail(stored.name)
        release = stored.release
        lines = "\n".join(["", *(f"  {line}" for line in log)])
        return BootFailed(
            f"Release {release.id} of {release.endpoint} ({release.model}) {what}.{lines}",
            fix=f"The whole log: {self._places.log(stored.name)}",
            endpoint=release.endpoint,
            release=release.id,
            log=log,
        )

    def observe(
        self, releases: Iterable[Stored], watches: Mapping[str, Watch]
    ) -> tuple[InstanceStatus, ...]:
        """Return how each release really is."""
        seen = self._health() if watches else {}
        with ThreadPoolExecutor(8) as pool:
            found = pool.map(lambda one: _observe(one, watches.get(one.name), seen), releases)
            return tuple(found)

    def _health(self) -> Mapping[str, Health]:
        try:
            return self._gateway.health()
        except Unreachable:
            return {}


def process(stored: Stored) -> Command:
    """Return the command that boots a release, kept apart from the platform's interpreter."""
    command = stored.command
    return Command(command.argv, {**_OWN, **command.env}, command.cwd)


def is_ready(port: int) -> bool:
    """Whether an instance says that it is ready."""
    answer = web.get((_HOST, port), "/readyz")
    return answer is not None and answer.status == 200


def identity(port: int) -> Identity | None:
    """Return what an instance says it serves."""
    answer = web.get((_HOST, port), "/version")
    return Identity.of(answer.json()) if answer and answer.status == 200 else None


def _observe(stored: Stored, watch: Watch | None, seen: Mapping[str, Health]) -> InstanceStatus:
    release = stored.release
    said = identity(release.port) if watch and watch.pid else None
    health = seen.get(backend(stored).cluster)
    return InstanceStatus(
        endpoint=release.endpoint,
        release=release.id,
        model=release.model,
        bento=release.bento,
        port=release.port,
        pid=watch.pid if watch else None,
        state=_state(stored, watch, said),
        serving=said.model if said else None,
        restarts=watch.restarts if watch else 0,
        healthy=health.healthy if health else None,
    )


def _state(stored: Stored, watch: Watch | None, said: Identity | None) -> str:
    if watch is None:
        return "down"
    if watch.state in ("crash loop", "stopped"):
        return watch.state
    if said and not said.fits(stored):
        return "wrong model"
    return "ready" if said and is_ready(stored.release.port) else "starting"
