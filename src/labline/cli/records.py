"""``labline runs`` and ``labline models``: look at what is recorded."""

from __future__ import annotations

import click

from labline.cli import render
from labline.cli.app import Output, json_option, pass_output
from labline.records import ModelVersion, Run, to_dict


@click.group()
def runs() -> None:
    """Look at recorded runs."""


@runs.command("list")
@click.option("--experiment", help="Experiment; the project's unless given.")
@click.option("--all", "every", is_flag=True, help="Runs of all experiments.")
@click.option("-n", "--limit", default=20, show_default=True, help="How many at most.")
@json_option
@pass_output
def list_runs(output: Output, experiment: str | None, every: bool, limit: int) -> None:
    """List runs, newest first.

    Example: labline runs list -n 5
    """
    from labline.lab import Lab

    found = Lab.from_().runs(experiment, limit=limit, every=every)
    output.emit([to_dict(run) for run in found], lambda: _runs(found))


def _runs(found: list[Run]) -> None:
    rows = [
        (
            run.id[:8],
            run.name,
            run.status.lower(),
            render.ago(run.started),
            "  ".join(f"{k}={render.number(v)}" for k, v in sorted(run.metrics.items())),
            "yes" if run.model_uri else "",
        )
        for run in found
    ]
    render.table(
        "",
        ("run", "name", "status", "started", "metrics", "model"),
        rows,
        "No runs yet. Record one: %load_ext labline, then %%record; or labline run NOTEBOOK",
    )


@runs.command("show")
@click.argument("run_id")
@json_option
@pass_output
def show_run(output: Output, run_id: str) -> None:
    """Show one run: parameters, metrics, cells, data, environment.

    Example: labline runs show 1f0c8a6d
    """
    from labline.lab import Lab

    lab = Lab.from_()
    run = lab.find_run(run_id)
    recording = lab.recording(run)
    output.emit({**to_dict(run), "recording": recording}, lambda: _run(run, recording))


def _run(run: Run, recording: dict[str, object] | None) -> None:
    out = render.console()
    out.print(f"[bold]{run.name}[/bold]  {run.id}  {run.status.lower()}")
    pairs = [("param", k, v) for k, v in sorted(run.params.items())]
    pairs += [("metric", k, render.number(v)) for k, v in sorted(run.metrics.items())]
    render.table("", ("", "name", "value"), pairs, "Nothing was logged with this run.")
    cells = recording.get("cells", []) if recording else []
    if isinstance(cells, list) and cells:
        rows = [
            (c["number"], c["outcome"], render.duration(c["duration"]), _first_line(c["source"]))
            for c in cells
        ]
        render.table("", ("cell", "outcome", "took", "source"), rows, "")


def _first_line(source: str) -> str:
    line = source.strip().splitlines()[0] if source.strip() else ""
    return line if len(line) <= 70 else f"{line[:67]}..."


@runs.command("publish")
@json_option
@pass_output
def publish(output: Output) -> None:
    """Publish recordings that were kept locally while MLflow was away.

    Example: labline runs publish
    """
    from labline.lab import Lab

    done = Lab.from_().publish()
    output.emit(
        {"published": [run.id for run in done]},
        lambda: click.echo(f"{len(done)} recordings published."),
    )


@click.group()
def models() -> None:
    """Look at registered models."""


@models.command("list")
@json_option
@pass_output
def list_models(output: Output) -> None:
    """List models, and the version that each stage holds.

    Example: labline models list
    """
    from labline.lab import Lab

    lab = Lab.from_()
    found = lab.list_models()
    stages = list(lab.settings.stages)
    rows = [
        (item["name"], item["latest"], *(item["stages"].get(stage, "-") for stage in stages))
        for item in found
    ]
    empty = "No models yet. Promote a run: labline promote best:METRIC --to STAGE"
    output.emit(found, lambda: render.table("", ("model", "newest", *stages), rows, empty))


@models.command("show")
@click.argument("model")
@json_option
@pass_output
def show_model(output: Output, model: str) -> None:
    """List the versions of a model.

    Example: labline models show penguins
    """
    from labline.lab import Lab

    found = Lab.from_().tracking.registry.versions(model)
    output.emit([to_dict(item) for item in found], lambda: _versions(found))


def _versions(found: list[ModelVersion]) -> None:
    rows = [
        (item.label, ", ".join(item.stages) or "lab", item.run_id[:8], render.ago(item.created),
         item.digest[:12])
        for item in found
    ]  # fmt: skip
    render.table("", ("version", "stages", "run", "registered", "digest"), rows, "")
