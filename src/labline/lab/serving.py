"""Serving as surfaces ask for it: build, deploy, roll back, ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from labline.errors import Conflict, NotFound
from labline.records import Bento, Release, to_dict

if TYPE_CHECKING:
    from pathlib import Path

    from labline.lab.service import Lab, Progress

EnvironmentMode = Literal["locked", "current"]


@dataclass(frozen=True)
class Deployment:
    """What a deploy or a rollback came to."""

    release: Release
    url: str
    #: API key, given only when the endpoint is new; kept out of what a notebook shows
    key: str | None = field(default=None, repr=False)


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

    def deploy(
        self,
        reference: str,
        *,
        endpoint: str | None = None,
        environment: EnvironmentMode = "locked",
        canary: int = 0,
        shadow: bool = False,
        now: bool = False,
        actor: str | None = None,
        progress: Progress | None = None,
    ) -> Deployment:
        """Serve a model version on an endpoint; the release before it serves until it is ready.

        Parameters
        ----------
        canary
            Percent of the requests that it answers beside the live release, until it is finished
            or aborted; 0: it takes over at once.
        shadow
            Whether it gets a copy of each request beside the live release, which alone answers.
        now
            Whether it takes over at once and without proof of a way back, though the stage that
            `reference` names has a rollout, or the gate ``rollback``.

        Raises
        ------
        Conflict
            The platform is not up, a candidate is on trial, or nothing is live to try it beside.
        BootFailed
            The release did not become ready; the old one keeps serving.
        """
        from labline.deployment import check_percent

        self._require_platform()
        if canary:
            check_percent(canary)
        model = self.lab.version(reference)
        payload: dict[str, Any] = {
            "model": model.label,
            "endpoint": endpoint or model.name,
            "environment": environment,
            "canary": canary,
            "shadow": shadow and not canary,
            "actor": actor or self.lab.whoami(),
        }
        fresh = payload["endpoint"] not in {item.name for item in self.lab.endpoints.list()}
        stage = None if canary or shadow or now else self._planned(reference, payload)
        name = "rollout" if stage else "deployment"
        payload |= {"stage": stage, "prove": not now and not stage and self._proves(reference)}
        release: Release = self.lab.work(name, payload, progress)
        key = (
            self.lab.endpoints.issue_key(release.endpoint, actor=payload["actor"])
            if fresh
            else None
        )
        return Deployment(release, self.url(release.endpoint), key)

    def _planned(self, reference: str, payload: dict[str, Any]) -> str | None:
        from labline.lab.rolling import planned

        return planned(self.lab, reference, payload["endpoint"])

    def _proves(self, reference: str) -> bool:
        """Whether the stage that a reference names asks for a way back."""
        stage = self.lab.settings.stages.get(reference.partition("@")[2])
        return stage is not None and "rollback" in stage.gates

    def metrics(self, endpoint: str, *, window: float = 60.0) -> dict[str, Any]:
        """Return how the releases of an endpoint answer, JSON-ready; the gateway measures.

        ``releases`` has, for the last `window` seconds (as far as there are samples), requests,
        errors, error_rate, per_second, p50_ms, p95_ms and p99_ms; ``history`` the same for each
        span between two samples of the last quarter of an hour. Samples are taken when this is
        called, and while a rollout runs.

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
        return {
            "endpoint": endpoint,
            "at": now.at,
            "window": now.at - start.at,
            "releases": [
                {**to_dict(share), **meter.figures(share.release, start, now).to_dict()}
                for share in traffic
            ],
            "history": [
                {
                    "at": after.at,
                    "release": share.release,
                    **meter.figures(share.release, before, after).to_dict(),
                }
                for before, after in pairwise(samples)
                for share in traffic
            ],
        }

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
        from labline.serving import targets

        settings, model = self.lab.settings, self.lab.version(reference)
        workload = targets.Workload(
            settings.project.name, model.name, model.version, image, tuple(settings.stages),
            canary_image, canary_weight,
        )  # fmt: skip
        return targets.write(targets.find(target).files(workload), output)

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
        self._require_platform()
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
        self._require_platform()
        self.lab.endpoints.get(endpoint)
        payload = {"endpoint": endpoint, "actor": actor or self.lab.whoami()}
        release: Release = self.lab.work("rollback", payload, progress)
        return Deployment(release, self.url(endpoint))

    def _require_platform(self) -> None:
        if not self.lab.platform.running:
            raise Conflict("The platform is not up.", fix="Start it: labline up")

    def url(self, endpoint: str) -> str:
        """Return the URL of an endpoint."""
        gateway = self.lab.settings.gateway
        return f"http://{gateway.host}:{gateway.port}/{endpoint}"

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
        from labline.deployment import send

        token = self.lab.endpoints.token(endpoint)
        answer: Mapping[str, Any] = send(f"{self.url(endpoint)}/predict", body, token)
        return answer

    def example(self, endpoint: str) -> list[dict[str, Any]]:
        """Return rows that the endpoint's model takes: its input example."""
        live = self.lab.endpoints.get(endpoint).live
        if live is None:
            raise NotFound(f"Nothing is live on {endpoint!r}.", fix="labline deploy MODEL@STAGE")
        return self.lab.tracking.registry.example(self.lab.version(live.model))
