"""Serving as surfaces ask for it: build, deploy, roll back, ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from labline.errors import Conflict, NotFound
from labline.records import Bento, Release

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
        actor: str | None = None,
        progress: Progress | None = None,
    ) -> Deployment:
        """Serve a model version on an endpoint; the release before it serves until it is ready.

        Raises
        ------
        Conflict
            The platform is not up.
        BootFailed
            The release did not become ready; the old one keeps serving.
        """
        self._require_platform()
        model = self.lab.version(reference)
        payload = {
            "model": model.label,
            "endpoint": endpoint or model.name,
            "environment": environment,
            "actor": actor or self.lab.whoami(),
        }
        fresh = payload["endpoint"] not in {item.name for item in self.lab.endpoints.list()}
        release: Release = self.lab.work("deployment", payload, progress)
        key = (
            self.lab.endpoints.issue_key(release.endpoint, actor=payload["actor"])
            if fresh
            else None
        )
        return Deployment(release, self.url(release.endpoint), key)

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
