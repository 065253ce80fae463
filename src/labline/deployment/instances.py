"""Boot, watch and observe the processes of releases."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from labline.deployment import predictions, processes, shadows, web
from labline.deployment.control import Control, Watch
from labline.deployment.gateway import Gateway, Health
from labline.deployment.keys import SigningKey
from labline.deployment.places import Places
from labline.deployment.releases import Instance, Stored
from labline.deployment.status import InstanceStatus
from labline.deployment.upstreams import socket_of
from labline.errors import BootFailed, Unreachable
from labline.records import SOCKETS, Command
from labline.settings import Settings
from labline.telemetry import Otlp

_HOST = "127.0.0.1"
# A release has its own environment: nothing of the platform's interpreter may reach into it.
_OWN = {"PYTHONPATH": "", "PYTHONHOME": "", "VIRTUAL_ENV": ""}


class PortLost(BootFailed):
    """Another process took a port of the release before the release did."""


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

    def __init__(
        self, settings: Settings, places: Places, control: Control, gateway: Gateway
    ) -> None:
        self._settings = settings
        self._places = places
        self._control = control
        self._gateway = gateway

    def boot(self, stored: Stored) -> None:
        """Start the instances of a release and keep them running."""
        captures = {shadows.VARIABLE: SigningKey.of(self._settings).secret(shadows.VARIABLE)}
        own = captures | predictions.variables(self._settings, stored.release)
        folder = self._places.metrics(stored.release.endpoint)
        folder.mkdir(parents=True, exist_ok=True)
        for each in stored.instances:
            command = process(each)
            counts = {"LABLINE_METRICS": str(folder), "LABLINE_INSTANCE": each.name}
            if each.has_socket:
                counts[SOCKETS] = str(self._places.sockets)
            env = {**command.env, **self._telemetry(stored, each.name), **own, **counts}
            self._control.add(each.name, Command(command.argv, env, command.cwd))

    def _telemetry(self, stored: Stored, instance: str) -> dict[str, str]:
        """Return what tells an instance where its traces, metrics and logs go."""
        release = stored.release
        name, _, version = release.model.partition("/")
        about = {
            "service.version": version,
            "service.instance.id": instance,
            "labline.model.name": name,
            "labline.model.version": version,
            "labline.endpoint": release.endpoint,
            "labline.release": str(release.id),
        }
        return Otlp.of(self._settings).variables(release.endpoint, about)

    def stop(self, stored: Stored) -> None:
        """Stop a release and wait until its instances have ended."""
        folder = self._places.metrics(stored.release.endpoint)
        for each in stored.instances:
            self._control.remove(each.name)
            socket_of(self._places.sockets, each.port).unlink(missing_ok=True)
            for counted in folder.glob(f"*_{each.name}.db"):
                counted.unlink(missing_ok=True)

    def await_ready(self, stored: Stored, timeout: float) -> None:
        """Return once every instance answers and serves what was asked for.

        Raises
        ------
        PortLost
            Another process listens on a port of the release.
        BootFailed
            One ended, is not ready in time, or serves something else.
        """
        deadline = time.monotonic() + timeout
        for each in stored.instances:
            while not (is_ready(each.port) and self._listens(each)):
                self._check_alive(stored, each)
                if time.monotonic() > deadline:
                    raise self._boot_failed(stored, each, f"was not ready within {timeout:g} s")
                time.sleep(0.1)
            said = identity(each.port)
            if said is None or not said.fits(stored):
                raise self._boot_failed(stored, each, f"serves {said}, not {stored.plan.model}")

    def _listens(self, instance: Instance) -> bool:
        """Whether the instance itself is who answers on its port."""
        watch = self._control.report().get(instance.name)
        return bool(watch and watch.pid and processes.listens(watch.pid, instance.port))

    def lost_port(self, instance: Instance) -> bool:
        """Whether an instance cannot stay up because another process listens on its port."""
        watch = self._control.report().get(instance.name)
        taken = not processes.port_is_free(_HOST, instance.port)
        return bool(watch and watch.ends and taken and not self._listens(instance))

    def _check_alive(self, stored: Stored, instance: Instance) -> None:
        if self.lost_port(instance):
            who = processes.holder(instance.port) or "another process"
            raise PortLost(f"Port {instance.port} was taken by {who} meanwhile.", fix="Once more.")
        watch = self._control.report().get(instance.name)
        if watch is None or watch.state == "stopped":
            raise self._boot_failed(stored, instance, "could not be started")
        if watch.ends:
            how = f"exit code {watch.exit_code}" if watch.exit_code is not None else "no exit code"
            raise self._boot_failed(stored, instance, f"ended with {how} before it was ready")

    def _boot_failed(self, stored: Stored, instance: Instance, what: str) -> BootFailed:
        log = self._places.tail(instance.name)
        release = stored.release
        lines = "\n".join(["", *(f"  {line}" for line in log)])
        which = f", instance {instance.number}" if len(stored.instances) > 1 else ""
        return BootFailed(
            f"Release {release.id} of {release.endpoint} ({release.model}){which} {what}.{lines}",
            fix=f"The whole log: {self._places.log(instance.name)}",
            endpoint=release.endpoint,
            release=release.id,
            log=log,
        )

    def observe(
        self, releases: Iterable[Stored], watches: Mapping[str, Watch]
    ) -> tuple[InstanceStatus, ...]:
        """Return how each instance really is."""
        seen = self._health() if watches else {}
        every = [(stored, each) for stored in releases for each in stored.instances]
        with ThreadPoolExecutor(8) as pool:
            found = pool.map(
                lambda one: _observe(one[0], one[1], watches.get(one[1].name), seen), every
            )
            return tuple(found)

    def _health(self) -> Mapping[str, Health]:
        try:
            return self._gateway.health()
        except Unreachable:
            return {}


def process(instance: Instance) -> Command:
    """Return the command that boots an instance, kept apart from the platform's interpreter."""
    command = instance.command
    return Command(command.argv, {**_OWN, **command.env}, command.cwd)


def is_ready(port: int) -> bool:
    """Whether an instance says that it is ready."""
    answer = web.get((_HOST, port), "/readyz")
    return answer is not None and answer.status == 200


def identity(port: int) -> Identity | None:
    """Return what an instance says it serves."""
    answer = web.get((_HOST, port), "/version")
    return Identity.of(answer.json()) if answer and answer.status == 200 else None


def _observe(
    stored: Stored, instance: Instance, watch: Watch | None, seen: Mapping[str, Health]
) -> InstanceStatus:
    release = stored.release
    said = identity(instance.port) if watch and watch.pid else None
    health = seen.get(stored.cluster)
    return InstanceStatus(
        endpoint=release.endpoint,
        release=release.id,
        number=instance.number,
        model=release.model,
        bento=release.bento,
        port=instance.port,
        pid=watch.pid if watch else None,
        state=_state(stored, instance, watch, said),
        serving=said.model if said else None,
        restarts=watch.restarts if watch else 0,
        healthy=health.instances.get(instance.port) if health else None,
    )


def _state(stored: Stored, instance: Instance, watch: Watch | None, said: Identity | None) -> str:
    if watch is None:
        return "down"
    if watch.state in ("crash loop", "stopped"):
        return watch.state
    if said and not said.fits(stored):
        return "wrong model"
    return "ready" if said and is_ready(instance.port) else "starting"
