"""The command line that does what a click did."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any

from labline.errors import BadInput, nearest
from labline.server.bodies import (
    Clicked,
    JobOptions,
    NewApproval,
    NewDeployment,
    NewJobs,
    NewPromotion,
    NewRejection,
    NewSchedule,
    NewShare,
    SearchOptions,
)


def of_jobs(body: NewJobs) -> str:
    """Return ``labline run ...``."""
    words = ["labline", "run", body.notebook, *_values(body.parameters)]
    return shlex.join([*words, *beyond_values(body)])


def beyond_values(body: NewJobs) -> list[str]:
    """Return what ``labline run`` is given beside the notebook and its parameters."""
    words = []
    for name, text in body.axes.items():
        words += ["--sweep", f"{name}{text if text.startswith('~') else f'={text}'}"]
    return [*words, *_search(body.search), *_options(body.options)]


def of_schedule(body: NewSchedule) -> str:
    """Return ``labline schedules add ...``."""
    words = ["labline", "schedules", "add", body.notebook, "--cron", body.cron, f"--{body.runs}"]
    words += ["--timezone", body.timezone] if body.timezone != "UTC" else []
    words += ["--catch-up"] if body.catch_up else []
    words += ["--name", body.name] if body.name else []
    return shlex.join([*words, *_values(body.parameters), *_options(body.options)])


def of_promotion(body: NewPromotion) -> str:
    """Return ``labline promote ...``."""
    words = ["labline", "promote", body.candidate, "--to", body.to]
    words += ["--model", body.model] if body.model else []
    words += ["--experiment", body.experiment] if body.experiment else []
    words += ["--dry-run"] if body.dry_run else []
    words += {True: ["--deploy"], False: ["--no-deploy"], None: []}[body.deploy]
    return shlex.join(words)


def of_approval(id: str, body: NewApproval) -> str:
    """Return ``labline approve ...``."""
    comment = ["--comment", body.comment] if body.comment else []
    return shlex.join(["labline", "approve", id[:8], *comment])


def of_rejection(id: str, body: NewRejection) -> str:
    """Return ``labline reject ...``."""
    return shlex.join(["labline", "reject", id[:8], "--why", body.why])


def of_deployment(body: NewDeployment) -> str:
    """Return ``labline deploy ...``."""
    words = ["labline", "deploy", body.model]
    words += ["--endpoint", body.endpoint] if body.endpoint else []
    words += ["--env", body.environment] if body.environment != "locked" else []
    words += ["--instances", str(body.instances)] if body.instances else []
    words += ["--canary", str(body.canary)] if body.canary else []
    words += ["--shadow"] if body.shadow else []
    words += ["--now"] if body.now else []
    return shlex.join(words)


def of_share(endpoint: str, body: NewShare) -> str:
    """Return ``labline traffic ...``."""
    words = ["labline", "traffic", body.action, endpoint]
    words += [str(body.weight)] if body.action == "shift" else []
    words += ["--why", body.why] if body.action == "abort" and body.why else []
    return shlex.join(words)


def of_retraining(name: str, why: str) -> str:
    """Return the command that trains again what an endpoint serves."""
    return shlex.join(["labline", "retrain", name, "--why", why, "--detach"])


def of_rollback(endpoint: str) -> str:
    """Return ``labline rollback ...``."""
    return shlex.join(["labline", "rollback", endpoint])


def _search(given: SearchOptions) -> list[str]:
    named = {
        "--search": given.search,
        "--trials": given.trials,
        "--metric": given.metric,
        "--parallel": given.parallel,
        "--seed": given.seed,
    }
    words = [word for name, value in named.items() if value for word in (name, str(value))]
    goal = [f"--{given.goal}"] if given.goal else []
    return [*words, *goal, *(["--prune"] if given.prune else [])]


def _values(parameters: Mapping[str, str]) -> list[str]:
    return [word for name, value in parameters.items() for word in ("-p", name, value)]


def _options(given: JobOptions) -> list[str]:
    named = {
        "--experiment": given.experiment,
        "--timeout": given.timeout,
        "--memory": given.memory,
        "--retries": given.retries,
        "--cpus": given.cpus,
        "--priority": given.priority or None,
        "--group": given.group,
        "--key": given.key,
    }
    words = [word for name, value in named.items() if value not in (None, "")
             for word in (name, str(value))]  # fmt: skip
    words += [word for one in given.inputs for word in ("--input", one)]
    words += [word for one in given.keep for word in ("--keep", one)]
    return [*words, *(["--retry-on-error"] if given.retry_on_error else [])]


# -- by the name of what was clicked -------------------------------------------------------------


def of_click(clicked: Clicked) -> str:
    """Return the command for what a dialog would send.

    Raises
    ------
    BadInput
        There is no such action, or the body is not what it takes.
    """
    if clicked.action not in _ACTIONS:
        raise BadInput(
            f"There is no action {clicked.action!r}.", fix=nearest(clicked.action, _ACTIONS)
        )
    return _ACTIONS[clicked.action](dict(clicked.body))


def _read(kind: type, line: Callable[[Any], str]) -> Callable[[dict[str, Any]], str]:
    def of(body: dict[str, Any]) -> str:
        from labline.server.reading import fitted

        return line(fitted(kind, body))

    return of


def _decided(kind: type, line: Callable[[str, Any], str]) -> Callable[[dict[str, Any]], str]:
    def of(body: dict[str, Any]) -> str:
        from labline.server.reading import fitted

        id = str(body.pop("id", ""))
        return line(id, fitted(kind, body))

    return of


def _share(body: dict[str, Any]) -> NewShare:
    from labline.server.reading import fitted

    found: NewShare = fitted(NewShare, body)
    return found


_ACTIONS: dict[str, Callable[[dict[str, Any]], str]] = {
    "jobs": _read(NewJobs, of_jobs),
    "schedules": _read(NewSchedule, of_schedule),
    "promotions": _read(NewPromotion, of_promotion),
    "approve": _decided(NewApproval, of_approval),
    "reject": _decided(NewRejection, of_rejection),
    "deployments": _read(NewDeployment, of_deployment),
    "traffic": lambda body: of_share(str(body.pop("name", "")), _share(body)),
    "rollback": lambda body: of_rollback(str(body.get("name", ""))),
    "start": lambda _: "labline up",
    "stop": lambda _: "labline down",
}
