"""``%submit``, ``%jobs`` and ``%sweep``."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline.errors import BadInput
from labline.kernel import install
from labline.magics.arguments import BadUsage, Parser
from labline.magics.cards import listing, show
from labline.magics.project import lab

if TYPE_CHECKING:
    import pandas as pd

    from labline.jobs.options import Options
    from labline.jobs.sweeps import Sweep
    from labline.records import Job


def submit_parser() -> Parser:
    """Return the parser of ``%submit``."""
    parser = Parser(
        "submit",
        "Run this notebook, or another, as a job or a sweep of jobs.",
        example="%submit train.ipynb -p alpha 0.5 --wait",
    )
    parser.add_argument("notebook", nargs="?", help="notebook; this one unless given")
    parser.add_argument(
        "-p", nargs=2, action="append", default=[], dest="values", metavar=("NAME", "VALUE"),
        help="value of a parameter",
    )  # fmt: skip
    parser.add_argument(
        "--sweep",
        action="append",
        default=[],
        metavar="NAME=V1,V2",
        help="values to try, or a range to draw from: NAME~loguniform(1e-3, 1)",
    )
    parser.add_argument("--trials", type=int, help="try so many points, not all")
    parser.add_argument("--metric", help="what makes a trial the best")
    parser.add_argument(
        "--maximize", dest="goal", action="store_const", const="maximize",
        help="the greatest value of the metric is best; as the policy says, or its name, unless "
        "given",
    )  # fmt: skip
    parser.add_argument(
        "--minimize", dest="goal", action="store_const", const="minimize", help="the least is"
    )
    parser.add_argument(
        "--search", choices=("grid", "random", "optuna"),
        help="how points are chosen: all, by chance, or near those that did well",
    )  # fmt: skip
    parser.add_argument(
        "--prune", action="store_true", help="end a trial early whose metric stands badly"
    )
    parser.add_argument("--parallel", type=int, help="trials at a time, with --search optuna")
    parser.add_argument("--seed", type=int, default=0, help="of what is chosen by chance")
    parser.add_argument("--experiment", help="experiment; the project's unless given")
    parser.add_argument("--memory", help="kill a job that holds more: 4GiB")
    parser.add_argument("--timeout", help="kill a job that takes longer: 2h")
    parser.add_argument("--cpus", type=int, help="CPUs that a job's kernel may use (Linux)")
    parser.add_argument(
        "--priority", type=int, default=0, help="from -100 to 100: what is higher comes first"
    )
    parser.add_argument("--group", help="group of [jobs] groups, whose limit holds for all workers")
    parser.add_argument(
        "--input", action="append", default=[], metavar="FILE",
        help="copy this file or folder; the job works in a folder of its own",
    )  # fmt: skip
    parser.add_argument(
        "--keep", action="append", default=[], metavar="PATTERN",
        help="keep such files with the run: '*.csv'",
    )  # fmt: skip
    parser.add_argument("--wait", action="store_true", help="return when the jobs have ended")
    return parser


def submit(shell: Any, arguments: Namespace) -> Job | Sweep:
    """Queue the notebook; return its job, or the sweep."""
    from labline.jobs.sweeps import Wanted

    project, notebook = lab(shell), _notebook(shell, arguments.notebook)
    values, options = dict(arguments.values), _options(arguments)
    given = {name: getattr(arguments, name) for name in _SEARCH}
    wanted = Wanted(kind=arguments.search, **given)
    if arguments.sweep:
        axes = _axes(arguments.sweep)
        sweep = project.sweeps.start(notebook, values, axes, wanted, options)
        return project.sweeps.wait(sweep) if arguments.wait else sweep
    if wanted.named:
        raise BadUsage(f"{wanted.named[0]} is about a sweep.", fix="Add --sweep C=0.1,1,10")
    asked = project.queue.submit(notebook, values, options)
    job: Job = show(shell, project.queue.wait([asked])[0] if arguments.wait else asked)
    return job


def _axes(words: list[str]) -> dict[str, str]:
    from labline.jobs.sweeps.space import split_axis

    try:
        return dict(map(split_axis, words))
    except BadInput as error:
        raise BadUsage(error.message, fix="For example: --sweep C=0.1,1,10") from error


_SEARCH = ("trials", "metric", "goal", "prune", "parallel", "seed")


def _options(arguments: Namespace) -> Options:
    from labline.jobs.options import Options
    from labline.settings import to_bytes, to_seconds

    return Options(
        experiment=arguments.experiment,
        memory=to_bytes(arguments.memory) if arguments.memory else None,
        timeout=to_seconds(arguments.timeout) if arguments.timeout else None,
        cpus=arguments.cpus,
        priority=arguments.priority,
        group=arguments.group,
        inputs=[Path(one).expanduser() for one in arguments.input],
        keep=arguments.keep,
    )


def sweep_parser() -> Parser:
    """Return the parser of ``%sweep``."""
    parser = Parser(
        "sweep", "Return a sweep: its trials, the best first, and a figure.", example="%sweep 3f2a"
    )
    parser.add_argument("sweep", nargs="?", help="id, or how it begins; the newest unless given")
    parser.add_argument("--wait", action="store_true", help="return when it has ended")
    return parser


def sweep(shell: Any, arguments: Namespace) -> Sweep:
    """Return a sweep as it stands, or once it has ended."""
    project = lab(shell)
    found = project.sweeps.get(arguments.sweep)
    return project.sweeps.wait(found) if arguments.wait else found


def _notebook(shell: Any, given: str | None) -> Path:
    path = Path(given).expanduser() if given else install(shell).locate()
    if path is None:
        raise BadInput("This notebook's path is not known.", fix="Give it: %submit NOTEBOOK.ipynb")
    return path


def jobs_parser() -> Parser:
    """Return the parser of ``%jobs``."""
    parser = Parser(
        "jobs", "Return the jobs of this project as a DataFrame.", example="%jobs --limit 20"
    )
    parser.add_argument("--limit", type=int, default=50, help="how many at most (default: 50)")
    return parser


def jobs(shell: Any, arguments: Namespace) -> pd.DataFrame:
    """Return the newest jobs, a row each."""
    return _frame(lab(shell).jobs.list(limit=arguments.limit))


def _frame(found: list[Job]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {
            "job": job.id,
            "notebook": job.notebook,
            "status": str(job.status),
            "created": job.created,
            "duration": job.ended - job.started if job.ended and job.started else None,
            "parameters": listing(job.parameters),
            "metrics": listing(job.metrics),
            "error": job.error,
            "run": job.run_id,
        }
        for job in found
    ]
    columns = (
        "job", "notebook", "status", "created", "duration", "parameters", "metrics", "error", "run"
    )  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(columns))
    frame["created"] = pd.to_datetime(frame["created"], unit="s", utc=True).dt.round("s")
    return frame
