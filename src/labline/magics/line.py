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
from labline.magics.arguments import BadUsage, Parser, listed
from labline.magics.cards import Card, Document, listing, show, told
from labline.magics.project import lab

if TYPE_CHECKING:
    import pandas as pd

    from labline.jobs.options import Options
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
        help="values to try",
    )
    parser.add_argument("--experiment", help="experiment; the project's unless given")
    parser.add_argument("--memory", help="kill a job that holds more: 4GiB")
    parser.add_argument("--timeout", help="kill a job that takes longer: 2h")
    parser.add_argument("--cpus", type=int, help="CPUs that a job's kernel may use (Linux)")
    parser.add_argument(
        "--priority", type=int, default=0, help="from -100 to 100: what is higher comes first"
    )
    parser.add_argument("--group", help="group of [jobs] groups, whose limit holds for all workers")
    parser.add_argument(
        "--input", action="append", default=[], metavar="FILE",
        help="copy this file or folder; the job works in a folder of its own",
    )  # fmt: skip
    parser.add_argument(
        "--keep", action="append", default=[], metavar="PATTERN",
        help="keep such files with the run: '*.csv'",
    )  # fmt: skip
    parser.add_argument("--wait", action="store_true", help="return when the jobs have ended")
    return parser


def submit(shell: Any, arguments: Namespace) -> Job | list[Job]:
    """Queue the notebook; return its job, or the list of a sweep's."""
    project = lab(shell)
    jobs = project.submit(
        _notebook(shell, arguments.notebook),
        dict(arguments.values),
        space=dict(map(_choices, arguments.sweep)) or None,
        options=_options(arguments),
    )
    if arguments.wait:
        jobs = project.wait(jobs)
    if arguments.sweep:
        return Jobs(jobs)
    job: Job = show(shell, jobs[0], job_card)
    return job


def _options(given: Namespace) -> Options:
    from labline.jobs.options import Options
    from labline.settings import to_bytes, to_seconds

    return Options(
        experiment=given.experiment,
        memory=to_bytes(given.memory) if given.memory else None,
        timeout=to_seconds(given.timeout) if given.timeout else None,
        cpus=given.cpus,
        priority=given.priority,
        group=given.group,
        inputs=[Path(one).expanduser() for one in given.input],
        keep=given.keep,
    )


class Jobs(list["Job"]):
    """The jobs of a sweep, shown as a table."""

    def __repr__(self) -> str:
        return str(_frame(self))

    def _repr_html_(self) -> str:
        return str(_frame(self)._repr_html_())  # type: ignore[operator]


def _notebook(shell: Any, given: str | None) -> Path:
    path = Path(given).expanduser() if given else install(shell).locate()
    if path is None:
        raise BadInput("This notebook's path is not known.", fix="Give it: %submit NOTEBOOK.ipynb")
    return path


def _choices(text: str) -> tuple[str, list[str]]:
    name, equals, values = text.partition("=")
    choices = listed([values])
    if not equals or not choices:
        raise BadUsage(f"--sweep {text!r} names no values.", fix="For example: --sweep C=0.1,1,10")
    return name, choices


def job_card(job: Job) -> Card:
    """Return the card of a job."""
    tones = {"succeeded": "good", "failed": "bad", "cancelled": "bad"}
    facts = told(
        ("notebook", job.notebook),
        ("parameters", listing(job.parameters)),
        ("cells", f"{job.progress[0]} of {job.progress[1]}" if job.progress[1] else ""),
        ("metrics", listing(job.metrics)),
        ("output", job.output),
        ("kept", ", ".join(one.path for one in job.artifacts)),
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
    parser.add_argument(
        "--instances", type=int, metavar="N",
        help="processes; as the stage says, or as many as are live, unless given",
    )  # fmt: skip
    trial = parser.add_mutually_exclusive_group()
    trial.add_argument(
        "--canary", type=int, default=0, metavar="PERCENT", help="share of the requests it answers"
    )
    trial.add_argument("--shadow", action="store_true", help="it gets copies and answers none")
    return parser


def deploy(shell: Any, arguments: Namespace) -> Deployment:
    """Deploy; return the release, its URL and, where the endpoint is new, the key."""
    from labline.lab import Order

    order = Order(
        arguments.model,
        endpoint=arguments.endpoint,
        instances=arguments.instances,
        canary=arguments.canary,
        shadow=arguments.shadow,
    )
    done = lab(shell).serving.deploy(order, progress=_Progress())
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
        ("instances", len(release.ports) if len(release.ports) > 1 else None),
        ("url", deployment.url),
        ("share", f"{release.weight} %" if release.weight else None),
        ("copies", f"{release.mirrored} %" if release.mirrored else None),
    )
    notes = ["The key of this new endpoint is in the returned value: _.key"] * bool(deployment.key)
    title = f"Endpoint {release.endpoint}"
    return Card(title, str(release.state), "good" if live else "open", facts, notes)
