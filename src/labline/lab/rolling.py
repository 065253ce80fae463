"""The body of a rollout: a candidate is given traffic by steps, or it is taken back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labline.errors import Conflict, Unreachable
from labline.records import Release, ReleaseState

if TYPE_CHECKING:
    from labline.deployment.rollouts import Verdict
    from labline.lab.service import Lab
    from labline.settings import RolloutSettings
    from labline.workflows import Flow

_LOOK = 1.0
#: release, payload of a deployment -> the release, tried
Try = Callable[["Flow", dict[str, Any]], Release]
Record = Callable[[str, Release, str, str], Any]


@dataclass(frozen=True)
class Rolling:
    """What a worker does for a rollout. What it has decided is recorded before it goes on."""

    lab: Lab
    begin: Try
    record: Record

    def run(self, flow: Flow, payload: dict[str, Any]) -> Release:
        """Give a model version traffic by the steps of its stage; return the release at the end.

        Its state says how that was: live, or aborted with the reason.
        """
        rules = self.lab.rules.stage(payload["stage"]).rollout
        if rules is None:
            raise Conflict(
                f"The stage {payload['stage']!r} has no rollout here.",
                fix="See the labline.toml of the worker, and deploy again.",
            )
        flow.publish("stage", f"proving that /{payload['endpoint']} could go back")
        flow.step("proof", lambda: self.lab.endpoints.prove(payload["endpoint"]))
        first = {"shadow": True} if rules.shadow else {"canary": rules.steps[0] % 100}
        release = self.begin(flow, {**payload, **first})
        if release.mirrored:
            release = self._shadow(flow, rules, release, payload["actor"])
        for weight in rules.steps:
            if release.state is ReleaseState.CANDIDATE:
                release = self._step(flow, rules, release, weight, payload["actor"])
        return release

    def _step(
        self, flow: Flow, rules: RolloutSettings, release: Release, weight: int, actor: str
    ) -> Release:
        id, endpoints = release.id, self.lab.endpoints
        if weight == 100:
            return self._change(flow, "deployed", lambda: endpoints.finish(id), weight, actor)
        if weight != release.weight:
            shifted = self._change(
                flow, "shifted", lambda: endpoints.shift(id, weight), weight, actor
            )
            if shifted.state is not ReleaseState.CANDIDATE:
                return shifted
        flow.publish("stage", f"{release.model} answers {weight} % for {rules.every:.0f} s")
        return self._judged(flow, rules, release, str(weight), actor)

    def _shadow(self, flow: Flow, rules: RolloutSettings, release: Release, actor: str) -> Release:
        """Let a release see copies of all requests, and hold its answers against the live ones."""
        flow.publish("stage", f"{release.model} sees copies for {rules.shadow:.0f} s")
        return self._judged(flow, rules, release, "shadow", actor)

    def _judged(
        self, flow: Flow, rules: RolloutSettings, release: Release, step: str, actor: str
    ) -> Release:
        """Watch a release until a step of it is over; take it back where a rule is broken."""
        id, endpoints = release.id, self.lab.endpoints
        since = flow.step(f"begin {step}", time.time)
        verdict = flow.step(f"watch {step}", lambda: self._watch(flow, rules, release, since))
        if verdict is None:  # somebody has finished or aborted it meanwhile
            return endpoints.release(id)
        if verdict.move == "abort":
            flow.publish("stage", f"aborting: {verdict.reason}")
            return self._change(
                flow, "aborted", lambda: endpoints.abort(id, verdict.reason), step, actor
            )
        return release

    def _change(
        self, flow: Flow, what: str, call: Callable[[], Release], weight: int | str, actor: str
    ) -> Release:
        release = flow.step(f"{what} {weight}", call)
        key = f"{flow.id}-{what}-{weight}"
        flow.step(f"ledger {what} {weight}", lambda: self.record(what, release, key, actor))
        return release

    def _watch(
        self, flow: Flow, rules: RolloutSettings, release: Release, since: float
    ) -> Verdict | None:
        """Return the verdict that ends a step; None where somebody else has ended the trial."""
        while self.lab.endpoints.release(release.id).state is ReleaseState.CANDIDATE:
            try:
                verdict = self.lab.endpoints.judge(release.id, rules, since)
            except Unreachable:
                verdict = None
            if verdict and verdict.move != "hold":
                return verdict
            flow.stopping.wait(_LOOK)
            flow.check()
        return None
