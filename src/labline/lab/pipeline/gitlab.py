"""A pipeline of GitLab CI."""

from __future__ import annotations

from typing import Any

from labline.lab.pipeline.plan import COMMENT, OUTPUT, Plan

PATH = ".gitlab-ci.yml"
_NOTES = "$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes"


def pipeline(plan: Plan) -> dict[str, Any]:
    """Return the pipeline: one job for merge requests, one for the branch that is promoted.

    MLFLOW_TRACKING_URI and LABLINE_DATABASE_URL reach the jobs as variables of the project.
    """
    base = {
        "image": f"python:{plan.python}",
        "before_script": [plan.setup()],
        "artifacts": {
            "when": "always",
            "paths": [OUTPUT],
            "reports": {"junit": f"{OUTPUT}/*.xml"},
        },
    }
    request, merge = _scripts(plan)
    return {
        ".labline": base,
        "labline-request": {
            "extends": ".labline",
            "rules": [{"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}],
            **request,
        },
        "labline-merge": {
            "extends": ".labline",
            "rules": [{"if": f'$CI_COMMIT_BRANCH == "{plan.branch}"'}],
            "resource_group": "labline",
            **merge,
        },
    }


def _scripts(plan: Plan) -> tuple[dict[str, Any], dict[str, Any]]:
    if plan.promotion is None:
        return {"script": plan.runs()}, {"script": plan.runs()}
    request = {
        "script": [*plan.runs(), plan.try_out()],
        # Of a job that failed, too: a refusal is what one wants to read. The token is a variable of
        # the project with the scope "api".
        "after_script": [
            f'if [ -n "$LABLINE_GITLAB_TOKEN" ] && [ -f {COMMENT} ]; then curl --fail --silent '
            f'--show-error --header "PRIVATE-TOKEN: $LABLINE_GITLAB_TOKEN" '
            f'--data-urlencode "body@{COMMENT}" "{_NOTES}"; fi'
        ],
    }
    return request, {"script": [*plan.runs(), plan.promote()]}
