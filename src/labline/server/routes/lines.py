"""The command line equal to a click, and the CI job equal to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labline.server import commands
from labline.server.bodies import Clicked, NewPipeline
from labline.server.route import Asked, Route

if TYPE_CHECKING:
    from labline.lab import Lab
    from labline.lab.shapes import Line, Pipeline


def _line(_: Lab, asked: Asked) -> Line:
    from labline.lab.shapes import Line

    return Line(commands.of_click(asked.body))


def _pipeline(lab: Lab, asked: Asked) -> Pipeline:
    body: NewPipeline = asked.body
    return lab.views.pipelines.of(body.platform, commands.of_click(body))


ROUTES = (
    Route("POST", "cli", "The command that does what a dialog would do.", _line, "Line",
          body=Clicked),
    Route("POST", "ci", "The CI job that does what a dialog would do.", _pipeline, "Pipeline",
          body=NewPipeline),
)  # fmt: skip
