"""Options that commands share: how a job is to be run."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def _seconds(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    from labline.settings import to_seconds

    return None if text is None else to_seconds(text)


def _bytes(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    from labline.settings import to_bytes

    return None if text is None else to_bytes(text)


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
_NAMES = (
    "experiment", "output_dir", "memory", "timeout", "cpus", "priority", "group", "retries",
    "inputs", "keep", "retry_on_error",
)  # fmt: skip


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
