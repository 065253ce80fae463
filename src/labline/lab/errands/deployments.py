"""Deployments and rollbacks that are asked for and not waited for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labline.errors import NotFound
from labline.lab.errands.failures import failure_of
from labline.lab.ordering import Order, prepare, require_platform
from labline.lab.shapes import DeploymentState
from labline.records import JobStatus, Release

if TYPE_CHECKING:
    from labline.lab.errands.errands import Errands
    from labline.lab.service import Lab
    from labline.workflows import WorkflowState

KINDS = ("deployment", "rollout", "rollback", "shift")


@dataclass(frozen=True)
class DeploymentErrands:
    """Ask for deployments and rollbacks, and look what became of them."""

    errands: Errands

    @property
    def _lab(self) -> Lab:
        return self.errands.lab

    def deploy(self, order: Order) -> str:
        """Queue a deployment, or a rollout, and return its id; see :func:`prepare`."""
        asked = prepare(self._lab, order)
        return self.errands.give(asked.workflow, asked.payload)

    def rollback(self, endpoint: str, *, actor: str, release: int | None = None) -> str:
        """Queue a rollback, of `release` if that is named, and return its id.

        Raises
        ------
        NotFound
            There is no such endpoint, or nothing served before.
        Conflict
            Another release than `release` is live.
        Unreachable
            The platform is not up.
        """
        from labline.deployment import require_live

        found = self._lab.endpoints.get(endpoint)
        require_live(endpoint, found.live, release)
        if found.previous is None:
            raise NotFound(
                f"Nothing was live on {endpoint!r} before.", fix="Deploy a version instead."
            )
        require_platform(self._lab)
        payload = {"endpoint": endpoint, "actor": actor, "release": release}
        return self.errands.give("rollback", payload)

    def shift(
        self, endpoint: str, *, to: str, weight: int | None = None, why: str = "", actor: str
    ) -> str:
        """Queue a change of the candidate on an endpoint and return its id.

        Parameters
        ----------
        to
            ``shifted`` to `weight` percent, ``deployed`` (it takes over) or ``aborted``.

        Raises
        ------
        NotFound
            No such endpoint, or no release is on trial.
        BadInput
            `weight` is no percent.
        Unreachable
            The platform is not up.
        """
        from labline.deployment import check_percent

        more: dict[str, Any] = {"why": why} if to == "aborted" else {}
        if to == "shifted":
            check_percent(weight or 0)
            more = {"weight": weight}
        require_platform(self._lab)
        candidate = self._lab.endpoints.candidate(endpoint)
        payload = {"endpoint": endpoint, "release": candidate.id, "to": to, "actor": actor, **more}
        return self.errands.give("shift", payload)

    def look(self, id: str) -> DeploymentState:
        """Return one deployment or rollback.

        Raises
        ------
        NotFound
            There is none with this id.
        """
        state = self._lab.workflows.states([id]).get(id)
        if state is None or state.name not in KINDS:
            raise NotFound(f"There is no deployment {id!r}.", fix="See GET deployments.")
        return self._told(state)

    def list(self, *, endpoint: str | None = None, limit: int = 50) -> list[DeploymentState]:
        """Return deployments and rollbacks, newest first."""
        states = [one for kind in KINDS for one in self._lab.workflows.list(kind, limit=limit)]
        mine = [one for one in states if endpoint in (None, one.payload["endpoint"])]
        mine.sort(key=lambda state: state.created, reverse=True)
        return [self._told(state) for state in mine[:limit]]

    def _told(self, state: WorkflowState) -> DeploymentState:
        release = state.result if isinstance(state.result, Release) else None
        return DeploymentState(
            id=state.id,
            kind=state.name,
            endpoint=state.payload["endpoint"],
            model=release.model if release else state.payload.get("model"),
            actor=state.payload["actor"],
            state=str(state.status),
            asked=state.created,
            progress=self._progress(state),
            release=release,
            url=self._lab.serving.url(state.payload["endpoint"]),
            wants_key=bool(release and state.payload.get("fresh") and not self._has_key(release)),
            failure=failure_of(state.error),
        )

    def _progress(self, state: WorkflowState) -> str:
        if state.status is not JobStatus.RUNNING:
            return ""
        return str(self._lab.workflows.events(state.id).get("stage", ""))

    def _has_key(self, release: Release) -> bool:
        return bool(self._lab.endpoints.list_keys(release.endpoint))
