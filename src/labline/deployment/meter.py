"""How releases answer, measured by the gateway.

Envoy counts since its start; a sample is what it has counted at one time, and figures are the
difference of two. Samples are taken when somebody looks, and kept for a quarter of an hour.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labline.deployment import web
from labline.deployment.places import Places, locked
from labline.errors import Unreachable

_QUERY = (
    "/stats?format=json&usedonly&histogram_buckets=detailed"
    "&filter=^cluster[.]release-[0-9-]*[.]upstream_rq_(completed|5xx|time)$"
)
_KEPT = 900.0
_APART = 0.9


@dataclass(frozen=True)
class Totals:
    """What one release has answered since the gateway started."""

    requests: int = 0
    #: answers with 5xx, the gateway's own for it too
    errors: int = 0
    #: milliseconds (middle of a bin) -> requests
    bins: Mapping[float, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Figures:
    """How a release answered for some time."""

    requests: int = 0
    errors: int = 0
    per_second: float = 0.0
    #: milliseconds; None without a request
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None

    @property
    def error_rate(self) -> float:
        """Share of the requests that failed."""
        return self.errors / self.requests if self.requests else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return them JSON-ready."""
        return {**self.__dict__, "error_rate": self.error_rate}


@dataclass(frozen=True)
class Sample:
    """What the gateway has counted at one time."""

    at: float
    #: release -> what it answered
    releases: Mapping[int, Totals]


def figures(release: int, before: Sample, after: Sample) -> Figures:
    """Return how a release answered between two samples."""
    old, new = before.releases.get(release, Totals()), after.releases.get(release, Totals())
    if new.requests < old.requests:  # the gateway was started anew in between
        old = Totals()
    requests = new.requests - old.requests
    bins = {at: count - old.bins.get(at, 0) for at, count in sorted(new.bins.items())}
    lasted = after.at - before.at
    return Figures(
        requests,
        new.errors - old.errors,
        requests / lasted if lasted > 0 else 0.0,
        *(_quantile(bins, share) for share in (0.5, 0.95, 0.99)),
    )


def _quantile(bins: Mapping[float, int], share: float) -> float | None:
    left = share * sum(bins.values())
    for at, count in bins.items():
        left -= count
        if count and left <= 0:
            return at
    return None


class Meter:
    """Take samples of one project's gateway, and keep the latest."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._path = places.state / "metrics.json"

    def samples(self) -> list[Sample]:
        """Return what is kept, oldest first, with a sample of now.

        Raises
        ------
        Unreachable
            The gateway does not answer.
        """
        with locked(self._places.lock("metrics")):
            kept = [each for each in self._read() if each.at > time.time() - _KEPT]
            if not kept or time.time() - kept[-1].at > _APART:
                kept.append(self._look())
                self._write(kept)
        return kept

    def _look(self) -> Sample:
        answer = web.get(self._places.admin, _QUERY)
        if answer is None or answer.status != 200:
            raise Unreachable("The gateway does not answer.", fix="labline status")
        return Sample(time.time(), _totals(answer.json()["stats"]))

    def _read(self) -> list[Sample]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return []
        return [_sample(at, releases) for at, releases in found]

    def _write(self, samples: Sequence[Sample]) -> None:
        rows = [
            (each.at, {id: (t.requests, t.errors, t.bins) for id, t in each.releases.items()})
            for each in samples
        ]
        scratch = self._path.with_suffix(".new")
        scratch.write_text(json.dumps(rows), encoding="utf-8")
        scratch.replace(self._path)


def _sample(at: float, releases: Mapping[str, Any]) -> Sample:
    return Sample(
        at,
        {
            int(id): Totals(requests, errors, {float(ms): count for ms, count in bins.items()})
            for id, (requests, errors, bins) in releases.items()
        },
    )


def _totals(stats: Sequence[Mapping[str, Any]]) -> dict[int, Totals]:
    counts: dict[int, dict[str, int]] = {}
    bins: dict[int, dict[float, int]] = {}
    for each in stats:
        if "histograms" in each:
            for one in each["histograms"].get("details", ()):
                bins[_release(one["name"])] = {
                    bin["lower_bound"] + bin["width"] / 2: bin["count"] for bin in one["totals"]
                }
        else:
            counts.setdefault(_release(each["name"]), {})[each["name"].rsplit("_", 1)[1]] = each[
                "value"
            ]
    return {
        id: Totals(found.get("completed", 0), found.get("5xx", 0), bins.get(id, {}))
        for id, found in counts.items()
    }


def _release(name: str) -> int:
    return int(name.split(".")[1].split("-")[1])


def before(samples: Sequence[Sample], at: float) -> Sample:
    """Return the last sample not after `at`, or the first there is."""
    return next((each for each in reversed(samples) if each.at <= at), samples[0])


def thinned(samples: Sequence[Sample], apart: float) -> list[Sample]:
    """Return samples that are at least `apart` seconds from each other; the last is among them."""
    kept: list[Sample] = []
    for each in reversed(samples):
        if not kept or kept[-1].at - each.at >= apart:
            kept.append(each)
    return kept[::-1]
