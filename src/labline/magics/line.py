"""``%submit``, ``%jobs``, ``%promote``, ``%deploy`` and ``%rollback``."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline.errors import BadInput, Refused
from labline.kernel import install
from labline.magics.arguments import BadUsage, Parser
from labline.magics.cards import Card, Document, listing, show, told
from labline.magics.project import lab

if TYPE_CHECKING:
    import pandas as pd

    from labline.jobs.options import Options
    from labline.jobs.sweeps import Sweep
    from labline.lab import Deployment
    from labline.promotion import Approval, Promotion
    from labline.records import Job


class NotConfirmed(Refused):
    """The promotion was not confirmed."""


# -- jobs ----------------------------------------------------------------------------------------


def submit_parser() -> Parser:
    """Return the parser of ``%submit``."""
    parser = Parser(
        "submit",
        "Run this notebook, or another, as a job or a sweep of jobs.",
        example="%submit train.ipynb -p alpha 0.5 --wait",
    )
    parser.add_argument("notebook", nargs="?", help="notebook; this one unless given")
    parser.add_argument(
        "-p", nargs=2, action="append", default=[], dest="values", metavar=("NAME", "VALUE"),
        help="value of a parameter",
    )  # fmt: skip
    parser.add_argument(
        "--sweep",
        action="append",
        default=[],
        metavar="NAME=V1,V2",
        help="values to try, or a range to draw from: NAME~loguniform(1e-3, 1)",
    )
    parser.add_argument("--trials", type=int, help="try so many points, not all")
    parser.add_argument("--metric", help="what makes a trial the best")
    parser.add_argument(
        "--maximize", dest="goal", action="store_const", const="maximize",
        help="the greatest value of the metric is best; as the policy says, or its name, unless "
        "given",
    )  # fmt: skip
    parser.add_argument(
        "--minimize", dest="goal", action="store_const", const="minimize", help="the least is"
    )
    parser.add_argument(
        "--search", choices=("grid", "random", "optuna"),
        help="how points are chosen: all, by chance, or near those that did well",
    )  # fmt: skip
    parser.add_argument(
        "--prune", action="store_true", help="end a trial early whose metric stands badly"
    )
    parser.add_argument("--parallel", type=int, help="trials at a time, with --search optuna")
    parser.add_argument("--seed", type=int, default=0, help="of what is chosen by chance")
    parser.add_argument("--experiment", help="experiment; the project's unless given")
    parser.add_argument("--memory", help="kill a job that holds more: 4GiB")
    parser.add_argument("--timeout", help="kill a job that takes longer: 2h")
    parser.add_argument("--wait", action="store_true", help="return when the jobs have ended")
    return parser


def submit(shell: Any, arguments: Namespace) -> Job | Sweep:
    """Queue the notebook; return its job, or the sweep."""
    from labline.jobs.sweeps import Wanted
    from labline.jobs.sweeps.space import split_axis

    project, notebook = lab(shell), _notebook(shell, arguments.notebook)
    values, options = dict(arguments.values), _options(arguments)
    given = {name: getattr(arguments, name) for name in _SEARCH}
    wanted = Wanted(kind=arguments.search, **given)
    if arguments.sweep:
        axes = dict(map(split_axis, arguments.sweep))
        sweep = project.sweeps.start(notebook, values, axes, wanted, options)
        return project.sweeps.wait(sweep) if arguments.wait else sweep
    if wanted.named:
        raise BadUsage(f"{wanted.named[0]} is about a sweep.", fix="Add --sweep C=0.1,1,10")
    asked = project.submit(notebook, values, options=options)
    job: Job = show(shell, project.wait([asked])[0] if arguments.wait else asked, job_card)
    return job


_SEARCH = ("trials", "metric", "goal", "prune", "parallel", "seed")


def _options(arguments: Namespace) -> Options:
    from labline.jobs.options import Options
    from labline.settings import to_bytes, to_seconds

    return Options(
        experiment=arguments.experiment,
        memory=to_bytes(arguments.memory) if arguments.memory else None,
        timeout=to_seconds(arguments.timeout) if arguments.timeout else None,
    )


def sweep_parser() -> Parser:
    """Return the parser of ``%sweep``."""
    parser = Parser(
        "sweep", "Return a sweep: its trials, the best first, and a figure.", example="%sweep 3f2a"
    )
    parser.add_argument("sweep", nargs="?", help="id, or how it begins; the newest unless given")
    parser.add_argument("--wait", action="store_true", help="return when it has ended")
    return parser


def sweep(shell: Any, arguments: Namespace) -> Sweep:
    """Return a sweep as it stands, or once it has ended."""
    project = lab(shell)
    found = project.sweeps.get(arguments.sweep)
    return project.sweeps.wait(found) if arguments.wait else found


def _notebook(shell: Any, given: str | None) -> Path:
    path = Path(given).expanduser() if given else install(shell).locate()
    if path is None:
        raise BadInput("This notebook's path is not known.", fix="Give it: %submit NOTEBOOK.ipynb")
    return path


def job_card(job: Job) -> Card:
    """Return the card of a job."""
    tones = {"succeeded": "good", "failed": "bad", "cancelled": "bad"}
    facts = told(
        ("notebook", job.notebook),
        ("parameters", listing(job.parameters)),
        ("cells", f"{job.progress[0]} of {job.progress[1]}" if job.progress[1] else ""),
        ("metrics", listing(job.metrics)),
        ("output", job.output),
        ("run", job.run_id),
    )
    notes = [job.error] if job.error else []
    return Card(f"Job {job.id}", job.status, tones.get(job.status, "open"), facts, notes)


def jobs_parser() -> Parser:
    """Return the parser of ``%jobs``."""
    parser = Parser(
        "jobs", "Return the jobs of this project as a DataFrame.", example="%jobs --limit 20"
    )
    parser.add_argument("--limit", type=int, default=50, help="how many at most (default: 50)")
    return parser


def jobs(shell: Any, arguments: Namespace) -> pd.DataFrame:
    """Return the newest jobs, a row each."""
    return _frame(lab(shell).jobs.list(limit=arguments.limit))


def _frame(found: list[Job]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {
            "job": job.id,
            "notebook": job.notebook,
            "status": str(job.status),
            "created": job.created,
            "duration": job.ended - job.started if job.ended and job.started else None,
            "parameters": listing(job.parameters),
            "metrics": listing(job.metrics),
            "error": job.error,
            "run": job.run_id,
        }
        for job in found
    ]
    columns = (
        "job", "notebook", "status", "created", "duration", "parameters", "metrics", "error", "run"
    )  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(columns))
    frame["created"] = pd.to_datetime(frame["created"], unit="s", utc=True).dt.round("s")
    return frame


# -- promotion -----------------------------------------------------------------------------------


def promote_parser() -> Parser:
    """Return the parser of ``%promote``."""
    parser = Parser(
        "promote",
        "Judge a model by a stage's policy and let it hold the stage if it passes.",
        example="%promote best:auc --to staging --dry-run",
    )
    parser.add_argument(
        "candidate",
        nargs="?",
        help="MODEL, MODEL/VERSION, MODEL@STAGE, a run id or best:METRIC; the run recorded last "
        "unless given",
    )
    parser.add_argument("--to", required=True, metavar="STAGE", help="the stage to hold")
    parser.add_argument("--model", help="name to register a run's model under")
    parser.add_argument("--experiment", help="where best:METRIC looks")
    parser.add_argument("--dry-run", action="store_true", help="judge only")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return parser


def promote(shell: Any, arguments: Namespace) -> Promotion:
    """Promote, after asking where somebody can answer; a refusal is shown, and no error."""
    candidate = arguments.candidate or install(shell).status.run_id
    if candidate is None:
        raise BadUsage(
            "Nothing has been recorded in this kernel, so there is no candidate.",
            fix="Name one: %promote best:METRIC --to STAGE",
        )
    if not (arguments.dry_run or arguments.yes):
        _confirm(f"Promote {candidate} to {arguments.to}?")
    project = lab(shell)
    promotion: Promotion = project.promote(
        candidate,
        to=arguments.to,
        model=arguments.model,
        experiment=arguments.experiment,
        dry_run=arguments.dry_run,
        progress=_Progress(),
    )
    document = Document(project.differences.of(promotion), _next(promotion))
    shown: Promotion = show(
        shell, promotion, lambda item: document if item is promotion else promotion_card(item)
    )
    return shown


def _next(promotion: Promotion) -> str:
    if promotion.dry_run:
        return "Dry run: nothing was changed."
    waits = promotion.state_at(time.time()) == "needs approval"
    return f"Somebody has to say: %approve {promotion.id[:8]}" if waits else ""


class _Progress:
    """Say what a workflow is at, whenever that changes."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, events: Mapping[str, Any]) -> None:
        stage = str(events.get("stage", ""))
        if stage and stage != self._last:
            self._last = stage
            sys.stdout.write(f"{stage} ...\n")


def _confirm(question: str) -> None:
    try:
        answer = input(f"{question} [y/N] ")
    except Exception as error:
        # ipykernel raises an error of its own where no front end can ask.
        raise NotConfirmed(
            "There is nobody to ask.", fix="Add --yes, or --dry-run to judge only."
        ) from error
    if answer.strip().lower() not in ("y", "yes"):
        raise NotConfirmed("Nothing was promoted.", fix="Answer y, or add --yes.")


def promotion_card(promotion: Promotion) -> Card:
    """Return the card of a promotion: every verdict, and the metrics side by side."""
    state = str(promotion.state_at(time.time()))
    if promotion.dry_run:
        state = "would pass" if promotion.passed else "refused"
    facts = [
        (
            verdict.gate,
            f"{verdict.outcome}: {verdict.reason}" + (f" {verdict.fix}" if verdict.fix else ""),
        )
        for verdict in promotion.verdicts
    ]
    facts += told(
        ("champion", promotion.champion),
        ("metrics", listing(promotion.metrics)),
        ("champion's", listing(promotion.champion_metrics)),
        *((item.actor, _said(item)) for item in promotion.approvals),
    )
    title = f"{promotion.label} to {promotion.stage}"
    tones = {"promoted": "good", "would pass": "good", "needs approval": "open"}
    waits = [f"Somebody has to say: %approve {promotion.id[:8]}"] * (state == "needs approval")
    return Card(title, state, tones.get(state, "bad"), facts, waits)


def _said(approval: Approval) -> str:
    word = "approved" if approval.approved else "rejected"
    return f"{word}: {approval.comment}" if approval.comment else word


def approve_parser() -> Parser:
    """Return the parser of ``%approve``."""
    parser = Parser(
        "approve",
        "Approve, or reject, a promotion that waits for it.",
        example='%approve 1f0c8a6d --comment "looked at the slices"',
    )
    parser.add_argument("promotion", help="its id, or how it begins")
    parser.add_argument("--comment", default="", metavar="TEXT", help="kept in the ledger")
    parser.add_argument("--reject", action="store_true", help="turn it down; needs --why")
    parser.add_argument("--why", default="", metavar="TEXT", help="reason of a rejection")
    return parser


def approve(shell: Any, arguments: Namespace) -> Promotion:
    """Decide, and return the promotion as it stands then."""
    if arguments.why and not arguments.reject:
        raise BadUsage(
            "--why is the reason of a rejection.", fix="Add --reject, or write --comment."
        )
    desk = lab(shell).promotions
    if arguments.reject:
        done = desk.reject(arguments.promotion, why=arguments.why)
    else:
        done = desk.approve(arguments.promotion, comment=arguments.comment, progress=_Progress())
    shown: Promotion = show(shell, done, promotion_card)
    return shown


# -- deployment ----------------------------------------------------------------------------------


def deploy_parser() -> Parser:
    """Return the parser of ``%deploy``."""
    parser = Parser("deploy", "Serve a model version on an endpoint.", example="%deploy churn@prod")
    parser.add_argument("model", help="MODEL@STAGE, MODEL/VERSION or MODEL (its newest)")
    parser.add_argument("--endpoint", help="endpoint; called as the model unless given")
    trial = parser.add_mutually_exclusive_group()
    trial.add_argument(
        "--canary", type=int, default=0, metavar="PERCENT", help="share of the requests it answers"
    )
    trial.add_argument("--shadow", action="store_true", help="it gets copies and answers none")
    return parser


def deploy(shell: Any, arguments: Namespace) -> Deployment:
    """Deploy; return the release, its URL and, where the endpoint is new, the key."""
    done = lab(shell).serving.deploy(
        arguments.model,
        endpoint=arguments.endpoint,
        canary=arguments.canary,
        shadow=arguments.shadow,
        progress=_Progress(),
    )
    shown: Deployment = show(shell, done, deployment_card)
    return shown


def rollback_parser() -> Parser:
    """Return the parser of ``%rollback``."""
    parser = Parser(
        "rollback",
        "Bring back the release that an endpoint served before.",
        example="%rollback churn",
    )
    parser.add_argument("endpoint", help="endpoint")
    return parser


def rollback(shell: Any, arguments: Namespace) -> Deployment:
    """Roll back and return the release that serves now."""
    done = lab(shell).serving.rollback(arguments.endpoint, progress=_Progress())
    shown: Deployment = show(shell, done, deployment_card)
    return shown


def deployment_card(deployment: Deployment) -> Card:
    """Return the card of a deployment, without the key: a notebook keeps what it shows."""
    release = deployment.release
    live = release.state == "live"
    facts = told(
        ("model", release.model),
        ("release", release.id),
        ("url", deployment.url),
        ("share", f"{release.weight} %" if release.weight else None),
        ("copies", f"{release.mirrored} %" if release.mirrored else None),
    )
    notes = ["The key of this new endpoint is in the returned value: _.key"] * bool(deployment.key)
    title = f"Endpoint {release.endpoint}"
    return Card(title, str(release.state), "good" if live else "open", facts, notes)
