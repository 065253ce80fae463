"""The command line equal to a click, and the CI job equal to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labline.errors import BadInput
from labline.server import commands
from labline.server.bodies import Clicked, NewJobs, NewPipeline, NewPromotion
from labline.server.route import Asked, Route

if TYPE_CHECKING:
    from labline.lab import Lab
    from labline.lab.shapes import Line, Pipeline


def _line(_: Lab, asked: Asked) -> Line:
    from labline.lab.shapes import Line

    return Line(commands.of_click(asked.body))


def _pipeline(lab: Lab, asked: Asked) -> Pipeline:
    from labline.lab.pipeline import Line as Promotion
    from labline.lab.shapes import Pipeline
    from labline.server.reading import below, fitted

    body: NewPipeline = asked.body
    cli, desk = commands.of_click(body), lab.pipelines
    if body.action == "jobs":
        jobs: NewJobs = fitted(NewJobs, body.body)
        notebook = below(asked.shown, jobs.notebook)
        lab.sweeps.space(notebook, jobs.axes)
        more = commands.beyond_values(jobs)
        written = desk.write(body.platform, [(notebook, jobs.parameters)], more=more)
    elif body.action == "promotions":
        sent: NewPromotion = fitted(NewPromotion, body.body)
        promotion = Promotion(sent.candidate, sent.to, sent.model)
        written = desk.write(body.platform, [], promotion=promotion)
    else:
        raise BadInput(
            f"{body.action!r} is not for CI.",
            fix=f"Jobs and promotions are; run this where the platform is: {cli}",
        )
    return Pipeline(written.path, written.text, cli)


ROUTES = (
    Route("POST", "cli", "The command that does what a dialog would do.", _line, "Line",
          body=Clicked),
    Route("POST", "ci", "The CI job that does what a dialog would do.", _pipeline, "Pipeline",
          body=NewPipeline),
)  # fmt: skip
