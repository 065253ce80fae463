"""Workflows that are submitted by the clock: DBOS's schedules."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from labline.errors import BadInput, Conflict, NotFound, nearest


@dataclass(frozen=True)
class Entry:
    """A rule, and what it submits."""

    name: str
    cron: str
    timezone: str
    payload: dict[str, Any]
    paused: bool
    catch_up: bool
    #: when it comes next; None while paused
    next: float | None
    #: the time, by the rule, for which it came last
    last: float | None


class Timetable:
    """The rules of one project; any executor of the project submits by them, each time once.

    A body that is submitted by the clock gets the payload of its rule with ``at``, the time by
    the rule, and ``schedule``, its name.

    Parameters
    ----------
    answering
        Gives the connected ``DBOSClient``.
    application
        Name of the project on its database.
    """

    def __init__(
        self, answering: Callable[[], AbstractContextManager[Any]], application: str
    ) -> None:
        self._answering = answering
        self._prefix = f"{application}/"

    def add(self, name: str, workflow: str, queue: str, entry: Entry) -> None:
        """Add a rule that submits `workflow`; see :func:`checked` for what it can be.

        Raises
        ------
        Conflict
            There is one of this name.
        """
        with self._answering() as client:
            if client.get_schedule(self._prefix + name):
                raise Conflict(
                    f"There is a schedule {name!r} already.",
                    fix=f"Give another --name, or first: labline schedules remove {name}",
                )
            client.create_schedule(
                schedule_name=self._prefix + name,
                workflow_name=workflow,
                schedule=entry.cron,
                context={**entry.payload, "schedule": name},
                automatic_backfill=entry.catch_up,
                cron_timezone=entry.timezone,
                queue_name=queue,
            )

    def list(self) -> list[Entry]:
        """Return all rules by name."""
        with self._answering() as client:
            found = client.list_schedules(schedule_name_prefix=self._prefix)
        return sorted(map(self._entry, found), key=lambda entry: entry.name)

    def get(self, name: str) -> Entry:
        """Return one rule.

        Raises
        ------
        NotFound
            There is none of this name.
        """
        with self._answering() as client:
            found = client.get_schedule(self._prefix + name)
        if found is None:
            known = [entry.name for entry in self.list()]
            raise NotFound(f"There is no schedule {name!r}.", fix=nearest(name, known))
        return self._entry(found)

    def pause(self, name: str) -> None:
        """Let the rule rest."""
        self.get(name)
        with self._answering() as client:
            client.pause_schedule(self._prefix + name)

    def resume(self, name: str) -> None:
        """Let the rule hold again; what it missed while it rested stays missed."""
        entry = self.get(name)
        with self._answering() as client:
            if entry.paused and entry.last:
                now = datetime.now(ZoneInfo(entry.timezone)).isoformat()
                client._sys_db.update_last_fired_at(self._prefix + name, now)
            client.resume_schedule(self._prefix + name)

    def remove(self, name: str) -> None:
        """Remove the rule."""
        self.get(name)
        with self._answering() as client:
            client.delete_schedule(self._prefix + name)

    def prefix(self, name: str) -> str:
        """Return how the ids of what the rule submitted begin."""
        return f"sched-{self._prefix}{name}-"

    def _entry(self, found: Any) -> Entry:
        paused, last = found["status"] != "ACTIVE", found["last_fired_at"]
        return Entry(
            name=found["schedule_name"].removeprefix(self._prefix),
            cron=found["schedule"],
            timezone=found["cron_timezone"] or "UTC",
            payload=found["context"],
            paused=paused,
            catch_up=bool(found["automatic_backfill"]),
            next=None if paused else upcoming(found["schedule"], found["cron_timezone"] or "UTC"),
            last=datetime.fromisoformat(last).timestamp() if last else None,
        )


def checked(cron: str, timezone: str, payload: dict[str, Any], *, catch_up: bool) -> Entry:
    """Return a rule that can be added.

    Raises
    ------
    BadInput
        `cron` is no rule, or never comes; `timezone` is not known.
    """
    from croniter import croniter
    from croniter.croniter import CroniterBadDateError

    if timezone not in available_timezones():
        raise BadInput(
            f"There is no time zone {timezone!r}.",
            fix=_zone(timezone),
            option="timezone",
        )
    if not croniter.is_valid(cron, second_at_beginning=True):
        raise BadInput(
            f"{cron!r} is not a cron rule.",
            fix="Write minute, hour, day, month and weekday: '0 6 * * 1-5' is weekdays at 6:00.",
            option="cron",
        )
    try:
        next = upcoming(cron, timezone)
    except CroniterBadDateError as error:
        raise BadInput(
            f"{cron!r} never comes.", fix="Correct its day or its month.", option="cron"
        ) from error
    return Entry("", cron, timezone, payload, False, catch_up, next, None)


def _zone(name: str) -> str:
    hint = nearest(name, available_timezones())
    return hint if hint.startswith("Did") else "Write for example 'UTC' or 'Europe/Berlin'."


def upcoming(cron: str, timezone: str) -> float:
    """Return when a rule comes next."""
    from croniter import croniter

    now = datetime.now(ZoneInfo(timezone))
    found: datetime = croniter(cron, now, second_at_beginning=True).get_next(datetime)
    return found.timestamp()
