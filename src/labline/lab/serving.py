"""Serving as surfaces ask for it: build, deploy, roll back, ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from labline.cards import Card, Carded, Tone, told
from labline.errors import NotFound
from labline.lab.ordering import Order, prepare, require_platform
from labline.lab.shapes import Answered, EndpointMetrics
from labline.records import Bento, Release

if TYPE_CHECKING:
    from pathlib import Path

    from labline.deployment import Comparison, Share
    from labline.deployment.meter import Sample
    from labline.lab.service import Lab, Progress
    from labline.serving.cloud import CloudDeployment, CloudPlan


@dataclass(frozen=True)
class Deployment(Carded):
    """What a deploy or a rollback came to."""

    release: Release
    url: str
    #: API key, given only when the endpoint is new; kept out of what a notebook shows
    key: str | None = field(default=None, repr=False)

    def card(self) -> Card:
        """Return how a notebook shows it: without the key, since a notebook keeps what it shows."""
        release = self.release
        facts = told(
            ("model", release.model),
            ("release", release.id),
            ("instances", len(release.ports) if len(release.ports) > 1 else None),
            ("url", self.url),
            ("share", f"{release.weight} %" if release.weight else None),
            ("copies", f"{release.mirrored} %" if release.mirrored else None),
        )
        notes = ["The key of this new endpoint is in the returned value: _.key"] * bool(self.key)
        tone: Tone = "good" if release.state == "live" else "open"
        return Card(f"Endpoint {release.endpoint}", str(release.state), tone, facts, notes)


@dataclass(frozen=True)
class ServingDesk:
    """Where model versions are built into Bentos and served on endpoints."""

    lab: Lab

    def export(self, reference: str, *, output: Path | None = None) -> Bento:
        """Build the Bento of a model version; the same version gives the same Bento.

        Raises
        ------
        NotFound
            No such version.
        ModelAltered
            Its files are not those that were registered.
        """
        from labline import serving

        model = self.lab.version(reference)
        folder = self.lab.tracking.registry.fetch(model)
        self.lab.promotions.check_files(model, folder)
        return serving.export(folder, model, settings=self.lab.settings, output=output)

    def deploy(self, order: Order, *, progress: Progress | None = None) -> Deployment:
        """Serve a model version on an endpoint; the release before it serves until it is ready.

        Raises
        ------
        NotFound
            There is no such version.
        BadInput
            The share or the number of instances cannot be.
        Conflict
            A candidate is on trial, or nothing is live to try it beside.
        Unreachable
            The platform is not up.
        BootFailed
            The release did not become ready; the old one keeps serving.
        """
        asked = prepare(self.lab, order)
        release: Release = self.lab.work(asked.workflow, asked.payload, progress)
        who = asked.payload["actor"]
        key = self.lab.endpoints.issue_key(release.endpoint, actor=who) if asked.fresh else None
        return Deployment(release, self.url(release.endpoint), key)

    def metrics(self, endpoint: str, *, window: float = 60.0, points: int = 60) -> EndpointMetrics:
        """Return how the releases of an endpoint answer; the gateway measures.

        Samples are taken when this is called, and while a rollout runs; they are kept for a
        quarter of an hour.

        Parameters
        ----------
        window
            Seconds to look back, as far as there are samples.
        points
            Spans that the history has at most for each release.

        Raises
        ------
        NotFound
            No such endpoint.
        Unreachable
            The gateway does not answer.
        """
        from labline.deployment import meter

        traffic = self.lab.endpoints.get(endpoint).traffic
        samples = self.lab.endpoints.meter.samples()
        now = samples[-1]
        start = meter.before(samples, now.at - window)
        looks = meter.thinned([each for each in samples if each.at >= start.at], window / points)
        return EndpointMetrics(
            endpoint,
            now.at,
            now.at - start.at,
            tuple(_answered(share, start, now) for share in traffic),
            tuple(
                _answered(share, before, after)
                for before, after in pairwise(looks)
                for share in traffic
            ),
            self._agreement(endpoint, traffic),
        )

    def _agreement(self, endpoint: str, traffic: Sequence[Share]) -> float | None:
        if not any(share.mirrored for share in traffic):
            return None
        return self.comparison(endpoint).agreement

    def comparison(self, endpoint: str, *, tolerance: float | None = None) -> Comparison:
        """Return how the candidate on an endpoint answers what the live release answers.

        Both keep a sample of the latest mirrored requests in memory. Two numbers agree where their
        relative difference is at most `tolerance`, 1e-6 unless given.

        Raises
        ------
        NotFound
            No such endpoint, or no release is on trial there.
        """
        if tolerance is None:
            return self.lab.endpoints.shadows.compare(endpoint)
        return self.lab.endpoints.shadows.compare(endpoint, tolerance)

    def manifests(
        self,
        target: str,
        reference: str,
        image: str,
        output: Path,
        *,
        canary_image: str = "",
        canary_weight: int = 0,
    ) -> list[Path]:
        """Write the files with which another system runs a model version; return their paths.

        Raises
        ------
        NotFound
            No such target or version.
        BadInput
            An image has no fixed tag, or a canary lacks its image or its weight.
        """
        from labline.deployment import public_keys
        from labline.serving import targets

        settings, model = self.lab.settings, self.lab.version(reference)
        workload = targets.Workload(
            settings.project.name, model.name, model.version, image, tuple(settings.stages),
            canary_image, canary_weight, model.name, public_keys(settings),
        )  # fmt: skip
        return targets.write(targets.find(target).files(workload), output)

    def to_cloud(self, reference: str, plan: CloudPlan) -> CloudDeployment:
        """Build the Bento of a model version and have BentoCloud serve it; see ``cloud.deploy``.

        The login of ``bentoml cloud login`` is that of the store in use: the project's own unless
        ``BENTOML_HOME`` is set.

        Raises
        ------
        Refused
            Nobody is signed in to BentoCloud, or who is may not.
        Unreachable
            BentoCloud does not answer.
        """
        from labline.serving import cloud

        return cloud.deploy(self.export(reference), plan, self.lab.settings)

    def shift(self, endpoint: str, weight: int, *, actor: str | None = None) -> Deployment:
        """Give the candidate on an endpoint `weight` percent of the requests.

        Raises
        ------
        NotFound
            No such endpoint, or no release is on trial.
        BadInput
            `weight` is no percent.
        """
        from labline.deployment import check_percent

        check_percent(weight)
        return self._change(endpoint, "shifted", actor, weight=weight)

    def finish(self, endpoint: str, *, actor: str | None = None) -> Deployment:
        """Lead all requests to the candidate on an endpoint; what was live stops.

        Raises
        ------
        NotFound
            No such endpoint, or no release is on trial.
        """
        return self._change(endpoint, "deployed", actor)

    def abort(self, endpoint: str, *, why: str = "", actor: str | None = None) -> Deployment:
        """Take the requests back from the candidate on an endpoint and stop it.

        Raises
        ------
        NotFound
            No such endpoint, or no release is on trial.
        """
        return self._change(endpoint, "aborted", actor, why=why)

    def _change(self, endpoint: str, to: str, actor: str | None, **more: Any) -> Deployment:
        require_platform(self.lab)
        candidate = self.lab.endpoints.candidate(endpoint)
        who = actor or self.lab.whoami()
        payload = {"endpoint": endpoint, "release": candidate.id, "to": to, "actor": who, **more}
        release: Release = self.lab.work("shift", payload, None)
        return Deployment(release, self.url(endpoint))

    def rollback(
        self, endpoint: str, *, actor: str | None = None, progress: Progress | None = None
    ) -> Deployment:
        """Bring back the release that served before.

        Raises
        ------
        NotFound
            No such endpoint, or nothing served before.
        """
        require_platform(self.lab)
        self.lab.endpoints.get(endpoint)
        payload = {"endpoint": endpoint, "actor": actor or self.lab.whoami()}
        release: Release = self.lab.work("rollback", payload, progress)
        return Deployment(release, self.url(endpoint))

    def url(self, endpoint: str) -> str:
        """Return the URL of an endpoint."""
        return f"{self.lab.platform.gateway.url}/{endpoint}"

    def predict(self, endpoint: str, body: bytes) -> Mapping[str, Any]:
        """Send a request body (JSON) to an endpoint and return its answer.

        Raises
        ------
        NotFound
            No such endpoint.
        BadInput
            The service refused the body; its problem details are in ``details``.
        Unreachable
            The gateway or the service does not answer.
        """
        from labline.deployment import send, trusted

        token = self.lab.endpoints.token(endpoint)
        trust = trusted(self.lab.settings)
        answer: Mapping[str, Any] = send(f"{self.url(endpoint)}/predict", body, token, trust=trust)
        return answer

    def example(self, endpoint: str) -> list[dict[str, Any]]:
        """Return rows that the endpoint's model takes: its input example."""
        live = self.lab.endpoints.get(endpoint).live
        if live is None:
            raise NotFound(f"Nothing is live on {endpoint!r}.", fix="labline deploy MODEL@STAGE")
        return self.lab.tracking.registry.example(self.lab.version(live.model))


def _answered(share: Share, before: Sample, after: Sample) -> Answered:
    from labline.deployment import meter

    found = meter.figures(share.release, before, after)
    return Answered(
        at=after.at,
        release=share.release,
        model=share.model,
        weight=share.weight,
        mirrored=bool(share.mirrored),
        requests=found.requests,
        errors=found.errors,
        error_rate=found.error_rate,
        per_second=found.per_second,
        p50_ms=found.p50_ms,
        p95_ms=found.p95_ms,
        p99_ms=found.p99_ms,
    )
