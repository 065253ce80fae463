"""``%record``, ``%%record``, ``%log`` and ``%runs``."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labline.errors import BadInput, Conflict
from labline.kernel import Ended, Recorder, RecordingStatus, install
from labline.magics.arguments import (
    BadUsage,
    Parser,
    assignments,
    evaluate,
    is_nan,
    listed,
    number,
)
from labline.magics.cards import Card, display, listing, show, told
from labline.magics.project import lab
from labline.records import Dataset, Run, to_dict

if TYPE_CHECKING:
    import pandas as pd

_SIGNS = set("/:.%\"'")


class NotRecording(Conflict):
    """No recording is on."""


# -- %record -------------------------------------------------------------------------------------


def record_parser() -> Parser:
    """Return the parser of ``%record``."""
    parser = cell_parser(
        # argparse formats a usage with %.
        "%%record [on|off|status] [--experiment NAME] [--run NAME] [--notebook PATH]\n"
        "       %%%%record [--experiment NAME] [--run NAME]"
    )
    parser.add_argument(
        "action", nargs="?", default="status", choices=("on", "off", "status"), help="what to do"
    )
    parser.add_argument("--notebook", metavar="PATH", help="this notebook, where it is not known")
    return parser


def cell_parser(usage: str | None = None) -> Parser:
    """Return the parser of ``%%record``."""
    parser = Parser(
        "record",
        "Record this notebook or, as %%record, this cell as a run.",
        example="%record on --experiment churn",
        usage=usage,
    )
    parser.add_argument("--experiment", default="", help="experiment; the project's unless given")
    parser.add_argument("--run", default="", metavar="NAME", help="name of the run")
    return parser


def record(shell: Any, arguments: Namespace) -> Run | RecordingStatus:
    """Switch the recording on or off, or tell how it stands."""
    recorder = install(shell)
    if arguments.action == "on":
        status = recorder.start(
            experiment=arguments.experiment, name=arguments.run, notebook=arguments.notebook
        )
        return _shown(shell, status)
    ended = recorder.stop() if arguments.action == "off" else None
    if ended is not None and ended.run is not None:
        run: Run = show(shell, ended.run, run_card)
        return run
    return _shown(shell, recorder.status)


def begin_cell(shell: Any, arguments: Namespace) -> None:
    """Record the present cell: into the recording that is on, else as a run of its own."""
    install(shell).start(experiment=arguments.experiment, name=arguments.run, only_cell=True)


def show_end(shell: Any, ended: Ended) -> None:
    """Show what a recorded cell came to."""
    if ended.run is not None:
        display(shell, run_card(ended.run))
    elif ended.message:
        display(shell, Card("Recording", "kept locally", "bad", notes=[ended.message]))


def _shown(shell: Any, status: RecordingStatus) -> RecordingStatus:
    shown: RecordingStatus = show(shell, status, status_card)
    return shown


def status_card(status: RecordingStatus) -> Card:
    """Return the card of a recorder's status."""
    facts = told(
        ("experiment", status.experiment),
        ("name", status.name),
        ("run", status.run_id),
        ("notebook", status.notebook),
        ("cells", status.cells or None),
    )
    hint = [] if status.active or status.recording else ["Start with %record on, or %%record."]
    return Card(
        "Recording",
        "on" if status.active else "off",
        "good" if status.active else "open",
        facts,
        [status.message] if status.message else hint,
    )


def run_card(run: Run) -> Card:
    """Return the card of a run."""
    tones = {"FINISHED": "good", "RUNNING": "open"}
    facts = told(
        ("experiment", run.experiment),
        ("metrics", listing(run.metrics)),
        ("params", listing(run.params)),
        ("model", "logged" if run.model_uri else ""),
        ("notebook", run.notebook),
        ("id", run.id),
    )
    problem = run.tags.get("labline.problem")
    title = f"Run {run.name or run.id}"
    state = run.status.lower()
    return Card(title, state, tones.get(run.status, "bad"), facts, [problem] if problem else [])


# -- %log ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Logged:
    """What ``%log`` logged."""

    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    datasets: tuple[Dataset, ...] = ()
    #: name of the model
    model: str | None = None
    #: what the model needs to be installed
    requirements: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return one line, since IPython shows it under the cell."""
        data = ", ".join(f"{item.name} ({item.rows} rows)" for item in self.datasets)
        model = f"{self.model} ({len(self.requirements)} requirements)" if self.model else ""
        parts = (
            ("", listing(self.metrics)),
            ("params ", listing(self.params)),
            ("model ", model),
            ("data ", data),
        )
        return "Logged " + "; ".join(f"{kind}{text}" for kind, text in parts if text)


def log_parser() -> Parser:
    """Return the parser of ``%log``."""
    parser = Parser(
        "log",
        "Log metrics, parameters, data and the model with the run that is recorded.",
        example="%log auc=auc rmse=np.sqrt(mse) --params C --model model --data X_test,y_test",
    )
    parser.add_argument(
        "metrics", nargs="*", help="NAME=EXPRESSION, or a variable of that name; a number each"
    )
    parser.add_argument(
        "--params", nargs="+", metavar="NAME=VALUE", help="parameters, or variables"
    )
    parser.add_argument("--model", metavar="MODEL", help="the fitted model; needs --data")
    parser.add_argument("--name", help="name of the model; its variable's unless given")
    parser.add_argument(
        "--data", nargs="+", metavar="TABLE", help="tables; with --model held-out X,y"
    )
    parser.add_argument("--source", default="memory", help="where the data came from: path or URL")
    return parser


def log(shell: Any, arguments: Namespace) -> Logged:
    """Log everything on the line, or nothing where something on it is wrong."""
    recorder = install(shell)
    if recorder.recording is None:
        raise NotRecording(
            "No recording is on, so there is no run to log to.",
            fix="Begin the cell with %%record, or run %record on first.",
        )
    metrics = _metrics(arguments.metrics, shell.user_ns)
    params = _params(listed(arguments.params), shell.user_ns)
    tables = {text: evaluate(text, shell.user_ns) for text in listed(arguments.data)}
    if not (metrics or params or tables or arguments.model):
        raise BadUsage("There is nothing to log.", fix="For example: %log auc=auc")
    datasets = _datasets(tables, arguments.source)
    recorder.recording.check_params(params)
    model = _model(shell, recorder, arguments, tables) if arguments.model else ("", ())
    _put(recorder, metrics, params, datasets)
    return Logged(metrics, params, datasets, model[0] or None, model[1])


def _put(
    recorder: Recorder,
    metrics: dict[str, float],
    params: dict[str, str],
    datasets: tuple[Dataset, ...],
) -> None:
    if metrics:
        recorder.put({"event": "metrics", "values": metrics})
    if params:
        recorder.put({"event": "params", "values": params})
    for dataset in datasets:
        recorder.put({"event": "dataset", **to_dict(dataset)})


def _metrics(words: list[str], namespace: dict[str, Any]) -> dict[str, float]:
    metrics = {name: number(name, evaluate(text, namespace)) for name, text in assignments(words)}
    for name, value in metrics.items():
        if is_nan(value):
            sys.stderr.write(f"{name} is NaN: a metric gate will refuse it.\n")
    return metrics


def _params(words: list[str], namespace: dict[str, Any]) -> dict[str, str]:
    return {name: _param(name, text, namespace) for name, text in assignments(words)}


def _param(name: str, text: str, namespace: dict[str, Any]) -> str:
    """Return a parameter's value; a word that is no variable, as in ``kind=ridge``, is text."""
    try:
        return str(evaluate(text, namespace))
    except BadUsage:
        if name == text:
            raise
        return text


def _datasets(tables: dict[str, Any], source: str) -> tuple[Dataset, ...]:
    from labline.datasets import describe

    return tuple(describe(table, name, source) for name, table in tables.items())


def _model(
    shell: Any, recorder: Recorder, arguments: Namespace, tables: dict[str, Any]
) -> tuple[str, tuple[str, ...]]:
    """Save the model beside the journal, note it there; return its name and requirements."""
    from labline.kernel.requirements import of_model
    from labline.tracking import models

    assert recorder.recording is not None
    model = evaluate(arguments.model, shell.user_ns)
    name = _model_name(arguments)
    example = _example(tables)
    needs = of_model(model)
    folder = recorder.recording.model_folder(name)
    models.save(
        model,
        folder,
        example=example,
        requirements=list(needs.requirements),
        code_paths=list(needs.code_paths),
    )
    recorder.recording.put_model(folder)
    return name, needs.requirements


def _model_name(arguments: Namespace) -> str:
    name = arguments.name or (arguments.model if arguments.model.isidentifier() else "model")
    if _SIGNS & set(name):
        raise BadUsage(
            f"A model cannot be called {name!r}.", fix=f"Leave out {' '.join(sorted(_SIGNS))}."
        )
    return str(name)


def _example(tables: dict[str, Any]) -> Any:
    """Return X of ``--data X[,y]``, checked against y."""
    if not tables:
        raise BadUsage(
            "A model needs data, for its signature.",
            fix="For example: %log --model model --data X_test,y_test",
        )
    (name, example), *others = tables.items()
    for other, values in others:
        if len(values) != len(example):
            raise BadInput(
                f"{name} has {len(example)} rows, {other} has {len(values)}.",
                fix="Give rows and labels that belong together.",
            )
    return example


# -- %runs ---------------------------------------------------------------------------------------


def runs_parser() -> Parser:
    """Return the parser of ``%runs``."""
    parser = Parser(
        "runs", "Return the runs of an experiment as a DataFrame.", example="%runs --metric auc"
    )
    parser.add_argument("--experiment", help="experiment; this one's unless given")
    parser.add_argument("--metric", help="only runs with this metric, the greatest first")
    parser.add_argument("--limit", type=int, default=50, help="how many at most (default: 50)")
    return parser


def runs(shell: Any, arguments: Namespace) -> pd.DataFrame:
    """Return the runs of an experiment, newest first, a row each."""
    import pandas as pd

    recording = install(shell).recording
    experiment = arguments.experiment or (recording.experiment if recording else None)
    found = lab(shell).runs(experiment, limit=arguments.limit)
    frame = pd.DataFrame([_row(run) for run in found], columns=_columns(found))
    frame["started"] = pd.to_datetime(frame["started"], unit="s", utc=True).dt.round("s")
    if arguments.metric is None:
        return frame
    column = f"metrics.{arguments.metric}"
    if column not in frame:
        metrics = {name for run in found for name in run.metrics}
        raise BadUsage(
            f"No run has the metric {arguments.metric!r}.",
            fix=f"There are: {', '.join(sorted(metrics)) or 'none yet'}.",
        )
    ranked = frame.dropna(subset=[column]).sort_values(column, ascending=False)
    return ranked.reset_index(drop=True)


def _row(run: Run) -> dict[str, Any]:
    return {
        "run": run.id,
        "name": run.name,
        "status": run.status.lower(),
        "started": run.started,
        "duration": run.ended - run.started if run.ended else None,
        "model": run.model_uri is not None,
        **{f"metrics.{name}": value for name, value in run.metrics.items()},
        **{f"params.{name}": value for name, value in run.params.items()},
        "notebook": run.notebook,
    }


def _columns(found: list[Run]) -> list[str]:
    """Return the columns of every row: fixed ones, metrics, parameters."""
    metrics = {f"metrics.{name}": None for run in found for name in sorted(run.metrics)}
    params = {f"params.{name}": None for run in found for name in sorted(run.params)}
    fixed = ("run", "name", "status", "started", "duration", "model")
    return [*fixed, *metrics, *params, "notebook"]
