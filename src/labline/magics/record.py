"""``%record``, ``%%record`` and ``%runs``."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from labline.kernel import Ended, RecordingStatus, install
from labline.magics.arguments import BadUsage, Parser
from labline.magics.cards import Card, display, show
from labline.magics.project import lab
from labline.records import Run

if TYPE_CHECKING:
    import pandas as pd

    from labline.lab.comparison import Comparison

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
        run: Run = show(shell, ended.run)
        return run
    return _shown(shell, recorder.status)


def begin_cell(shell: Any, arguments: Namespace) -> None:
    """Record the present cell: into the recording that is on, else as a run of its own."""
    install(shell).start(experiment=arguments.experiment, name=arguments.run, only_cell=True)


def show_end(shell: Any, ended: Ended) -> None:
    """Show what a recorded cell came to."""
    if ended.run is not None:
        display(shell, ended.run)
    elif ended.message:
        display(shell, Card("Recording", "kept locally", "bad", notes=[ended.message]))


def _shown(shell: Any, status: RecordingStatus) -> RecordingStatus:
    shown: RecordingStatus = show(shell, status)
    return shown


# -- %runs ---------------------------------------------------------------------------------------


def runs_parser() -> Parser:
    """Return the parser of ``%runs``."""
    parser = Parser(
        "runs", "Return the runs of an experiment as a DataFrame.", example="%runs --metric auc"
    )
    parser.add_argument("--experiment", help="experiment; this one's unless given")
    parser.add_argument("--metric", help="only runs with this metric, the greatest first")
    parser.add_argument("--limit", type=int, default=50, help="how many at most (default: 50)")
    parser.add_argument(
        "--compare", nargs="*", metavar="RUN",
        help="put these runs (ids), or the newest two, side by side, with the cells that differ",
    )  # fmt: skip
    return parser


def runs(shell: Any, arguments: Namespace) -> pd.DataFrame | Comparison:
    """Return the runs of an experiment, newest first, a row each; or some of them compared."""
    recording = install(shell).recording
    experiment = arguments.experiment or (recording.experiment if recording else None)
    if arguments.compare is not None:
        chosen = arguments.compare or [run.id for run in lab(shell).runs(experiment, limit=2)]
        compared: Comparison = lab(shell).recorded.compare(chosen)
        return compared
    return _frame(lab(shell).runs(experiment, limit=arguments.limit), arguments)


def _frame(found: list[Run], arguments: Namespace) -> pd.DataFrame:
    import pandas as pd

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
