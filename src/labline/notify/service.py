"""Notices as durable work: whoever has something to tell goes on at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from labline.errors import LablineError, Unreachable
from labline.notify import delivery
from labline.notify.notice import Notice
from labline.settings import NotifySettings, Settings
from labline.workflows import Flow, Workflows

NOTICE = "notice"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Notices:
    """Takes notices, and has a worker deliver them, again until somebody takes them.

    The workflow ``notice`` is registered where this is made.
    """

    settings: Settings
    workflows: Workflows
    #: seconds before each further try
    patience: tuple[float, ...] = (1.0, 5.0, 30.0, 120.0, 600.0, 3600.0)

    def __post_init__(self) -> None:
        """Register the workflow."""
        self.workflows.register(NOTICE, self._deliver, queue="notices")

    def send(self, notice: Notice) -> None:
        """Have a notice delivered, if the project wants it; the same id is queued once.

        It never raises: what is told of must not fail because it cannot be told.
        """
        wanted = self._wanted()
        if notice.type not in wanted.on or not (wanted.webhook or wanted.email):
            return
        try:
            self.workflows.submit(NOTICE, asdict(notice), id=f"notice-{notice.id}")
        except Exception:  # noqa: BLE001 - what is told of must not fail
            _log.exception("A notice could not be queued: %s", notice.title)

    def _deliver(self, flow: Flow, payload: dict[str, Any]) -> dict[str, str]:
        """Deliver a notice; return what became of it by each way, empty where it went well."""
        notice, wanted = Notice(**payload), self._wanted()
        ways: dict[str, Callable[[], None]] = {}
        if wanted.webhook:
            ways["webhook"] = lambda: delivery.post(notice, wanted)
        if wanted.email:
            project = self.settings.project.name
            ways["email"] = lambda: delivery.mail(notice, wanted, project)
        return {way: self._insist(flow, way, call) for way, call in ways.items()}

    def _wanted(self) -> NotifySettings:
        """Return what labline.toml says now, or, where it cannot be used, what it said before."""
        try:
            return self.settings.by_policy_of_now().notify
        except LablineError as error:
            _log.warning("Notices go by the settings of before: %s", error)
            return self.settings.notify

    def _insist(self, flow: Flow, way: str, call: Callable[[], None]) -> str:
        """Try until it goes well or never will; each try is a step, done once."""
        for pause in (*self.patience, None):
            problem, may_help = flow.step(way, lambda: _tried(call))
            if not problem or not may_help or pause is None:
                break
            flow.stopping.wait(pause)
            flow.check()
        if problem:
            _log.warning("A notice was not delivered by %s: %s", way, problem)
        return str(problem)


def _tried(call: Callable[[], None]) -> tuple[str, bool]:
    """Return what was wrong, empty if nothing, and whether it may go better later."""
    try:
        call()
    except LablineError as error:
        return str(error), isinstance(error, Unreachable)
    except Exception as error:  # noqa: BLE001 - it would end the notice, and no one would know
        _log.exception("A notice could not be delivered")
        return f"{type(error).__name__}: {error}", False
    return "", False
