"""What the gateway serves, made from the records; and the switch from one release to the next."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress

from labline.deployment.control import Control
from labline.deployment.envoy import RELEASE_HEADER, Backend, Routing
from labline.deployment.gateway import Gateway
from labline.deployment.keys import Keys
from labline.deployment.places import Places, locked
from labline.deployment.releases import Releases, Stored
from labline.errors import Failed, LablineError, Unreachable
from labline.records import ReleaseState

_ALL = 100
#: seconds that an old release goes on at least, and at most until its last request is answered
_DRAIN = (2.0, 60.0)
_PROOF = 15.0


class Traffic:
    """Where requests go."""

    def __init__(
        self, places: Places, control: Control, gateway: Gateway, releases: Releases, keys: Keys
    ) -> None:
        self._lock = places.lock("routing")
        self._sockets = places.sockets
        self._control = control
        self._gateway = gateway
        self._releases = releases
        self._keys = keys

    def recorded(self, *, ahead: Stored | None = None) -> Routing:
        """Return what the records say should be served, or what they will say after `ahead`.

        What runs and is not live has no traffic, but may still be answering its last requests.
        """
        running = self._control.report() if self._control.alive else {}
        endpoints: dict[str, list[Backend]] = {name: [] for name in self._releases.endpoints()}
        found = self._releases.among(running)
        for stored in found:
            others = endpoints.setdefault(stored.release.endpoint, [])
            others.append(self._backend(stored, weight(stored, found, ahead)))
        fixed = {name: tuple(backends) for name, backends in endpoints.items()}
        return Routing(fixed, self._keys.revoked())

    def _backend(self, stored: Stored, weight: int) -> Backend:
        release = stored.release
        sockets = self._sockets if all(each.has_socket for each in stored.instances) else None
        return Backend(release.id, release.ports, weight, release.mirrored, sockets)

    def sync(self) -> None:
        """Make the gateway serve what is recorded; without a gateway there is nothing to do."""
        if self._control.alive:
            with locked(self._lock):
                self._gateway.apply(self.recorded())

    def switch(self, new: Stored) -> Stored:
        """Lead an endpoint's traffic to a release that is ready; record it when it is proven.

        Raises
        ------
        Failed
            The gateway does not serve the release; all is as before.
        """
        with locked(self._lock):
            try:
                self._gateway.apply(self.recorded())
                self._await_healthy(new)
                self._gateway.apply(self.recorded(ahead=new))
                self._await_answer(new)
                return self._releases.go_live(new.release.id)
            except BaseException:
                with suppress(LablineError, OSError):
                    self._gateway.apply(self.recorded())
                raise

    def join(self, new: Stored, percent: int, mirrored: int) -> Stored:
        """Lead a share of an endpoint's traffic, or a copy of it, to a release that is ready.

        Raises
        ------
        Failed
            The gateway does not find the release healthy; all is as before.
        """
        with locked(self._lock):
            self._gateway.apply(self.recorded())
            self._await_healthy(new)
            shared = self._releases.share(new.release.id, percent, mirrored)
            self._gateway.apply(self.recorded())
            return shared

    def drain(self, old: Stored) -> None:
        """Wait until the last request to a release without traffic is answered."""
        shortest, longest = _DRAIN
        start = time.monotonic()
        while (waited := time.monotonic() - start) < longest:
            health = self._gateway.health().get(old.cluster)
            if waited >= shortest and (health is None or not health.active):
                return
            time.sleep(0.1)

    def _await_healthy(self, new: Stored) -> None:
        deadline = time.monotonic() + _PROOF
        while not ((seen := self._gateway.health().get(new.cluster)) and seen.healthy):
            if not self._control.alive:
                raise Unreachable("The supervisor ended meanwhile.", fix="Start it: labline up")
            if time.monotonic() > deadline:
                raise Failed(f"The gateway does not find release {new.release.id} healthy.")
            time.sleep(0.05)

    def _await_answer(self, new: Stored) -> None:
        release = new.release
        deadline = time.monotonic() + _PROOF
        token = self._keys.mint(release.endpoint, f"switch-{release.id}", time.time() + 60)
        headers = {"Authorization": f"Bearer {token}"}
        wanted = (200, str(release.id))
        while True:
            answer = self._gateway.ask(f"/{release.endpoint}/version", headers)
            if answer and (answer.status, answer.headers.get(RELEASE_HEADER)) == wanted:
                return
            if time.monotonic() > deadline:
                says = answer.body.decode("utf-8", "replace")[:500] if answer else "nothing"
                raise Failed(f"The gateway does not serve release {release.id}: it says {says}")
            time.sleep(0.05)


def weight(stored: Stored, among: Iterable[Stored], ahead: Stored | None = None) -> int:
    """Return the percent of its endpoint's traffic that a release gets.

    The live release gets what candidates leave; once `ahead` is live it gets all.
    """
    release = stored.release
    if ahead and ahead.release.endpoint == release.endpoint:
        return _ALL if release.id == ahead.release.id else 0
    if release.state is ReleaseState.LIVE:
        others = [each.release for each in among if each.release.endpoint == release.endpoint]
        return _ALL - sum(each.weight for each in others)
    return release.weight if release.state is ReleaseState.CANDIDATE else 0
