"""Training a model again: a job, then a promotion that waits for a person."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from labline.errors import BadInput, Conflict, Failed, NotFound
from labline.lab import telling
from labline.records import Job, JobStatus

if TYPE_CHECKING:
    from labline.lab.service import Lab, Progress
    from labline.monitoring.look import Look
    from labline.monitoring.retraining import Before
    from labline.settings import RetrainSettings
    from labline.workflows import Flow, WorkflowState

RETRAIN = "retrain"
#: word in the ledger
ACTION = "retrained"
#: who asks where a look does: no person, so that any may approve what comes of it
ACTOR = "labline"
_BEGINS = "retrain-"
_LOOK = 1.0


@dataclass(frozen=True)
class Retrained:
    """What a retraining came to so far: its promotion is judged, and waits, by itself."""

    endpoint: str
    #: registered model
    model: str
    #: why it was trained again
    why: str
    job: str
    run: str
    #: id of the promotion, which waits for a person once its gates have passed
    promotion: str
    stage: str


@dataclass(frozen=True)
class Retraining:
    """What a worker does to train a model again, and who may ask for it."""

    lab: Lab

    # -- ask ---------------------------------------------------------------------------------

    def finish(self, endpoint: str, *, why: str, progress: Progress | None = None) -> Retrained:
        """Train again what is live on an endpoint; raises as :meth:`begin` does.

        Raises
        ------
        Failed
            The job did not succeed.
        """
        done: Retrained = self.lab.follow(self.begin(endpoint, why=why), progress)
        return done

    def begin(self, endpoint: str, *, why: str, actor: str = "", key: str = "") -> str:
        """Queue a retraining of what is live on an endpoint, and return its id.

        Parameters
        ----------
        actor
            Who asks; the system's user unless given. Four eyes: they may not approve what comes
            of it.
        key
            The same key is the same retraining; a new one unless given.

        Raises
        ------
        BadInput
            The policy names no notebook, or one that is not there.
        NotFound
            There is no such endpoint, nothing is live on it, or no such stage.
        Conflict
            One runs already.
        """
        rule = self.lab.rules.retrain
        self._notebook(rule)
        self.lab.rules.stage(rule.to)
        live = self.lab.endpoints.get(endpoint).live
        if live is None:
            raise NotFound(f"Nothing is live on {endpoint!r}.", fix="labline deploy MODEL@STAGE")
        id = f"{prefix(endpoint)}{key or uuid4().hex}"
        newest = self.newest(endpoint)
        if newest and newest.id != id and not newest.status.ended:
            raise Conflict(
                f"{live.model} is being trained again already.", fix="See labline jobs list."
            )
        model = live.model.partition("/")[0]
        who = actor or self.lab.whoami()
        payload = {"endpoint": endpoint, "model": model, "why": why, "actor": who}
        return self.lab.workflows.submit(RETRAIN, payload, id=id)

    def if_due(self, look: Look, key: str) -> str:
        """Queue a retraining where a look asks for one; return what was decided, in words."""
        from labline.monitoring.retraining import decide

        rule = self.lab.rules.retrain
        decision = decide(look.alarms, rule, self._before(look.endpoint), time.time())
        if decision.retrain:
            self.begin(look.endpoint, why=decision.says, actor=ACTOR, key=key)
        return decision.says

    def _before(self, endpoint: str) -> Before | None:
        from labline.monitoring.retraining import Before

        newest = self.newest(endpoint)
        if newest is None:
            return None
        done = newest.result if isinstance(newest.result, Retrained) else None
        return Before(newest.created, not newest.status.ended, bool(done and self._waits(done)))

    def _waits(self, done: Retrained) -> bool:
        from labline.promotion import PromotionState

        if not self.lab.workflows.state(done.promotion).status.ended:
            return True
        try:
            found = self.lab.promotions.find(done.promotion)
        except NotFound:
            return False
        return found.state_at(time.time()) is PromotionState.NEEDS_APPROVAL

    def newest(self, endpoint: str) -> WorkflowState | None:
        """Return the latest retraining of what an endpoint serves; None without one."""
        found = self.lab.workflows.list(RETRAIN, limit=1, prefix=prefix(endpoint))
        return found[0] if found else None

    def _notebook(self, rule: RetrainSettings) -> Path:
        if rule.notebook is None:
            raise BadInput(
                "The policy does not say how a model is trained again.",
                fix='Add to labline.toml:\n[retrain]\nnotebook = "notebooks/train.ipynb"',
            )
        path = self.lab.settings.root / rule.notebook
        if not path.is_file():
            raise BadInput(f"There is no notebook {path}.", fix="Correct [retrain] notebook.")
        return path

    # -- work --------------------------------------------------------------------------------

    def run(self, flow: Flow, payload: dict[str, Any]) -> Retrained:
        """Run the notebook as a job, and have what it trained judged for the stage.

        No traffic is moved: the promotion waits for a person even where the stage asks for none,
        and begins no rollout.
        """
        flow.publish("stage", f"training {payload['model']} again")
        id = flow.step("job", lambda: self._submit(flow.id, payload))
        job = flow.step("wait", lambda: self._await(flow, id))
        done = self._promoted(flow, payload, job)
        flow.step("ledger", lambda: self._record(done, flow.id, payload["actor"]))
        self.lab.jobs.notices.send(telling.of_retraining(done, flow.id))
        return done

    def _submit(self, key: str, payload: dict[str, Any]) -> str:
        from labline.jobs.options import Options

        rule = self.lab.rules.retrain
        tags = {"labline.retrains": payload["endpoint"], "labline.why": payload["why"]}
        asked = self.lab.queue.submit(
            self._notebook(rule), rule.parameters, Options(key=key, tags=tags)
        )
        return asked.id

    def _await(self, flow: Flow, id: str) -> Job:
        while not (job := self.lab.jobs.get(id)).status.ended:
            flow.stopping.wait(_LOOK)
            flow.check()
        return job

    def _promoted(self, flow: Flow, payload: dict[str, Any], job: Job) -> Retrained:
        if job.status is not JobStatus.SUCCEEDED:
            raise Failed(
                f"The job {job.id} that was to train {payload['model']} again is {job.status}.",
                fix=f"labline jobs show {job.id}",
            )
        stage, promotion = self.lab.rules.retrain.to, uuid5(NAMESPACE_URL, flow.id).hex
        asked = {
            "candidate": job.run_id,
            "stage": stage,
            "model": payload["model"],
            "experiment": None,
            "dry_run": False,
            "deploy": False,
            "approval": True,
            "actor": payload["actor"],
        }
        flow.step("promotion", lambda: self.lab.workflows.submit("promotion", asked, id=promotion))
        return Retrained(
            endpoint=payload["endpoint"],
            model=payload["model"],
            why=payload["why"],
            job=job.id,
            run=str(job.run_id),
            promotion=promotion,
            stage=stage,
        )

    def _record(self, done: Retrained, key: str, actor: str) -> None:
        from labline.records import to_dict

        self.lab.ledger.append(
            actor=actor,
            action=ACTION,
            model=done.model,
            subject=f"{done.model} of /{done.endpoint}",
            key=key,
            payload=to_dict(done),
        )


def prefix(endpoint: str) -> str:
    """Return how the ids of an endpoint's retrainings begin; a name has no slash."""
    return f"{_BEGINS}{endpoint}/"


def endpoint_of(id: str) -> str:
    """Return the endpoint whose model the retraining of an id trains."""
    return id.removeprefix(_BEGINS).partition("/")[0]
