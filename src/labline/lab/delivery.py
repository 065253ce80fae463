"""The bodies of the workflows in which several features meet: promotion, deployment, rollback."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from labline.lab import telling
from labline.lab.followup import FollowUp
from labline.lab.rolling import Rolling
from labline.records import Release, ReleaseState, to_dict

if TYPE_CHECKING:
    from collections.abc import Callable

    from labline.deployment import Trial
    from labline.lab.service import Lab
    from labline.ledger import Entry
    from labline.promotion import Promotion, Promotions
    from labline.workflows import Flow


@dataclass(frozen=True)
class Delivery:
    """What a worker does for a promotion, a deployment or a rollback."""

    lab: Lab

    def promote(self, flow: Flow, payload: dict[str, Any]) -> Promotion:
        """Judge a candidate, and let it hold the stage if it passes."""
        return self._followed(flow, self._promotions.run(flow, payload))

    def approve(self, flow: Flow, payload: dict[str, Any]) -> Promotion:
        """Record what somebody decides on a promotion that waits, and carry it out."""
        from labline.promotion import Approvals

        return self._followed(flow, Approvals(self._promotions).run(flow, payload))

    def _followed(self, flow: Flow, promotion: Promotion) -> Promotion:
        """Tell that something was promoted, and begin the deployment that it asks for."""
        if promotion.promoted:
            self.lab.jobs.notices.send(telling.of_promotion(promotion))
        return FollowUp(self.lab).begin(flow, promotion)

    @property
    def _promotions(self) -> Promotions:
        from labline.lab import preflight, trial
        from labline.promotion import Promotions

        lab = self.lab
        return Promotions(
            lab.rules,
            lab.tracking,
            lab.ledger,
            lab.jobs.replay,
            partial(trial.hold, lab),
            partial(trial.hold_back, lab),
            partial(preflight.look, lab),
        )

    def deploy(self, flow: Flow, payload: dict[str, Any]) -> Release:
        """Export a model version, prepare its environment, boot it, and lead traffic to it."""
        from labline import serving

        lab, endpoint = self.lab, payload["endpoint"]
        FollowUp(lab).check(payload)
        if payload.get("prove"):
            flow.publish("stage", f"proving that /{endpoint} could go back")
            flow.step("proof", lambda: lab.endpoints.prove(endpoint))
        flow.publish("stage", f"building the Bento of {payload['model']}")
        bento = flow.step("export", lambda: lab.serving.export(payload["model"]))
        flow.publish("stage", "preparing its environment")
        python = flow.step(
            "environment",
            lambda: serving.ensure_environment(
                bento, payload["environment"], settings=lab.settings
            ),
        )
        flow.publish("stage", f"starting it behind /{endpoint}")
        release = flow.step(
            "release",
            lambda: lab.endpoints.deploy(
                endpoint,
                bento=bento,
                command_for_port=lambda port: serving.boot_command(bento, python, port),
                python=python,
                actor=payload["actor"],
                key=flow.id,
                instances=payload.get("instances", 1),
                trial=_trial(payload),
            ),
        )
        if stage := payload.get("follows"):
            flow.step("stage", lambda: lab.endpoints.follow(endpoint, stage))
        done = "tried" if release.state is ReleaseState.CANDIDATE else "deployed"
        flow.step("ledger", lambda: self._record(done, release, flow.id, payload["actor"]))
        return release

    def roll_out(self, flow: Flow, payload: dict[str, Any]) -> Release:
        """Deploy by the steps of a stage, or not; see :class:`Rolling`."""
        return Rolling(self.lab, self.deploy, self._record).run(flow, payload)

    def shift(self, flow: Flow, payload: dict[str, Any]) -> Release:
        """Change the traffic of a candidate: a share, all of it, or none."""
        endpoints, id, to = self.lab.endpoints, payload["release"], payload["to"]
        flow.publish("stage", f"changing the traffic of release {id}")
        acts: dict[str, Callable[[], Release]] = {
            "deployed": lambda: endpoints.finish(id),
            "aborted": lambda: endpoints.abort(id, payload["why"]),
            "shifted": lambda: endpoints.shift(id, payload["weight"]),
        }
        release = flow.step("release", acts[to])
        flow.step("ledger", lambda: self._record(to, release, flow.id, payload["actor"]))
        return release

    def rollback(self, flow: Flow, payload: dict[str, Any]) -> Release:
        """Bring back the release that served before."""
        endpoint, actor, of = payload["endpoint"], payload["actor"], payload.get("release")
        flow.publish("stage", f"booting what served /{endpoint} before")
        release = flow.step(
            "release",
            lambda: self.lab.endpoints.rollback(endpoint, actor=actor, key=flow.id, release=of),
        )
        flow.step("ledger", lambda: self._record("rolled back", release, flow.id, actor))
        return release

    def _record(self, action: str, release: Release, key: str, actor: str) -> Entry:
        entry = self.lab.ledger.append(
            actor=actor,
            action=action,
            model=release.model.partition("/")[0],
            subject=f"{release.model} on /{release.endpoint}",
            key=key,
            payload=to_dict(release),
        )
        if notice := telling.of_release(action, release, key, actor):
            self.lab.jobs.notices.send(notice)
        return entry


def _trial(payload: dict[str, Any]) -> Trial | None:
    from labline.deployment import Trial

    weight, mirrored = payload.get("canary", 0), 100 * payload.get("shadow", False)
    return Trial(weight, mirrored) if weight or mirrored else None
