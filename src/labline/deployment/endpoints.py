"""Endpoints: deploy to them, roll them back, and issue keys for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from uuid import uuid4

from labline.deployment import artifacts, meter, proof
from labline.deployment.commands import template
from labline.deployment.comparing import Comparison
from labline.deployment.keys import TTL, ApiKey
from labline.deployment.names import check_name
from labline.deployment.observed import observed
from labline.deployment.places import locked
from labline.deployment.platform import Platform
from labline.deployment.releases import Plan, Stored
from labline.deployment.rollouts import Verdict, decide
from labline.deployment.shadows import Shadows
from labline.deployment.status import EndpointStatus
from labline.deployment.trials import Trial, check_instances, check_percent
from labline.errors import BootFailed, Conflict, LablineError, NotFound
from labline.records import Bento, Command, Release, ReleaseState
from labline.settings import RolloutSettings, Settings

_OVER = (ReleaseState.RETIRED, ReleaseState.FAILED, ReleaseState.ABORTED)


class Endpoints:
    """All endpoints of one project.

    Deployments to one endpoint happen one after the other, from whichever processes they come.
    """

    def __init__(self, settings: Settings, platform: Platform) -> None:
        self._settings = settings
        self._platform = platform
        self._releases = platform.releases
        self._keys = platform.keys
        #: how releases answer
        self.meter = meter.Meter(platform.places)
        #: how candidates' answers compare
        self.shadows = Shadows(settings, platform.releases)

    # -- deploy -----------------------------------------------------------------------------

    def deploy(
        self,
        endpoint: str,
        *,
        bento: Bento,
        command_for_port: Callable[[int], Command],
        python: str | Path,
        actor: str,
        key: str,
        instances: int = 1,
        trial: Trial | None = None,
    ) -> Release:
        """Boot a Bento, prove that it serves, and lead the endpoint's traffic to it.

        Until then the release before it serves; afterwards that one answers its last requests
        and stops. With a `key` that was used before, this goes on where that call ended. With a
        `trial` both serve, see :class:`Trial`.

        Raises
        ------
        BadInput
            The endpoint's name cannot be used.
        Conflict
            The platform is not up, a candidate is on trial, or there is nothing to try it beside.
        ModelAltered, BootFailed
            Its files are not the model's, or it did not become ready; nothing is left running.
        """
        check_name(endpoint)
        check_instances(instances)
        plan = Plan(
            bento.tag, bento.model, bento.model_digest, str(python), template(command_for_port)
        )
        with self._alone(endpoint):
            stored = self._releases.by_key(key)
            if stored is None:
                self._platform.require_current()
                previous = self._before(endpoint, trial)
                stored = self._releases.begin(
                    endpoint, plan, actor=actor, key=key, previous=previous, instances=instances
                )
            return self._complete(stored, trial)

    def follow(self, endpoint: str, stage: str) -> None:
        """Record that an endpoint serves what holds a stage; see ``EndpointStatus.stage``."""
        self._releases.follow(endpoint, stage)

    def _before(self, endpoint: str, trial: Trial | None) -> int | None:
        """Return the id of the release that a new one stands beside, or takes over from."""
        self._require_no_candidate(endpoint)
        live = self._releases.live(endpoint)
        if trial and live is None:
            raise Conflict(
                f"Nothing is live on {endpoint!r} that a candidate could be tried beside.",
                fix="Deploy it without --canary and --shadow.",
            )
        return live.release.id if live else None

    def _require_no_candidate(self, endpoint: str) -> None:
        if found := self._releases.candidate(endpoint):
            raise Conflict(
                f"Release {found.release.id} ({found.release.model}) is on trial on {endpoint!r}.",
                fix=f"First: labline traffic finish {endpoint}, or labline traffic abort "
                f"{endpoint}",
            )

    # -- trial ------------------------------------------------------------------------------

    def candidate(self, endpoint: str) -> Release:
        """Return the release that is tried beside the live one.

        Raises
        ------
        NotFound
            No such endpoint, or no release is on trial.
        """
        self._releases.require(endpoint)
        found = self._releases.candidate(endpoint)
        if found is None:
            raise NotFound(
                f"No release is on trial on {endpoint!r}.",
                fix="Begin one: labline deploy MODEL@STAGE --canary 10",
            )
        return found.release

    def shift(self, id: int, weight: int) -> Release:
        """Give a candidate `weight` percent of its endpoint's requests, and no copies any more.

        Raises
        ------
        Conflict
            It is not on trial any more.
        BadInput
            `weight` is no percent.
        """
        check_percent(weight)
        with self._alone(self._releases.get(id).release.endpoint):
            stored = self._on_trial(id)
            self._platform.require_current()
            return self._platform.traffic.join(stored, weight, 0).release

    def finish(self, id: int) -> Release:
        """Lead all traffic to a candidate; what was live stops. Once more changes nothing.

        Raises
        ------
        Conflict
            It is not on trial any more.
        """
        with self._alone(self._releases.get(id).release.endpoint):
            stored = self._releases.get(id)
            if stored.release.state is not ReleaseState.LIVE:
                self._platform.require_current()
                stored = self._platform.traffic.switch(self._on_trial(id))
            self._retire_others(stored.release)
            return stored.release

    def abort(self, id: int, reason: str) -> Release:
        """Take the traffic back from a candidate and stop it. Once more changes nothing.

        Raises
        ------
        Conflict
            It is not on trial any more.
        """
        with self._alone(self._releases.get(id).release.endpoint):
            stored = self._releases.get(id)
            if stored.release.state is not ReleaseState.ABORTED:
                stored = self._releases.abort(self._on_trial(id).release.id, reason)
            if self._platform.running:
                self._platform.traffic.sync()
                self._platform.traffic.drain(stored)
                self._platform.instances.stop(stored)
                self._platform.traffic.sync()
            return stored.release

    def release(self, id: int) -> Release:
        """Return one release as it stands."""
        return self._releases.get(id).release

    def prove(self, endpoint: str) -> None:
        """Return if what serves an endpoint can still boot; see :func:`proof.prove`."""
        self._platform.require_current()
        with self._alone(endpoint):
            proof.prove(self._platform, endpoint, self._settings.serving.boot_timeout)

    def judge(self, id: int, rules: RolloutSettings, since: float) -> Verdict:
        """Return what a rollout does with a candidate whose step began at `since`."""
        watches = self._platform.control.report()
        stored = self._releases.get(id)
        mine = [watches.get(each.name) for each in stored.instances]
        samples = self.meter.samples()
        now = samples[-1]
        window = meter.before(samples, max(since, now.at - rules.abort.window))
        return decide(
            rules,
            lasted=now.at - since,
            window=meter.figures(id, window, now),
            step=meter.figures(id, meter.before(samples, since), now),
            up=all(watch and watch.state not in ("crash loop", "stopped") for watch in mine),
            comparison=self._compared(stored.release, rules),
        )

    def _compared(self, candidate: Release, rules: RolloutSettings) -> Comparison | None:
        if candidate.mirrored:
            with suppress(NotFound):  # somebody has ended the trial just now
                return self.shadows.compare(candidate.endpoint, rules.abort.tolerance)
        return None

    def _on_trial(self, id: int) -> Stored:
        stored = self._releases.get(id)
        if stored.release.state is not ReleaseState.CANDIDATE:
            raise Conflict(f"Release {id} is {stored.release.state}, not on trial.")
        return stored

    # -- back -------------------------------------------------------------------------------

    def rollback(
        self, endpoint: str, *, actor: str, key: str, release: int | None = None
    ) -> Release:
        """Boot what served before the live release, prove it, and lead the traffic back to it.

        The result is a release of its own. Rolling back once more goes one further back, never
        to the release that was rolled away from. Of two people who roll back the same `release`
        only the first does.

        Raises
        ------
        NotFound
            No such endpoint, or nothing served before.
        Conflict
            The platform is not up, or another release than `release` is live.
        ModelAltered, BootFailed
            Its files are others now, or it does not come up; the live release keeps serving.
        """
        self._releases.require(endpoint)
        with self._alone(endpoint):
            stored = self._releases.by_key(key)
            if stored is None:
                self._platform.require_current()
                self._require_no_candidate(endpoint)
                back = self._earlier(endpoint, release)
                artifacts.check(back)
                stored = self._releases.begin(
                    endpoint,
                    back.plan,
                    actor=actor,
                    key=key,
                    previous=back.previous,
                    instances=len(back.instances),
                )
            return self._complete(stored)

    def _earlier(self, endpoint: str, release: int | None) -> Stored:
        live = self._releases.live(endpoint)
        proof.require_live(endpoint, live.release if live else None, release)
        if live is None or live.previous is None:
            what = f"before release {live.release.id}" if live else "yet"
            raise NotFound(
                f"Nothing was live on {endpoint!r} {what}.", fix="Deploy a version instead."
            )
        return self._releases.get(live.previous)

    def _complete(self, stored: Stored, trial: Trial | None = None) -> Release:
        """Carry a release on from wherever it stands."""
        release = stored.release
        if release.state is ReleaseState.FAILED:
            raise BootFailed(release.reason, endpoint=release.endpoint, release=release.id)
        if release.state is ReleaseState.STARTING:
            self._platform.require_current()
            release = self._bring_up(stored, trial).release
        if self._platform.running:
            self._retire_others(release)
        return release

    def _bring_up(self, stored: Stored, trial: Trial | None) -> Stored:
        try:
            artifacts.check(stored)
            running = self._platform.control.report()
            if not any(each.name in running for each in stored.instances):
                stored = self._platform.on_free_ports(stored)
            stored = self._platform.bring_up(stored, self._settings.serving.boot_timeout)
            if trial:
                return self._platform.traffic.join(stored, trial.weight, trial.mirrored)
            return self._platform.traffic.switch(stored)
        except BaseException as error:
            reason = error.message if isinstance(error, LablineError) else repr(error)
            self._give_up(stored, reason)
            raise

    def _give_up(self, stored: Stored, reason: str) -> None:
        # Each of these is tried, whatever the others meet: a full disk, say.
        with suppress(LablineError):
            self._releases.fail(stored.release.id, reason)
        with suppress(LablineError, OSError):
            self._platform.instances.stop(stored)
        with suppress(LablineError, OSError):
            self._platform.traffic.sync()

    def _retire_others(self, live: Release) -> None:
        """Stop what still runs on the endpoint and is not live, when its last request is done."""
        for stored in self._running(live.endpoint):
            release = stored.release
            abandoned = release.state is ReleaseState.STARTING and self._is_late(release)
            if abandoned:
                self._releases.fail(release.id, "Its deployment was abandoned.")
            elif release.state is ReleaseState.RETIRED:
                self._platform.traffic.drain(stored)
            if abandoned or release.state in _OVER:
                self._platform.instances.stop(stored)
        self._platform.traffic.sync()
        self._platform.places.prune_logs()

    def _running(self, endpoint: str) -> Iterable[Stored]:
        names = self._platform.control.report()
        found = self._releases.among(names)
        return [each for each in found if each.release.endpoint == endpoint]

    def _is_late(self, release: Release) -> bool:
        return time.time() - release.created > 2 * self._settings.serving.boot_timeout

    def _alone(self, endpoint: str) -> AbstractContextManager[None]:
        return locked(self._platform.places.lock(f"endpoint-{endpoint}"))

    # -- look -------------------------------------------------------------------------------

    def list(self) -> list[EndpointStatus]:
        """Return every endpoint: what is recorded, and what is real."""
        instances = self._platform.status().instances
        return [observed(self._platform, name, instances) for name in self._releases.endpoints()]

    def get(self, name: str) -> EndpointStatus:
        """Return one endpoint.

        Raises
        ------
        NotFound
            There is none of that name.
        """
        self._releases.require(name)
        return observed(self._platform, name, self._platform.status().instances)

    # -- keys -------------------------------------------------------------------------------

    def issue_key(self, endpoint: str, ttl: float = TTL, actor: str = "") -> str:
        """Return a new API key for an endpoint, good for `ttl` seconds; it is not stored.

        Raises
        ------
        NotFound
            No such endpoint.
        """
        self._releases.require(endpoint)
        return self._keys.issue(endpoint, ttl, actor)

    def token(self, endpoint: str, ttl: float = 60.0) -> str:
        """Return a key for a question of labline's own, good for `ttl` seconds; no record is kept.

        Raises
        ------
        NotFound
            No such endpoint.
        """
        self._releases.require(endpoint)
        return self._keys.mint(endpoint, uuid4().hex, time.time() + ttl)

    def revoke(self, id: str) -> ApiKey:
        """Make the gateway refuse a key from now on.

        Raises
        ------
        NotFound
            No such key.
        """
        key = self._keys.revoke(id)
        self._platform.traffic.sync()
        return key

    def list_keys(self, endpoint: str | None = None) -> Sequence[ApiKey]:
        """Return what is known of the issued keys, newest first.

        Raises
        ------
        NotFound
            No such endpoint.
        """
        if endpoint is not None:
            self._releases.require(endpoint)
        return self._keys.list(endpoint)
