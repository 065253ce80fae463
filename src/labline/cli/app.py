"""The root command, its output and its error table."""

from __future__ import annotations

import errno
import gc
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import click

import labline
from labline.errors import BadInput, Failed, Interruption, LablineError

_FULL = (errno.ENOSPC, errno.EDQUOT)
F = TypeVar("F", bound=Callable[..., Any])

#: command -> module of labline.cli that has it; a module is imported when its command is used
COMMANDS = {
    "init": "project",
    "demo": "demo",
    "up": "platform",
    "down": "platform",
    "status": "platform",
    "doctor": "platform",
    "lab": "project",
    "run": "jobs",
    "jobs": "jobs",
    "sweeps": "sweeps",
    "schedules": "schedules",
    "runs": "records",
    "models": "records",
    "ledger": "ledger",
    "card": "cards",
    "ci": "pipelines",
    "policy": "policy",
    "promote": "models",
    "approve": "promotions",
    "reject": "promotions",
    "promotions": "promotions",
    "export": "models",
    "deploy": "models",
    "rollback": "models",
    "endpoints": "endpoints",
    "keys": "endpoints",
    "traffic": "traffic",
    "predict": "endpoints",
    "batch": "batch",
    "monitor": "monitor",
    "drift": "monitor",
    "labels": "monitor",
    "retrain": "retrain",
    "manifests": "manifests",
    "cloud": "manifests",
    "worker": "jobs",
}


class Group(click.Group):
    """Commands whose lines in the help are whole: click cuts them where the line ends."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line, or more, for each command."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, each.get_short_help_str(1000)) for name, each in found if each]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class _Commands(Group):
    """Commands in the order of the line, each loaded on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"labline.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from labline.errors import nearest

        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            ctx.fail(f"No such command {args[0]!r}. {nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


@dataclass
class Output:
    """Where a command's answer goes: words for a person, or one JSON document."""

    as_json: bool = False

    def emit(self, data: Any, human: Callable[[], None]) -> None:
        """Print `data` as JSON where that was asked for, else let `human` print."""
        if self.as_json:
            click.echo(json.dumps(data, indent=2, default=str))
        else:
            human()

    def fail(self, error: LablineError) -> None:
        """Print an error: on standard error for a person, as the JSON document otherwise."""
        if self.as_json:
            click.echo(json.dumps(error.to_dict(), indent=2, default=str))
            return
        click.secho(f"error: {error.message}", fg="red", err=True)
        if error.fix:
            first, *rest = error.fix.splitlines()
            click.echo(f"  fix: {first}", err=True)
            for line in rest:
                click.echo(f"       {line}", err=True)


def json_option(command: F) -> F:
    """Give a command ``--json``."""

    def remember(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        if value:
            ctx.find_root().obj.as_json = True

    return click.option(
        "--json", is_flag=True, expose_value=False, callback=remember, help="Print JSON."
    )(command)


pass_output = click.make_pass_decorator(Output)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(labline.__version__, prog_name="labline")
@click.option(
    "-C",
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Work as if started in this folder.",
)
@click.pass_context
def labline_command(ctx: click.Context, project: Path | None) -> None:
    """From a notebook to a live, watched, replaceable model service.

    \b
    labline demo                                     see the whole line on real data
    labline run train.ipynb --sweep alpha=0.1,1,10   run a notebook as jobs
    labline promote best:r2 --to staging             judge the best run by the policy
    labline deploy penguins@staging                  serve it
    """  # noqa: D301 - \b is click's
    if project:
        os.chdir(project)
    if ctx.obj is None:
        ctx.obj = Output()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit with the code of the error table."""
    output = Output()
    _collect_less()
    _leave_out_grammar()
    try:
        code = labline_command.main(args=arguments, obj=output, standalone_mode=False)
    except LablineError as error:
        output.fail(error)
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = 2
    except (click.Abort, KeyboardInterrupt) as error:
        stop = error.__cause__ if isinstance(error, click.Abort) else error
        said = f"{stop.message}\n  {stop.fix}" if isinstance(stop, Interruption) else "Interrupted."
        click.echo(said, err=True)
        code = 130
    except BrokenPipeError:
        # The reader (head, less) has gone: not an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        if error.filename is None and error.errno not in _FULL:
            raise
        output.fail(refusal := _of_file(error))
        code = refusal.exit_code
    sys.exit(code if isinstance(code, int) else 0)


def _of_file(error: OSError) -> LablineError:
    """Return what a file that cannot be read or written is to a person."""
    if error.errno in _FULL:
        where = f"{error.filename}: " if error.filename else ""  # not told of a write
        return Failed(f"{where}{error.strerror}.", fix="Make room on the disk.")
    return BadInput(
        f"{error.filename}: {error.strerror}.",
        fix="Name a place that is there, and where you may read and write.",
    )


def _collect_less() -> None:
    """Look for garbage more seldom than each 700 objects.

    While MLflow and BentoML are imported hundreds of thousands are made and none is garbage: by
    Python's own measure a fifth of a command's start goes into walks through them.
    """
    gc.set_threshold(50_000, 20, 20)


def _leave_out_grammar() -> None:
    """Spare each command a second of its start.

    Where rfc3987_syntax is installed, which Jupyter's events want, jsonschema has it compile the
    grammar of IRIs as soon as it is imported, which nbformat does; no notebook has an IRI to check.
    """
    # A module that is None cannot be imported: jsonschema goes on without it.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def stage_line(seen: set[str] | None = None) -> Callable[[Mapping[str, Any]], None]:
    """Return a listener that prints each new stage of a workflow on standard error, once."""
    known = set() if seen is None else seen

    def show(events: Mapping[str, Any]) -> None:
        stage = str(events.get("stage", ""))
        if stage and stage not in known:
            known.add(stage)
            click.secho(f"  ... {stage}", dim=True, err=True)

    return show
