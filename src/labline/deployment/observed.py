"""One endpoint as it stands: the record beside what its instances say."""

from __future__ import annotations

from collections.abc import Iterable

from labline.deployment.platform import Platform
from labline.deployment.releases import Releases
from labline.deployment.status import (
    EndpointStatus,
    InstanceStatus,
    Share,
    said_by,
    state_of,
)
from labline.deployment.traffic import weight


def observed(platform: Platform, name: str, instances: Iterable[InstanceStatus]) -> EndpointStatus:
    """Return one endpoint; `instances` are those of the whole platform."""
    releases = platform.releases
    mine = tuple(each for each in instances if each.endpoint == name)
    live = releases.live(name)
    before = releases.get(live.previous) if live and live.previous else None
    real = [each for each in mine if live and each.release == live.release.id]
    return EndpointStatus(
        name=name,
        url=f"{platform.gateway.url}/{name}",
        live=live.release if live else None,
        previous=before.release if before else None,
        state=state_of(real),
        serving=said_by(real),
        stage=releases.stage(name),
        elsewhere=tuple(each.release for each in releases.elsewhere(name)),
        instances=mine,
        traffic=_traffic(releases, name),
    )


def _traffic(releases: Releases, name: str) -> tuple[Share, ...]:
    found = [releases.live(name), releases.candidate(name)]
    up = [each for each in found if each]
    return tuple(
        Share(each.release.id, each.release.model, weight(each, up), each.release.mirrored)
        for each in up
    )
