"""``labline runs`` and ``labline models``: look at what is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from labline.cli import render
from labline.cli.app import Group, Output, json_option, pass_output
from labline.cli.options import limit_option
from labline.records import ModelVersion, Run, to_dict

if TYPE_CHECKING:
    from labline.lab.comparison import Comparison, Replayed
    from labline.notebooks.truth import Truth

_SIGNS = {"+": "green", "-": "red"}


@click.group(cls=Group)
def runs() -> None:
    """Look at recorded runs."""


@runs.command("list")
@click.option("--experiment", help="Experiment; the project's unless given.")
@click.option("--all", "every", is_flag=True, help="Runs of all experiments.")
@limit_option
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
    """Show one run: parameters, metrics, cells, and whether they ran as the notebook stands.

    Example: labline runs show 1f0c8a6d
    """
    from labline.lab import Lab

    lab = Lab.from_()
    run = lab.find_run(run_id)
    recording = lab.recording(run)
    truth = lab.recorded.truth(run)
    data = {"recording": recording, "truth": truth.to_dict() if truth else None}
    output.emit({**to_dict(run), **data}, lambda: _run(run, recording, truth))


def _run(run: Run, recording: dict[str, object] | None, truth: Truth | None) -> None:
    out = render.console()
    out.print(f"[bold]{run.name}[/bold]  {run.id}  {run.status.lower()}")
    pairs = [("param", k, v) for k, v in sorted(run.params.items())]
    pairs += [("metric", k, render.number(v)) for k, v in sorted(run.metrics.items())]
    data = recording.get("datasets", []) if recording else []
    if isinstance(data, list):
        pairs += [("data", d["name"], f"{d['rows']} rows from {d['source']}") for d in data]
    render.table("", ("", "name", "value"), pairs, "Nothing was logged with this run.")
    cells = recording.get("cells", []) if recording else []
    if isinstance(cells, list) and cells:
        rows = [
            (c["number"], c["outcome"], render.duration(c["duration"]), _first_line(c["source"]))
            for c in cells
        ]
        render.table("", ("", "outcome", "took", "source"), rows, "")
    if truth is not None:
        out.print(_told(truth))


def _told(truth: Truth) -> Text:
    if truth.plain:
        return Text("The cells ran once each, from top to bottom, as the notebook stands.", "green")
    return Text(f"Not from top to bottom: {truth}.", "yellow")


def _first_line(source: str) -> str:
    line = source.strip().splitlines()[0] if source.strip() else ""
    return line if len(line) <= 70 else f"{line[:67]}..."


@runs.command("replay")
@click.argument("run_id")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=1e-6,
    show_default=True,
    help="Relative difference allowed per metric.",
)
@json_option
@pass_output
@click.pass_context
def replay_run(context: click.Context, output: Output, run_id: str, tolerance: float) -> None:
    """Rerun a run's notebook in a fresh kernel; exit 1 where it gives something else.

    Compared are the metrics, and what each cell showed.

    Example: labline runs replay 1f0c8a6d
    """
    from labline.lab import Lab

    if not output.as_json:
        click.secho("  ... replaying the notebook in a fresh kernel", dim=True, err=True)
    found = Lab.from_().recorded.replay(run_id, tolerance=tolerance)
    output.emit(found.to_dict(), lambda: _replayed(found))
    context.exit(0 if found.same else 1)


def _replayed(found: Replayed) -> None:
    out = render.console()
    if found.same:
        words = f"{len(found.run.metrics)} metrics and all outputs are those recorded."
        out.print(Text(words, "green"))
        return
    metrics = [
        (m.name, render.number(m.recorded), "-" if m.rerun is None else render.number(m.rerun))
        for m in found.metrics
    ]
    if metrics:
        render.table("", ("metric", "recorded", "rerun"), metrics, "")
    outputs = [(item.cell, _first_line(item.source)) for item in found.outputs]
    if outputs:
        render.table("", ("cell", "shows something else"), outputs, "")
    out.print(f"The rerun is run {found.rerun.id[:8]}.")
    if found.truth and not found.truth.plain:
        out.print(_told(found.truth))


@runs.command("compare")
@click.argument("run_ids", nargs=-1, required=True, metavar="RUN RUN...")
@json_option
@pass_output
def compare_runs(output: Output, run_ids: tuple[str, ...]) -> None:
    """Compare runs: metrics, parameters, data, environment, and the cells of their notebooks.

    Example: labline runs compare 1f0c8a6d 77b0e2c1
    """
    from labline.lab import Lab

    found = Lab.from_().recorded.compare(run_ids)
    output.emit(found.to_dict(), lambda: _compared(found))


def _compared(found: Comparison) -> None:
    out = render.console()
    rows = [
        tuple(Text(text, "" if row.same else "bold") for text in (row.kind, row.name, *row.values))
        for row in found.shown
    ]
    render.table("", ("", "", *found.columns), rows, "The runs have nothing that differs.")
    for run_id, changes in found.cells.items():
        if changes:
            out.print(f"[bold]cells of {run_id[:8]}[/bold] [dim]against {found.columns[0]}[/dim]")
        for change in changes:
            out.print(Text(change.title))
            for line in change.lines:
                out.print(Text(f"  {line}", _SIGNS.get(line[:1], "")))
    if found.remark:
        out.print(Text(found.remark, "dim"))


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


@click.group(cls=Group)
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


@models.command("diff")
@click.argument("candidate")
@click.argument("champion")
@click.option("--markdown", is_flag=True, help="Print it fit for a pull-request comment.")
@json_option
@pass_output
def diff_models(output: Output, candidate: str, champion: str, markdown: bool) -> None:
    """Show what two model versions differ in.

    Metrics on the same held-out rows, with intervals and by slice; signature, data, dependencies,
    parameters, notebook cells. Each is NAME, NAME/VERSION or NAME@STAGE. Where they were logged
    with different held-out rows, the second is built, booted and asked about the first's.

    Example: labline models diff penguins/3 penguins@prod
    """
    from labline.cli import diffs
    from labline.lab import Lab

    found = Lab.from_().differences.between(candidate, champion)

    def human() -> None:
        if markdown:
            click.echo(found.to_markdown(), nl=False)
        else:
            diffs.show(found)

    output.emit(found.to_dict(), human)
