"""Lab: the one service object. Surfaces parse, call it, and render what it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline import telemetry
from labline.database import Database
from labline.errors import BadSettings, NotFound
from labline.lab import checks, overview, retraining, watching
from labline.lab.delivery import Delivery
from labline.lab.hands import at_work
from labline.lab.part import part
from labline.lab.promoting import PromotionDesk, signed_in
from labline.lab.serving import ServingDesk
from labline.ledger import Ledger, Seal
from labline.records import ModelVersion, Run, to_dict
from labline.settings import Settings, find_root

if TYPE_CHECKING:
    from labline.deployment import Endpoints, Platform
    from labline.jobs import Jobs
    from labline.lab.card import CardDesk
    from labline.lab.differences import Differences
    from labline.lab.errands import Errands
    from labline.lab.governance import GovernanceDesk
    from labline.lab.kernels import KernelDesk
    from labline.lab.monitoring import MonitorDesk
    from labline.lab.pipeline import PipelineDesk
    from labline.lab.queueing import JobDesk
    from labline.lab.recorded import Recorded
    from labline.lab.scoring import ScoringDesk
    from labline.lab.sweeping import SweepDesk
    from labline.lab.views import Views
    from labline.promotion import Promotion
    from labline.tracking import Tracking
    from labline.workflows import Workflows


Progress = Callable[[Mapping[str, Any]], None]
#: seconds between two looks at whether the worker still lives
_SLICE = 5.0
_SEE = "What came of it: labline ledger log. What is served: labline endpoints"


@dataclass(frozen=True)
class Lab:
    """One project: its settings, its records and everything that can be done with them.

    Parts are made on first use, so that a surface pays only for what it calls.
    """

    settings: Settings

    @classmethod
    def from_(cls, start: Path | str | None = None) -> Lab:
        """Open the project that `start` (default: here) lies in.

        Raises
        ------
        BadSettings
            Its ``labline.toml`` cannot be used.
        """
        return cls(Settings.load(start))

    @classmethod
    def to_stop(cls, start: Path | str | None = None) -> Lab:
        """Open a project to stop what runs in it, even if its ``labline.toml`` cannot be used."""
        try:
            return cls.from_(start)
        except BadSettings:
            return cls(Settings(root=find_root(Path(start or Path.cwd()))))

    @property
    def rules(self) -> Settings:
        """The settings, with the policy and what follows go-live as labline.toml has them now.

        Raises
        ------
        BadSettings
            The file cannot be used.
        """
        return self.settings.by_policy_of_now()

    # -- parts -----------------------------------------------------------------------------

    @part
    def database(self) -> Database:
        """The labline database."""
        return Database(self.settings.database)

    @part
    def ledger(self) -> Ledger:
        """Who promoted and deployed what, when, on which evidence."""
        return Ledger(self.database, Seal.of(self.settings))

    @part
    def tracking(self) -> Tracking:
        """Runs and models."""
        from labline.tracking import Tracking

        return Tracking(self.settings.mlflow_uri, self.settings.state / "artifacts")

    @part
    def workflows(self) -> Workflows:
        """Durable workflows, with every body registered."""
        from labline.workflows import Workflows

        workflows, delivery = Workflows(self.settings, self.database), Delivery(self)
        lane = self.promotions.lane
        workflows.register("promotion", delivery.promote, queue="promotions", lane=lane)
        workflows.register("approval", delivery.approve, queue="promotions", lane=lane)
        workflows.register("deployment", delivery.deploy, queue="deployments")
        workflows.register("shift", delivery.shift, queue="deployments")
        workflows.register("rollout", delivery.roll_out, queue="rollouts")
        workflows.register("rollback", delivery.rollback, queue="deployments")
        workflows.register(watching.MONITOR, watching.Watching(self).look, queue="monitors")
        workflows.register(retraining.RETRAIN, self.retraining.run, queue="retrains")
        return workflows

    @part
    def jobs(self) -> Jobs:
        """Notebook jobs."""
        from labline.jobs import Jobs

        return Jobs(self.settings, self.workflows, self.tracking)

    @part
    def sweeps(self) -> SweepDesk:
        """Notebooks over a space of parameters."""
        from labline.lab.sweeping import SweepDesk

        return SweepDesk(self)

    @part
    def queue(self) -> JobDesk:
        """Jobs, queued now or by the clock, and waited for."""
        from labline.lab.queueing import JobDesk

        return JobDesk(self)

    @part
    def kernels(self) -> KernelDesk:
        """Warm kernels of the project."""
        from labline.lab.kernels import KernelDesk

        return KernelDesk(self)

    @part
    def recorded(self) -> Recorded:
        """Runs, looked at closely: truth, replay, comparison."""
        from labline.lab.recorded import Recorded

        return Recorded(self)

    @part
    def differences(self) -> Differences:
        """Candidate and champion, or any two models, side by side."""
        from labline.lab.differences import Differences

        return Differences(self)

    @part
    def platform(self) -> Platform:
        """Worker, gateway and instances."""
        from labline.deployment import Platform

        return Platform(self.settings, self.database)

    @part
    def endpoints(self) -> Endpoints:
        """Stable URLs and the releases behind them."""
        from labline.deployment import Endpoints

        return Endpoints(self.settings, self.platform)

    @part
    def errands(self) -> Errands:
        """Work that is asked for and not waited for."""
        from labline.lab.errands import Errands

        return Errands(self)

    @part
    def views(self) -> Views:
        """What a front end shows of jobs, models and endpoints."""
        from labline.lab.views import Views

        return Views(self)

    @part
    def serving(self) -> ServingDesk:
        """Models as Bentos, and Bentos behind endpoints."""
        return ServingDesk(self)

    @part
    def batch(self) -> ScoringDesk:
        """Model versions over files of rows."""
        from labline.lab.scoring import ScoringDesk

        return ScoringDesk(self)

    @part
    def promotions(self) -> PromotionDesk:
        """Promotions as they stand, and what people decide on them."""
        return PromotionDesk(self)

    @part
    def monitor(self) -> MonitorDesk:
        """Endpoints after go-live: what they were asked, and whether it drifted."""
        from labline.lab.monitoring import MonitorDesk

        return MonitorDesk(self)

    @part
    def retraining(self) -> retraining.Retraining:
        """Training a model again."""
        return retraining.Retraining(self)

    @part
    def cards(self) -> CardDesk:
        """Model cards and technical documentation."""
        from labline.lab.card import CardDesk

        return CardDesk(self)

    @part
    def pipelines(self) -> PipelineDesk:
        """CI files that do headless what is done here."""
        from labline.lab.pipeline import PipelineDesk

        return PipelineDesk(self)

    @part
    def governance(self) -> GovernanceDesk:
        """What the record has: what stood when, and model cards."""
        from labline.lab.governance import GovernanceDesk

        return GovernanceDesk(self)

    # -- work that a worker does -------------------------------------------------------------

    @contextmanager
    def worker(self) -> Iterator[None]:
        """Run queued work in this process until the block ends."""
        _ = self.jobs  # registers its workflow
        told = telemetry.sending(self.settings, "labline-worker")
        with told, self.workflows.executor(heartbeat=True), watching.beat(self):
            yield

    def work(self, name: str, payload: dict[str, Any], progress: Progress | None) -> Any:
        """Queue a workflow, see that somebody works on it, and return its result."""
        return self.follow(self.workflows.submit(name, payload), progress)

    def follow(self, id: str, progress: Progress | None) -> Any:
        """See that somebody works on a workflow, and return its result."""
        with at_work(self, _SEE) as worker:
            state = self.workflows.wait(id, timeout=_SLICE, on_events=progress)
            while not state.status.ended:
                worker.ensure()
                state = self.workflows.wait(id, timeout=_SLICE, on_events=progress)
        if state.error:
            raise state.error
        return state.result

    # -- promotion ---------------------------------------------------------------------------

    def promote(
        self,
        candidate: str,
        *,
        to: str,
        model: str | None = None,
        experiment: str | None = None,
        dry_run: bool = False,
        deploy: bool | None = None,
        actor: str | None = None,
        progress: Progress | None = None,
    ) -> Promotion:
        """Judge `candidate` by the policy of stage `to`, and let it hold the stage if it passes.

        Parameters
        ----------
        candidate
            ``best:METRIC``, a run id, ``MODEL``, ``MODEL/3`` or ``MODEL@STAGE``.
        model
            Name to register a run under; the project's name unless given.
        deploy
            Whether the stage's rollout begins once it holds the stage; as the stage's `endpoint`
            says unless given. Without such an endpoint, on one called as the model.

        Raises
        ------
        NotFound
            The candidate or the stage does not exist.
        Unreachable
            MLflow or the database is away.
        """
        payload = {
            "candidate": candidate,
            "stage": to,
            "model": model,
            "experiment": experiment,
            "dry_run": dry_run,
            "deploy": deploy,
            "actor": actor or self.whoami(),
        }
        return self.promotions.ask(payload, progress)

    def version(self, reference: str) -> ModelVersion:
        """Return the version that ``MODEL``, ``MODEL/3`` or ``MODEL@STAGE`` names."""
        return self.tracking.registry.version(reference, self.rules.stages)

    # -- runs -----------------------------------------------------------------------------------

    def runs(
        self, experiment: str | None = None, *, limit: int = 50, every: bool = False
    ) -> list[Run]:
        """Return runs of an experiment (default: the project's), newest first."""
        chosen = None if every else experiment or self.settings.project.name
        return self.tracking.runs(chosen, limit=limit)

    def find_run(self, reference: str) -> Run:
        """Return the run with this id, or the one whose id begins so.

        Raises
        ------
        NotFound
            None does, or more than one.
        """
        if len(reference) == 32:
            return self.tracking.run(reference)
        fit = [run for run in self.tracking.runs(limit=1000) if run.id.startswith(reference)]
        if len(fit) != 1:
            many = f"{len(fit)} runs begin with {reference!r}."
            raise NotFound(
                many if fit else f"There is no run {reference!r}.",
                fix="Give more of the id; see labline runs list --all.",
            )
        return fit[0]

    def recording(self, run: Run) -> dict[str, Any] | None:
        """Return what the kernel recorded for a run, if it did."""
        try:
            found: dict[str, Any] = self.tracking.read_json(run.id, "labline/recording.json")
        except NotFound:
            return None
        return found

    def publish(self) -> list[Run]:
        """Publish the recordings that were kept locally while MLflow was away.

        Raises
        ------
        Unreachable
            MLflow still is.
        """
        from labline.tracking.publisher import publish_all

        return publish_all(self.settings.folder("recordings"), self.tracking)

    # -- who and what -----------------------------------------------------------------------------

    def whoami(self) -> str:
        """Return who is asking: the user signed in to the system."""
        return signed_in()

    def status(self) -> dict[str, Any]:
        """Return the state of everything, JSON-ready; what is away is reported, not raised."""
        return overview.status(self)

    def list_runs(self, limit: int = 50) -> list[dict[str, Any]]:
        """Return the newest runs of the project, JSON-ready."""
        return [to_dict(run) for run in self.runs(limit=limit)]

    def list_jobs(self, limit: int = 50) -> list[dict[str, Any]]:
        """Return the newest jobs, JSON-ready."""
        return [to_dict(job) for job in self.jobs.list(limit=limit)]

    def list_models(self) -> list[dict[str, Any]]:
        """Return every model with its newest version and the holder of each stage."""
        return overview.models(self)

    def list_endpoints(self) -> list[dict[str, Any]]:
        """Return every endpoint: what it should serve, and what it says it serves."""
        return [to_dict(row) for row in self.views.endpoints.rows()]

    def doctor(self) -> list[dict[str, Any]]:
        """Check what labline needs on this machine; each finding says what would mend it."""
        return checks.examine(self)
