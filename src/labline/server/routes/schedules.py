"""Schedules: jobs by the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labline.records import Schedule
from labline.server import commands
from labline.server.bodies import NewSchedule
from labline.server.route import Asked, Route
from labline.server.routes.jobs import options_of

if TYPE_CHECKING:
    from labline.lab import Lab
    from labline.lab.shapes import Done, Scheduled, Submitted


def _list(lab: Lab, _: Asked) -> list[Schedule]:
    return lab.jobs.schedules.list()


def _add(lab: Lab, asked: Asked) -> Scheduled:
    from labline.jobs.schedules import Rule
    from labline.lab.shapes import Scheduled
    from labline.server.reading import below

    body: NewSchedule = asked.body
    rule = Rule(body.cron, body.runs, body.timezone, body.catch_up, body.name)
    notebook = below(asked.shown, body.notebook)
    options = options_of(body.options, asked.shown)
    added = lab.queue.schedule(notebook, body.parameters, rule, options)
    return Scheduled(added, commands.of_schedule(body))


def _pause(lab: Lab, asked: Asked) -> Scheduled:
    from labline.lab.shapes import Scheduled

    name = asked.path["name"]
    return Scheduled(lab.jobs.schedules.pause(name), f"labline schedules pause {name}")


def _resume(lab: Lab, asked: Asked) -> Scheduled:
    from labline.lab.shapes import Scheduled

    name = asked.path["name"]
    return Scheduled(lab.jobs.schedules.resume(name), f"labline schedules resume {name}")


def _trigger(lab: Lab, asked: Asked) -> Submitted:
    from labline.lab.shapes import Submitted

    name = asked.path["name"]
    job = lab.jobs.get(lab.jobs.schedules.trigger(name))
    lab.errands.see_to([job.id])
    return Submitted((job,), f"labline schedules trigger {name}")


def _remove(lab: Lab, asked: Asked) -> Done:
    from labline.lab.shapes import Done

    name = asked.path["name"]
    lab.jobs.schedules.remove(name)
    return Done(name, f"labline schedules remove {name}")


ROUTES = (
    Route("GET", "schedules", "Schedules by name.", _list, "Schedule", "list"),
    Route("POST", "schedules", "Run a notebook by a cron rule.", _add, "Scheduled",
          body=NewSchedule, status=201),
    Route("POST", "schedules/{name}/pause", "Let it rest.", _pause, "Scheduled"),
    Route("POST", "schedules/{name}/resume", "Let it come again.", _resume, "Scheduled"),
    Route("POST", "schedules/{name}/trigger", "Queue its job now.", _trigger, "Submitted",
          status=202),
    Route("DELETE", "schedules/{name}", "Remove it; its jobs stay.", _remove, "Done"),
)  # fmt: skip
