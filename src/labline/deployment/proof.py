"""Going back: the proof that it could be done, and that it is still what somebody means."""

from __future__ import annotations

from dataclasses import replace

from labline.deployment import artifacts
from labline.deployment.instances import process
from labline.deployment.platform import Platform
from labline.deployment.releases import Stored
from labline.errors import BootFailed, Conflict, Refused
from labline.records import Command, Release
from labline.tracking.registry import ModelAltered


class Spare(Stored):
    """One more process of a release that serves."""

    @property
    def name(self) -> str:
        """Name of its process and log; no release's."""
        return f"spare-{self.release.id}"


def prove(platform: Platform, endpoint: str, timeout: float) -> None:
    """Return if the release that serves an endpoint can still boot.

    Raises
    ------
    Refused
        It cannot: nothing could be rolled back to.
    """
    live = platform.releases.live(endpoint)
    if live is None:
        return
    ports = platform.free_ports(1)
    spare = Spare(replace(live.release, ports=ports), live.plan, live.key, live.previous)
    try:
        artifacts.check(spare)
        platform.instances.boot(spare)
        platform.instances.await_ready(spare, timeout)
    except (BootFailed, ModelAltered) as error:
        raise Refused(
            f"The deployment is refused: what serves {endpoint!r} now does not boot any more, so "
            f"nothing could be rolled back to. {error.message}",
            fix="Deploy with --now to take over without a way back.",
        ) from error
    finally:
        platform.instances.stop(spare)


def require_live(endpoint: str, live: Release | None, release: int | None) -> None:
    """Return if `release`, where one is named, is what serves an endpoint.

    Raises
    ------
    Conflict
        Another one is, by now: who rolls that back as well goes one too far.
    """
    if release in (None, live.id if live else None):
        return
    what = f"{live.model} (release {live.id})" if live else "nothing"
    raise Conflict(
        f"Release {release} is not live on {endpoint!r} any more: {what} is. Nothing was changed.",
        fix=f"Look at what it serves, labline endpoints; to go further back: "
        f"labline rollback {endpoint}",
    )


def again(stored: Stored, port: int) -> Command:
    """Return the command that boots a release once more, on another port.

    Raises
    ------
    ModelAltered
        Its files are others now.
    """
    artifacts.check(stored)
    (spare,) = replace(stored, release=replace(stored.release, ports=(port,))).instances
    return process(spare)
