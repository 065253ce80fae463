"""Options that commands share: how a job is to be run."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

if TYPE_CHECKING:
    from labline.jobs.sweeps import Wanted

F = TypeVar("F", bound=Callable[..., Any])


def _seconds(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    from labline.settings import to_seconds

    return None if text is None else to_seconds(text)


def _bytes(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    from labline.settings import to_bytes

    return None if text is None else to_bytes(text)


def last_option(command: F) -> F:
    """Give a command ``--last``, in seconds; None unless given."""
    return click.option(
        "--last",
        callback=_seconds,
        metavar="TIME",
        help="How far to look back: 6h, 7d; as [monitor] window says unless given.",
    )(command)


def limit_option(command: F) -> F:
    """Give a list ``--limit``."""
    return click.option(
        "-n",
        "--limit",
        type=click.IntRange(1),
        default=20,
        show_default=True,
        help="How many at most.",
    )(command)


_OPTIONS = (
    click.option("--experiment", help="Experiment of the runs; the project's unless given."),
    click.option(
        "--output-dir",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder for the executed notebook and its report.",
    ),
    click.option(
        "--memory", callback=_bytes, metavar="SIZE", help="Kill a job that holds more: 4GiB."
    ),
    click.option(
        "--timeout", callback=_seconds, metavar="TIME", help="Kill a job that takes longer: 2h."
    ),
    click.option(
        "--cpus", type=click.IntRange(1), help="CPUs that a job's kernel may use (Linux)."
    ),
    click.option(
        "--priority",
        type=click.IntRange(-100, 100),
        default=0,
        help="What is higher leaves the queue first; 0 unless given.",
    ),
    click.option("--group", help="Group of [jobs] groups, whose limit holds for all workers."),
    click.option(
        "--retries", type=click.IntRange(0, 10), help="Begin again so often if the kernel is lost."
    ),
    click.option(
        "--input",
        "inputs",
        multiple=True,
        type=click.Path(path_type=Path),
        help="Copy this file or folder; the job works in a folder of its own.",
    ),
    click.option(
        "--keep", multiple=True, metavar="PATTERN", help="Keep such files with the run: '*.csv'."
    ),
    click.option("--retry-on-error", is_flag=True, help="Begin again where a cell raised, too."),
)
_SWEEP = (
    click.option(
        "--sweep",
        "axes",
        multiple=True,
        metavar="NAME=V1,V2",
        help="One job for each value, or for draws from a range: 'NAME~loguniform(1e-3, 1)'.",
    ),
    click.option(
        "--trials", type=click.IntRange(1), help="Try so many points of the sweep, not all."
    ),
    click.option("--metric", help="What makes a trial the best, as the notebook logs it."),
    click.option(
        "--maximize/--minimize",
        "upwards",
        default=None,
        help="Which value of the metric is best; as the policy says, or its name, unless given.",
    ),
    click.option(
        "--search",
        type=click.Choice(("grid", "random", "optuna")),
        help="How points are chosen: all, by chance, or near those that did well.",
    ),
    click.option(
        "--prune", is_flag=True, help="End a trial early whose metric stands badly on the way."
    ),
    click.option(
        "--parallel", type=click.IntRange(1), help="Trials at a time, with --search optuna."
    ),
    click.option(
        "--seed", type=int, default=0, help="Of what is chosen by chance; 0 unless given."
    ),
)
_SEARCHING = ("trials", "metric", "prune", "parallel", "seed")
_NAMES = (
    "experiment", "output_dir", "memory", "timeout", "cpus", "priority", "group", "retries",
    "inputs", "keep", "retry_on_error",
)  # fmt: skip


class Valued(click.Command):
    """A command with ``-p NAME VALUE``, as papermill has it; ``-p NAME=VALUE`` is the same."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words of the command; called by click."""
        if "-p" in args:
            from labline.notebooks import apart

            args = [*apart(args)]
        return super().parse_args(ctx, args)


values_option = click.option(
    "-p", "values", nargs=2, multiple=True, metavar="NAME VALUE",
    help="A parameter; NAME=VALUE will do, too.",
)  # fmt: skip


class Swept(NamedTuple):
    """The options of a sweep."""

    #: values or range by parameter
    axes: dict[str, str]
    wanted: Wanted


def sweep_options(command: F) -> F:
    """Give a command the options of a sweep; it takes them as one, ``swept``, None without."""

    @functools.wraps(command)
    def collect(*arguments: Any, **given: Any) -> Any:
        swept = _swept(given)
        return command(*arguments, **given, swept=swept)

    for option in reversed(_SWEEP):
        collect = option(collect)
    return collect  # type: ignore[return-value]


def _swept(given: dict[str, Any]) -> Swept | None:
    from labline.jobs.sweeps import Wanted
    from labline.jobs.sweeps.space import split_axis

    chosen = {name: given.pop(name) for name in _SEARCHING}
    upwards, kind, axes = given.pop("upwards"), given.pop("search"), given.pop("axes")
    goal = None if upwards is None else "maximize" if upwards else "minimize"
    wanted = Wanted(kind=kind, goal=goal, **chosen)
    if wanted.named and not axes:
        raise click.UsageError(f"{wanted.named[0]} is about a sweep: add --sweep NAME=V1,V2")
    return Swept(dict(map(split_axis, axes)), wanted) if axes else None


def job_options(command: F) -> F:
    """Give a command the options of a job; it takes them as one, ``options``."""

    @functools.wraps(command)
    def collect(*arguments: Any, **given: Any) -> Any:
        from labline.jobs.options import Options

        chosen = {name: given.pop(name) for name in _NAMES}
        return command(*arguments, **given, options=Options(**chosen))

    for option in reversed(_OPTIONS):
        collect = option(collect)
    return collect  # type: ignore[return-value]
