"""``%promote``, ``%approve``, ``%deploy`` and ``%rollback``."""

from __future__ import annotations

import sys
import time
from argparse import BooleanOptionalAction, Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labline.errors import Refused
from labline.kernel import install
from labline.magics.arguments import BadUsage, Parser
from labline.magics.cards import Document, show
from labline.magics.project import lab

if TYPE_CHECKING:
    from labline.lab import Deployment
    from labline.promotion import Promotion


class NotConfirmed(Refused):
    """The promotion was not confirmed."""


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
    parser.add_argument(
        "--deploy", action=BooleanOptionalAction,
        help="begin the stage's rollout then; as its endpoint says unless given",
    )  # fmt: skip
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
        deploy=arguments.deploy,
        progress=_Progress(),
    )
    document = Document(project.differences.of(promotion), _next(promotion))
    shown: Promotion = show(shell, promotion, lambda item: document if item is promotion else item)
    return shown


def _next(promotion: Promotion) -> str:
    if promotion.dry_run:
        return "Dry run: nothing was changed."
    if promotion.promoted and promotion.endpoint:
        return f"It is being deployed to /{promotion.endpoint}."
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
    shown: Promotion = show(shell, done)
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
    shown: Deployment = show(shell, done)
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
    shown: Deployment = show(shell, done)
    return shown
