"""The platform of one project: worker, gateway and the instances of live releases."""

from __future__ import annotations

import logging
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain

import psutil
import sqlalchemy as sa

from labline.database import Database, workers
from labline.deployment import artifacts, processes, supervisor
from labline.deployment import gateway as gateway_process
from labline.deployment.control import GRACE, Control, Watch
from labline.deployment.daemon import Daemon
from labline.deployment.gateway import Gateway, envoy_binary
from labline.deployment.instances import Instances, PortLost
from labline.deployment.keys import Keys
from labline.deployment.places import Places, locked
from labline.deployment.releases import Releases, Stored
from labline.deployment.status import InstanceStatus, PlatformStatus
from labline.deployment.traffic import Traffic
from labline.errors import BootFailed, Conflict, Failed, LablineError
from labline.records import Command
from labline.settings import Settings
from labline.tracking.registry import ModelAltered

logger = logging.getLogger(__name__)

WORKER = "worker"
GATEWAY = gateway_process.NAME
#: seconds until gateway and worker must be ready
_START = 90.0
#: times that a release is booted before it gives up on ports: others may choose the same
_MOVES = 4
_OUTDATED = "[gateway], [serving] or [telemetry] in labline.toml were changed since."
_RESTART = "Start it anew: labline down, then labline up"


class Platform:
    """Start, stop and look at the platform.

    Parameters
    ----------
    settings
        Of the project.
    database
        The labline database.
    worker
        What runs the queues; ``labline worker`` unless told.
    """

    def __init__(
        self, settings: Settings, database: Database, *, worker: Command | None = None
    ) -> None:
        root = settings.root.resolve()
        self._settings = settings
        self._database = database
        self._worker = worker or Command(
            (sys.executable, "-P", "-m", "labline", "worker"), {"PYTHONUNBUFFERED": "1"}, str(root)
        )
        self.places = Places(root, root / settings.state.name)
        self.control = Control(self.places)
        self._daemon = Daemon(settings, self.places)
        self.gateway = Gateway(settings, self.places)
        self.releases = Releases(database)
        self.keys = Keys(settings, database)
        self.instances = Instances(settings, self.places, self.control, self.gateway)
        self.traffic = Traffic(self.places, self.control, self.gateway, self.releases, self.keys)

    @property
    def running(self) -> bool:
        """Whether the daemon lives."""
        return self.control.alive

    # -- up ---------------------------------------------------------------------------------

    def up(self) -> PlatformStatus:
        """Start what is not running and return once it is ready; twice is as good as once.

        What a daemon that was killed left behind is ended first. An instance that does not come
        up does not stop the rest: the status tells.

        Raises
        ------
        Refused
            This machine cannot run the platform.
        Conflict
            The gateway's port is taken.
        Failed
            Gateway or worker did not come up; of what was down nothing is left running.
        """
        envoy_binary()
        self.places.make()
        with locked(self.places.lock("platform")):
            if self.running:
                self.require_current()
                self._complete()
                self.traffic.sync()  # rates and limits may be others by now
                return self.status()
            self._clear()
            self._check_port()
            self.places.make()
            try:
                self._start()
            except BaseException:
                self._stop()
                raise
        return self._status(started=True)

    def require_current(self) -> None:
        """Return if the platform is up as labline.toml describes it.

        Raises
        ------
        Conflict
            It is not up, or was started with other settings.
        """
        if not self.running:
            raise Conflict("The platform is not up.", fix="Start it: labline up")
        self.control.require_ours()
        if self._is_outdated:
            raise Conflict(f"The platform is up, but {_OUTDATED}", fix=_RESTART)

    def _start(self) -> None:
        live = [self.on_free_ports(stored) for stored in self.releases.all_serving()]
        self.gateway.prepare(self.traffic.recorded())
        if not self._daemon.start():
            raise self._failed(supervisor.NAME, "did not start")
        self._watch(live)

    def _watch(self, live: list[Stored]) -> None:
        self.control.add(GATEWAY, self.gateway.command())
        self.control.add(WORKER, self._worker)
        for stored in live:
            self._boot(stored)
        self._await_ready()
        self._await_instances(live)
        self._move(live)

    def _move(self, live: list[Stored]) -> None:
        """Boot on other ports what lost one to a platform that came up at the same moment."""
        for _ in range(_MOVES):
            lost = [each for each in live if any(map(self.instances.lost_port, each.instances))]
            if not lost:
                return
            for stored in lost:
                self.instances.stop(stored)
            live = [self.on_free_ports(stored) for stored in lost]
            for stored in live:
                self._boot(stored)
            self.traffic.sync()
            self._await_instances(live)

    def _complete(self) -> None:
        """Start what a call that was killed did not come to."""
        serving, running = self.releases.all_serving(), self.control.report()
        absent = [
            each for each in serving if not {one.name for one in each.instances} <= {*running}
        ]
        if absent or not {GATEWAY, WORKER} <= running.keys():
            self._watch([self._placed(stored, running) for stored in absent])

    def _placed(self, stored: Stored, running: Mapping[str, Watch]) -> Stored:
        some = any(each.name in running for each in stored.instances)
        return stored if some else self.on_free_ports(stored)

    def _boot(self, stored: Stored) -> None:
        """Boot a release, unless its files are others, or gone: then its log says so."""
        try:
            artifacts.check(stored)
        except (ModelAltered, BootFailed) as error:
            with self.places.log(stored.name).open("a", encoding="utf-8") as log:
                log.write(f"{error}\n")
            logger.error("%s", error)
            return
        self.instances.boot(stored)

    @property
    def _is_outdated(self) -> bool:
        """Whether gateway or daemon were started with other settings than there are now."""
        return self.gateway.is_outdated or self._daemon.is_outdated(self.control.settings)

    def bring_up(self, stored: Stored, timeout: float) -> Stored:
        """Boot a release and return once it is ready; on other ports where it lost one meanwhile.

        Raises
        ------
        BootFailed
            It did not become ready; it may still run.
        """
        for left in reversed(range(_MOVES)):
            self.instances.boot(stored)
            try:
                self.instances.await_ready(stored, timeout)
                break
            except PortLost:
                if not left:
                    raise
                self.instances.stop(stored)
                stored = self.on_free_ports(stored)
        return stored

    def on_free_ports(self, stored: Stored) -> Stored:
        """Return the release on its ports, or on others where one is taken by now."""
        ports = stored.release.ports
        if all(processes.port_is_free("127.0.0.1", port) for port in ports):
            return stored
        return self.releases.move(stored.release.id, self.free_ports(len(ports)))

    def free_ports(self, count: int) -> tuple[int, ...]:
        """Return ports that no release is on."""
        taken = chain(*(other.release.ports for other in self.releases.all_serving()))
        return processes.pick_ports(count, taken)

    def _check_port(self) -> None:
        host, port = self._settings.gateway.host, self._settings.gateway.port
        if not processes.port_is_free(host, port):
            who = processes.holder(port)
            raise Conflict(
                f"Port {port} on {host} is taken{f' by {who}' if who else ''}.",
                fix=f"Stop it, or set another in labline.toml: [gateway] port = {port + 1}",
                port=port,
                holder=who,
            )

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _START
        while True:
            report = self.control.report()
            starting = [name for name in (GATEWAY, WORKER) if not self._is_up(name, report[name])]
            if not starting:
                return
            if time.monotonic() > deadline:
                raise self._failed(starting[0], f"was not ready within {_START:g} s")
            time.sleep(0.05)

    def _is_up(self, name: str, watch: Watch) -> bool:
        ready = self.gateway.ready if name == GATEWAY else self._has_signed_on(watch)
        if not ready and (watch.ends or watch.state == "stopped"):
            raise self._failed(name, f"ended with exit code {watch.exit_code} while it started")
        return ready

    def _has_signed_on(self, watch: Watch) -> bool:
        if watch.pid is None:
            return False
        try:
            born = psutil.Process(watch.pid).create_time()
        except psutil.NoSuchProcess:
            return False
        mine = sa.and_(
            workers.c.pid == watch.pid,
            workers.c.host == socket.gethostname(),
            # Where the clock was set since, the process seems younger: its next beat tells.
            sa.or_(workers.c.started > born - 1, workers.c.seen > born - 1),
        )
        with self._database.reading() as connection:
            return connection.execute(sa.select(workers.c.id).where(mine)).first() is not None

    def _await_instances(self, live: list[Stored]) -> None:
        deadline = time.monotonic() + self._settings.serving.boot_timeout
        while time.monotonic() < deadline:
            seen = self.instances.observe(live, self.control.report())
            if not any(_is_coming(each) for each in seen):
                return
            time.sleep(0.1)

    def _failed(self, name: str, what: str) -> Failed:
        log = self.places.tail(name)
        lines = "\n".join(["", *(f"  {line}" for line in log)])
        return Failed(
            f"The {name} {what}.{lines}", fix=f"The whole log: {self.places.log(name)}", log=log
        )

    # -- down -------------------------------------------------------------------------------

    def down(self) -> bool:
        """Stop everything and wait until it has ended; return whether anything ran."""
        if not self.places.state.is_dir():
            return bool(self._clear())
        with locked(self.places.lock("platform")):
            return self._stop()

    def _stop(self) -> bool:
        ran, theirs = self.running, self.control.places
        if ran:
            with suppress(LablineError):
                self.control.quit()
            self._await_end()
        if theirs != self.places:
            self._remove_sockets(theirs)
        return bool(self._clear()) or ran

    def _await_end(self) -> None:
        deadline = time.monotonic() + GRACE + 10
        while self.running:
            if time.monotonic() > deadline:
                processes.end(self.control.family(), grace=0)
                return
            time.sleep(0.05)

    def _clear(self) -> int:
        """End what a daemon that is gone left behind, and remove its sockets."""
        ended = processes.end(self._orphans())
        self.places.processes.unlink(missing_ok=True)
        self._remove_sockets(self.places)
        return ended

    def _remove_sockets(self, places: Places) -> None:
        for path in (places.control, places.admin, *places.sockets.glob("*.sock")):
            path.unlink(missing_ok=True)
        if places.sockets != places.state and places.sockets.is_dir():
            places.sockets.rmdir()

    def _orphans(self) -> set[psutil.Process]:
        prefix = processes.mark(self.places.identity, "").removesuffix(":")
        noted = processes.recorded(self.places.processes, self.places.identity)
        return {*processes.marked(prefix), *noted}

    # -- status -----------------------------------------------------------------------------

    def status(self) -> PlatformStatus:
        """Return how everything is; never raises for what is down."""
        return self._status(started=False)

    def _status(self, *, started: bool) -> PlatformStatus:
        watches, problem = self._look()
        return PlatformStatus(
            running=self.running,
            pid=self.control.pid,
            url=self.gateway.url,
            worker=self._worker_state(watches.get(WORKER)),
            gateway=self._gateway_state(watches.get(GATEWAY)),
            instances=self.instances.observe(self.releases.among(watches), watches),
            problem=problem,
            started=started,
        )

    def _look(self) -> tuple[dict[str, Watch], str]:
        if self.running:
            try:
                outdated = self._is_outdated
                problem = f"{_OUTDATED[0].upper()}{_OUTDATED[1:]} {_RESTART}" if outdated else ""
                return self.control.report(), problem
            except LablineError as error:
                return {}, str(error)
        left = len(self._orphans())
        if not left:
            return {}, ""
        return {}, (
            f"The supervisor was killed; {left} of its processes still run, unsupervised. "
            "labline up ends them and starts anew."
        )

    def _gateway_state(self, watch: Watch | None) -> str:
        return _state(watch, ready=bool(watch) and self.gateway.ready)

    def _worker_state(self, watch: Watch | None) -> str:
        return _state(watch, ready=watch is not None and self._has_signed_on(watch))


def _is_coming(instance: InstanceStatus) -> bool:
    """Whether an instance can be expected to serve soon."""
    if instance.restarts:
        return False
    return instance.state == "starting" or (instance.state == "ready" and not instance.healthy)


def _state(watch: Watch | None, *, ready: bool) -> str:
    if watch is None:
        return "down"
    if watch.state in ("crash loop", "stopped"):
        return watch.state
    return "ready" if ready else "starting"
