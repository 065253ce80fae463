"""The promotion workflow: resolve, collect evidence, judge, register, move the alias, record."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, TypeVar

from labline.errors import LablineError, NotFound
from labline.ledger import Ledger
from labline.notebooks.truth import of_run
from labline.promotion import gates, rivalry
from labline.promotion.comparison import Comparison
from labline.promotion.evidence import (
    Dependencies,
    Evidence,
    Outcome,
    Promotion,
    Replay,
    Subject,
    Verdict,
)
from labline.promotion.gates import Gate
from labline.promotion.history import History
from labline.promotion.patience import Flow, Patient, Stoppable
from labline.promotion.rivalry import Trial
from labline.records import ModelVersion, Run
from labline.settings import MetricSettings, Settings, StageSettings
from labline.settings.card import load_card
from labline.tracking import Tracking
from labline.tracking.holdout import PLACE as HOLDOUT
from labline.tracking.holdout import TRAINING
from labline.tracking.models import digest

T = TypeVar("T")


class Replayer(Protocol):
    """What reruns a notebook; see :meth:`labline.jobs.Jobs.replay`."""

    def __call__(self, run: Run, *, timeout: float | None = None) -> Run:
        """Return the new run."""
        ...


@dataclass(frozen=True)
class Promotions:
    """The body of the promotion workflow, and what it acts upon."""

    settings: Settings
    tracking: Tracking
    ledger: Ledger
    #: rerun a run's notebook in a fresh kernel and return the new run
    replay: Replayer
    #: build and boot a candidate's Bento, and ask it
    trial: Trial
    #: boot what a stage holds as one would go back to it, and ask it
    back: Trial
    #: candidate, stage -> what its service would be made of
    preflight: Callable[[Subject, str], Dependencies]

    def run(self, flow: Stoppable, payload: Mapping[str, Any]) -> Promotion:
        """Promote ``payload["candidate"]`` to ``payload["stage"]`` if its gates let it.

        Where people must agree, it ends in state "needs approval", registered and holding nothing:
        no worker waits, and :class:`labline.promotion.approvals.Approvals` goes on from the ledger.
        Every step may be run again after a crash: registering, moving the alias and appending to
        the ledger find what an earlier try left.

        Raises
        ------
        NotFound
            The candidate or the stage does not exist.
        """
        promotion = self.judge(Patient(flow), payload)
        # From here on something is changed: what was begun is finished, MLflow away or not.
        return promotion if promotion.dry_run else self.conclude(Patient(flow, None), promotion)

    def judge(self, flow: Flow, payload: Mapping[str, Any]) -> Promotion:
        """Collect the evidence and ask the gates; nothing is changed."""
        stage = self.settings.stage(payload["stage"])
        asked = gates.load(stage.gates, payload["stage"])
        now = flow.step("clock", time.time)
        flow.publish("stage", "collecting evidence")
        evidence = flow.step("evidence", lambda: self.evidence(payload))
        if any("replay" in gate.needs for gate in asked):
            flow.publish("stage", "replaying the notebook in a fresh kernel")
            replay = flow.step(
                "replay", lambda: self._replay(evidence.candidate.run, stage.replay.timeout)
            )
            evidence = replace(evidence, replay=replay)
        if any("training" in gate.needs for gate in asked):
            training = flow.step("training", lambda: self._training(evidence.candidate.run))
            evidence = replace(evidence, training=training)
        if any("dependencies" in gate.needs for gate in asked):
            flow.publish("stage", "resolving what its service is made of")
            made_of = flow.step(
                "dependencies", lambda: self.preflight(evidence.candidate, payload["stage"])
            )
            evidence = replace(evidence, dependencies=made_of)
        flow.publish("stage", "comparing it with the champion on held-out rows")
        compared = flow.step("comparison of metrics", lambda: self._compare(evidence, stage))
        evidence = replace(evidence, comparison=compared)
        questions = gates.questions(asked, evidence, stage)
        if questions:
            flow.publish("stage", "building the service and asking it")
            service = flow.step("service", lambda: self.trial(evidence.candidate, questions))
            evidence = replace(evidence, service=service)
        evidence = self._previous(flow, asked, evidence, stage)
        verdicts = gates.check_order(evidence, stage) + gates.judge(asked, evidence, stage)
        if all(verdict.outcome is not Outcome.FAILED for verdict in verdicts):
            # What nobody asked for, a person has to say yes to.
            least = int(payload.get("approval", False))
            verdicts += gates.check_approvals(verdicts, payload["actor"], stage, least=least)
        expires = now + stage.approvals.expires
        judged = _judged(flow.id, payload, evidence, verdicts)
        endpoint = _endpoint(stage, judged.model, payload.get("deploy"))
        return replace(judged, asked=now, expires=expires, endpoint=endpoint)

    def conclude(self, flow: Flow, promotion: Promotion) -> Promotion:
        """Register what passed, let it hold the stage unless people must agree; record it."""
        if promotion.passed:
            promotion = flow.step("register", lambda: self._register(promotion))
        if promotion.passed and not promotion.open_questions:
            flow.publish("stage", f"moving {promotion.stage}")
            promotion = replace(promotion, promoted=True)
            flow.step("alias", lambda: self._move(promotion))
        flow.step("ledger", lambda: self.history.record(promotion))
        return promotion

    @property
    def history(self) -> History:
        """What was recorded of promotions."""
        return History(self.ledger)

    # -- evidence --------------------------------------------------------------------------

    def evidence(self, payload: Mapping[str, Any]) -> Evidence:
        """Return what is known of candidate and champion now.

        Raises
        ------
        NotFound
            The candidate does not exist.
        """
        candidate = self._candidate(payload)
        champion = self.tracking.registry.champion(candidate.model, payload["stage"])
        same = champion is not None and champion.version == candidate.version
        held = self._subject(champion) if champion and not same else None
        holdout = self._holdout(candidate.run)
        before = self.settings.stage(payload["stage"]).after
        return Evidence(
            candidate,
            held,
            at=time.time(),
            since=self.history.since(candidate.model, candidate.version, before)
            if before
            else None,
            holdout=holdout,
            open_fields=load_card(self.settings.root, candidate.model).open_fields(
                self.settings.project.risk
            ),
            max_body_bytes=self.settings.serving.max_body_bytes,
        )

    def _previous(
        self, flow: Flow, asked: list[Gate], evidence: Evidence, stage: StageSettings
    ) -> Evidence:
        """Add what the champion answers today, where a gate needs it."""
        champion = evidence.champion
        if champion is None or not any("previous" in gate.needs for gate in asked):
            return evidence
        flow.publish("stage", f"proving that {champion.label} could come back")
        evidence = replace(evidence, previous_holdout=self._holdout(champion.run))
        questions = gates.questions(asked, evidence, stage, of="previous")
        previous = flow.step("previous", lambda: self.back(champion, questions))
        return replace(evidence, previous=previous)

    def _compare(self, evidence: Evidence, stage: StageSettings) -> Comparison | None:
        if evidence.holdout is None:
            return None
        rule = stage.metric or MetricSettings(name="")
        return rivalry.compare(
            evidence,
            self._holdout(evidence.champion.run) if evidence.champion else None,
            self.trial,
            slices=rule.slices,
            confidence=rule.confidence,
        )

    def _holdout(self, run: Run) -> Mapping[str, Any] | None:
        return self._kept(run, HOLDOUT)

    def _training(self, run: Run) -> Mapping[str, Any] | None:
        return self._kept(run, TRAINING)

    def _kept(self, run: Run, place: str) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self.tracking.read_json(run.id, place)
        except NotFound:
            return None
        return found

    def _candidate(self, payload: Mapping[str, Any]) -> Subject:
        """Resolve ``best:METRIC``, a run id, or a model reference."""
        name = payload["candidate"]
        model = payload.get("model") or self.settings.project.name
        if name.startswith("best:"):
            experiment = payload.get("experiment") or self.settings.project.name
            metric = name.removeprefix("best:")
            run = self.tracking.best_run(
                experiment, metric, greater_is_better=self._upwards(metric)
            )
            return self._of_run(model, run)
        if is_run_id(name):
            return self._of_run(model, self.tracking.run(name))
        return self._subject(self.tracking.registry.version(name, self.settings.stages))

    def _upwards(self, metric: str) -> bool:
        rules = [stage.metric for stage in self.settings.stages.values() if stage.metric]
        return next((rule.greater_is_better for rule in rules if rule.name == metric), True)

    def _of_run(self, model: str, run: Run) -> Subject:
        known = self.tracking.registry.versions(model, missing_ok=True)
        same = [v for v in known if v.run_id == run.id and v.source == run.model_uri]
        if same:
            return self._subject(same[0])
        return Subject(model, None, run, (), self._signature(run.model_uri))

    def _subject(self, version: ModelVersion) -> Subject:
        run = self.tracking.run(version.run_id)
        signature = self._signature(version.source)
        return Subject(version.name, version.version, run, version.stages, signature)

    def _signature(self, source: str | None) -> Mapping[str, Any] | None:
        return self.tracking.registry.signature(source) if source else None

    def _replay(self, run: Run, timeout: float) -> Replay:
        truth = of_run(partial(self.tracking.read_json, run.id), run.tags.get("labline.kind", ""))
        cells = str(truth or "")
        try:
            rerun = self.replay(run, timeout=timeout)
        except LablineError as error:
            if error.exit_code == 3:
                raise
            return Replay(error=error.message, fix=error.fix, cells=cells)
        return Replay(metrics=rerun.metrics, run_id=rerun.id, cells=cells)

    # -- effects ---------------------------------------------------------------------------

    def _register(self, promotion: Promotion) -> Promotion:
        registry = self.tracking.registry
        version = (
            registry.version(f"{promotion.model}/{promotion.version}")
            if promotion.version
            else registry.register(promotion.model, promotion.run_id)
        )
        found = digest(registry.fetch(version))
        return replace(promotion, version=version.version, digest=found)

    def _move(self, promotion: Promotion) -> None:
        assert promotion.version is not None
        self.tracking.registry.set_stage(promotion.model, promotion.version, promotion.stage)


def _endpoint(stage: StageSettings, model: str, deploy: bool | None) -> str:
    """Return where a model is deployed: as its asker says, or else as the stage does."""
    if deploy is False:
        return ""
    return stage.endpoint_of(model) or (model if deploy else "")


def _judged(
    id: str, payload: Mapping[str, Any], evidence: Evidence, verdicts: list[Verdict]
) -> Promotion:
    candidate, champion = evidence.candidate, evidence.champion
    return Promotion(
        id=id,
        model=candidate.model,
        version=candidate.version,
        run_id=candidate.run.id,
        stage=payload["stage"],
        actor=payload["actor"],
        verdicts=tuple(verdicts),
        champion=champion.label if champion else None,
        metrics=candidate.run.metrics,
        champion_metrics=champion.run.metrics if champion else {},
        comparison=evidence.comparison.to_dict() if evidence.comparison else {},
        dry_run=bool(payload.get("dry_run")),
        promoted=False,
    )


def is_run_id(text: str) -> bool:
    """Whether a candidate is named by its run."""
    return len(text) == 32 and all(letter in "0123456789abcdef" for letter in text)
