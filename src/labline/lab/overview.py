"""What surfaces list and show, JSON-ready."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import labline
from labline.errors import LablineError
from labline.records import to_dict

if TYPE_CHECKING:
    from labline.lab.service import Lab

#: how far counts go; beyond it a surface shows "1000+"
COUNT_LIMIT = 1000


def status(lab: Lab) -> dict[str, Any]:
    """Return the state of everything; what is away is reported, not raised."""
    return {
        "version": labline.__version__,
        "project": lab.settings.project.name,
        "root": str(lab.settings.root),
        "stages": _stages(lab),
        "platform": _ask(lambda: to_dict(lab.platform.status())),
        "endpoints": _each(lab),
        "worker": _ask(lambda: {"running": lab.workflows.has_worker()}),
        "kernels": _ask(lab.kernels.status),
        "tracking": {"uri": lab.settings.mlflow_uri, **_ask(lambda: _tracking(lab))},
        "counts": _counts(lab),
        "at": time.time(),
    }


def _each(lab: Lab) -> list[dict[str, Any]]:
    try:
        return lab.list_endpoints()
    except LablineError:  # "platform" says why
        return []


def _stages(lab: Lab) -> list[dict[str, Any]]:
    """Return the policy's stages in their order, and the metric that each looks at."""
    return [
        {"name": name, "metric": stage.metric.name if stage.metric else None}
        for name, stage in lab.rules.stages.items()
    ]


def models(lab: Lab) -> list[dict[str, Any]]:
    """Return every model with its newest version and the holder of each stage."""
    found = []
    for name in lab.tracking.registry.models():
        versions = lab.tracking.registry.versions(name)
        found.append(
            {
                "name": name,
                "latest": versions[0].version if versions else None,
                "created": versions[0].created if versions else None,
                "stages": {stage: item.version for item in versions for stage in item.stages},
            }
        )
    return found


def _tracking(lab: Lab) -> dict[str, Any]:
    lab.tracking.ping()
    return {"reachable": True}


def _counts(lab: Lab) -> dict[str, int | None]:
    questions: dict[str, Callable[[], int]] = {
        "runs": lambda: len(lab.runs(limit=COUNT_LIMIT)),
        "jobs": lambda: lab.jobs.count(COUNT_LIMIT),
        "models": lambda: len(lab.tracking.registry.models()),
        "promotions": lambda: lab.workflows.count("promotion", COUNT_LIMIT),
        "endpoints": lambda: len(lab.endpoints.list()),
    }
    return {name: _count(question) for name, question in questions.items()}


def _count(question: Callable[[], int]) -> int | None:
    try:
        return question()
    except LablineError:
        return None


def _ask(question: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return question()
    except LablineError as error:
        return {"reachable": False, "running": False, **error.to_dict()}
