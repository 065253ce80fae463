"""Schedules: jobs that are submitted by the clock."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from labline import notebooks
from labline.errors import BadInput
from labline.jobs.options import Options
from labline.jobs.pinned import Pins
from labline.jobs.submission import Submission
from labline.jobs.telling import of_schedule
from labline.notify import Notice
from labline.records import Schedule
from labline.settings import Settings
from labline.workflows import Entry, Flow, Workflows, checked

SCHEDULED = "schedule"
_NAME = re.compile(r"[\w.-]{1,100}")


@dataclass(frozen=True)
class Rule:
    """When a schedule comes, and which notebook it then runs."""

    cron: str
    #: ``"latest"``: the notebook as it is saved then; ``"snapshot"``: as it is now
    runs: Literal["latest", "snapshot"]
    timezone: str = "UTC"
    #: whether to make up for times that came while no worker was running
    catch_up: bool = False
    #: name of the schedule; the notebook's unless given
    name: str = ""


class Schedules:
    """The schedules of a project.

    A schedule comes while a worker is running. However many there are, a time is one job.

    Parameters
    ----------
    settings
        Where snapshots go.
    workflows
        The clock; the workflow ``schedule`` is registered there.
    desk
        Takes what is submitted.
    tell
        Takes the notice of a schedule that cannot submit its job.
    """

    def __init__(
        self,
        settings: Settings,
        workflows: Workflows,
        desk: Submission,
        tell: Callable[[Notice], None],
    ) -> None:
        self._settings = settings
        self._workflows = workflows
        self._desk = desk
        self._tell = tell
        workflows.register(SCHEDULED, self._come, queue="schedules")

    def add(
        self, notebook: Path | str, values: Mapping[str, Any], rule: Rule, options: Options
    ) -> Schedule:
        """Add a schedule.

        Raises
        ------
        BadInput
            The cron rule, the time zone or the name cannot be used.
        NotFound, BadNotebook, BadParameter
            The notebook cannot be run with these values.
        Conflict
            There is a schedule of this name.
        """
        taken = notebooks.snapshot(notebook)
        order = self._desk.order(taken, values, options)
        name = rule.name or taken.path.stem
        if not _NAME.fullmatch(name):
            raise BadInput(
                f"{name!r} cannot name a schedule.",
                fix="Give --name of letters, digits, '-', '_' and '.'.",
                option="name",
            )
        payload = {
            "notebook": str(taken.path),
            "parameters": order.parameters,
            "options": {
                **asdict(options),
                "output_dir": _absolute(options.output_dir),
                "inputs": list(map(_absolute, options.inputs)),
            },
            "snapshot": str(self._keep(taken)) if rule.runs == "snapshot" else None,
            "pins": asdict(Pins(order.modules, order.inputs)) if rule.runs == "snapshot" else None,
        }
        entry = checked(rule.cron, rule.timezone, payload, catch_up=rule.catch_up)
        self._workflows.schedule(name, SCHEDULED, entry)
        return self.get(name)

    def _keep(self, taken: notebooks.Snapshot) -> Path:
        place = self._settings.folder("jobs") / "schedules" / f"{taken.sha256[:16]}.ipynb"
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(taken.content)
        return place

    def list(self) -> builtins.list[Schedule]:
        """Return the schedules by name."""
        return [self._schedule(entry) for entry in self._workflows.timetable.list()]

    def get(self, name: str) -> Schedule:
        """Return one schedule.

        Raises
        ------
        NotFound
            There is none of this name.
        """
        return self._schedule(self._workflows.timetable.get(name))

    def pause(self, name: str) -> Schedule:
        """Let a schedule rest; raises as :meth:`get` does."""
        self._workflows.timetable.pause(name)
        return self.get(name)

    def resume(self, name: str) -> Schedule:
        """Let a schedule come again; what it missed while it rested it does not make up for."""
        self._workflows.timetable.resume(name)
        return self.get(name)

    def remove(self, name: str) -> None:
        """Remove a schedule; its jobs stay. Raises as :meth:`get` does."""
        self._workflows.timetable.remove(name)

    def trigger(self, name: str) -> str:
        """Submit the job of a schedule now, and return its id.

        Raises
        ------
        NotFound, BadNotebook, BadParameter
            There is no such schedule, or its notebook cannot be run any more.
        """
        payload = self._workflows.timetable.get(name).payload
        return self._submit(payload, None)

    def _come(self, flow: Flow, payload: dict[str, Any]) -> str:
        """Submit the job that is due; the body of the workflow ``schedule``."""
        try:
            return flow.step("submit", lambda: self._submit(payload, f"{flow.id}"))
        except Exception as error:
            name, notebook = payload["schedule"], Path(payload["notebook"]).name
            self._tell(of_schedule(flow.id, name, notebook, error))
            raise

    def _submit(self, payload: Mapping[str, Any], key: str | None) -> str:
        path, snapshot = Path(payload["notebook"]), payload["snapshot"]
        taken = notebooks.snapshot(snapshot or path)
        given = Options(**payload["options"])
        options = replace(
            given,
            key=key,
            output_dir=Path(given.output_dir) if given.output_dir else None,
            inputs=[Path(one) for one in given.inputs],
            tags={**given.tags, "labline.schedule": payload["schedule"]},
        )
        return self._desk.submit_taken(
            notebooks.Snapshot(path, taken.content),
            payload["parameters"],
            options,
            Pins(**payload["pins"]) if payload["pins"] else None,
        )

    def _schedule(self, entry: Entry) -> Schedule:
        last = self._workflows.list(
            SCHEDULED, prefix=self._workflows.timetable.prefix(entry.name), limit=1
        )
        path = Path(entry.payload["notebook"])
        root = self._settings.root
        return Schedule(
            name=entry.name,
            notebook=str(path.relative_to(root) if path.is_relative_to(root) else path),
            parameters=entry.payload["parameters"],
            cron=entry.cron,
            timezone=entry.timezone,
            runs="snapshot" if entry.payload["snapshot"] else "latest",
            catch_up=entry.catch_up,
            paused=entry.paused,
            next=entry.next,
            last=entry.last,
            job=last[0].result if last else None,
            error=str(last[0].error or "") if last else "",
        )


def _absolute(folder: Path | None) -> str | None:
    return str(folder.resolve()) if folder else None
