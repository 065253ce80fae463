"""A workflow of GitHub Actions."""

from __future__ import annotations

from typing import Any

from labline.lab.pipeline.plan import COMMENT, OUTPUT, Plan

PATH = ".github/workflows/labline.yml"
_ON_MERGE = "github.event_name == 'push'"
_ON_REQUEST = "github.event_name == 'pull_request'"
#: where the team keeps its runs; without these secrets all is embedded, and lost with the job
_SERVICES = ("MLFLOW_TRACKING_URI", "LABLINE_DATABASE_URL")


def workflow(plan: Plan) -> dict[str, Any]:
    """Return the workflow: everything is run, pull requests are judged, merges are promoted."""
    return {
        "name": "labline",
        "on": {"pull_request": {}, "push": {"branches": [plan.branch]}},
        "permissions": {"contents": "read", "pull-requests": "write"},
        "concurrency": {"group": "labline-${{ github.ref }}"},
        "jobs": {
            "line": {
                "runs-on": "ubuntu-latest",
                "env": {name: f"${{{{ secrets.{name} }}}}" for name in _SERVICES},
                "steps": [*_prepare(plan), *_run(plan), *_promote(plan), _keep()],
            }
        },
    }


def _prepare(plan: Plan) -> list[dict[str, Any]]:
    return [
        {"uses": "actions/checkout@v4"},
        {"uses": "actions/setup-python@v5", "with": {"python-version": plan.python}},
        {"name": "Install", "run": plan.setup()},
    ]


def _run(plan: Plan) -> list[dict[str, Any]]:
    return [
        {"name": f"Run {item.path}", "run": command}
        for item, command in zip(plan.notebooks, plan.runs(), strict=True)
    ]


def _promote(plan: Plan) -> list[dict[str, Any]]:
    if plan.promotion is None:
        return []
    # A fork's pull request has neither secrets nor the right to comment.
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    return [
        {"name": "Judge", "if": _ON_REQUEST, "run": plan.try_out()},
        {
            "name": "Comment",
            "if": f"!cancelled() && {_ON_REQUEST} && {own} && hashFiles('{COMMENT}') != ''",
            "env": {"GH_TOKEN": "${{ github.token }}"},
            "run": f"gh pr comment ${{{{ github.event.number }}}} --body-file {COMMENT}",
        },
        {"name": "Promote", "if": _ON_MERGE, "run": plan.promote()},
    ]


def _keep() -> dict[str, Any]:
    return {
        "name": "Keep what ran",
        "if": "!cancelled()",
        "uses": "actions/upload-artifact@v4",
        "with": {"name": "labline", "path": OUTPUT, "if-no-files-found": "ignore"},
    }
