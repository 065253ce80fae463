"""``labline approve``, ``reject`` and ``promotions``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from labline.cli import render
from labline.cli.app import Group, Output, json_option, pass_output, stage_line
from labline.cli.options import limit_option
from labline.records import to_dict

if TYPE_CHECKING:
    from labline.lab.shapes import DeploymentState
    from labline.ledger import Entry


@click.command()
@click.argument("promotion")
@click.option("--comment", default="", help="Kept in the ledger.")
@json_option
@pass_output
def approve(output: Output, promotion: str, comment: str) -> int:
    """Approve a promotion that waits for it.

    PROMOTION is its id, or how it begins. You approve as the user that you are signed in as; with
    four eyes, whoever asked for it may not. If the champion has changed since, the candidate is
    judged again first: a refusal is exit code 1.

    Example: labline approve 1f0c8a6d --comment "looked at the slices"
    """
    from labline.lab import Lab

    done = Lab.from_().promotions.approve(
        promotion, comment=comment, progress=None if output.as_json else stage_line()
    )
    output.emit(done.to_dict(), lambda: render.promotion_card(done))
    return 0 if done.passed else 1


@click.command()
@click.argument("promotion")
@click.option("--why", required=True, help="The reason; kept in the ledger.")
@json_option
@pass_output
def reject(output: Output, promotion: str, why: str) -> None:
    """Turn down a promotion that waits for approval.

    PROMOTION is its id, or how it begins. Whoever asked for it may withdraw it so, too.

    Example: labline reject 1f0c8a6d --why "worse for small penguins"
    """
    from labline.lab import Lab

    done = Lab.from_().promotions.reject(promotion, why=why)
    output.emit(done.to_dict(), lambda: render.promotion_card(done))


@click.group(cls=Group)
def promotions() -> None:
    """Look at promotions: what passed, what was refused, what waits for approval."""


@promotions.command("list")
@click.option("--model", help="Only promotions of this model.")
@click.option("--waiting", is_flag=True, help="Only those that need approval.")
@limit_option
@json_option
@pass_output
def list_promotions(output: Output, model: str | None, waiting: bool, limit: int) -> None:
    """List promotions, the one that changed last first.

    Example: labline promotions list --waiting
    """
    from labline.lab import Lab

    found = Lab.from_().promotions.list(model=model, limit=limit, waiting=waiting)
    empty = "Nothing waits for approval." if waiting else (
        "No promotions yet. Ask for one: labline promote best:METRIC --to STAGE"
    )  # fmt: skip
    columns = ("promotion", "model", "stage", "state", "asked by", "asked", "decided by")
    output.emit(found, lambda: render.table("", columns, [_row(item) for item in found], empty))


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    version = item["version"] or f"(run {item['run_id'][:8]})"
    return (
        item["id"][:8],
        f"{item['model']}/{version}",
        item["stage"],
        item["state"],
        item["actor"],
        render.ago(item["asked"] or None),
        ", ".join(said["actor"] for said in item["approvals"]),
    )


@promotions.command("show")
@click.argument("promotion")
@json_option
@pass_output
def show_promotion(output: Output, promotion: str) -> None:
    """Show one promotion: verdicts, metrics beside the champion's, who decided what and why.

    PROMOTION is its id, or how it begins.

    Example: labline promotions show 1f0c8a6d
    """
    from labline.lab import Lab

    desk = Lab.from_().promotions
    found = desk.find(promotion)
    entries, deployment = desk.entries(found), desk.deployment(found)

    def human() -> None:
        render.promotion_card(found)
        _told(entries)
        if deployment:
            _deployment(deployment)

    data = {
        **found.to_dict(),
        "ledger": [entry.number for entry in entries],
        "deployment": to_dict(deployment) if deployment else None,
    }
    output.emit(data, human)


def _told(entries: list[Entry]) -> None:
    rows = [
        (entry.number, render.moment(entry.at), entry.actor, entry.action, _comment(entry))
        for entry in entries
    ]
    render.table("", ("#", "when", "who", "did", "comment"), rows, "")


def _deployment(deployment: DeploymentState) -> None:
    """Print what became of the deployment that the promotion began."""
    if deployment.failure:
        click.secho(f"Not deployed: {deployment.failure.message}", fg="red", bold=True)
        click.echo(f"  {deployment.failure.fix}")
        return
    at = f": {deployment.progress}" if deployment.progress else ""
    click.echo(f"Deployment to /{deployment.endpoint} {deployment.state}{at}")


def _comment(entry: Entry) -> str:
    from labline.lab.followup import release_comment

    said = entry.payload.get("approvals") or []
    decided = entry.action in ("approved", "rejected")
    return str(said[-1]["comment"]) if decided and said else release_comment(entry)
