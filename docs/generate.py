"""Write docs/reference from the code; tests/unit/test_docs.py fails where they differ."""

from __future__ import annotations

import json
import os
import sys
import types
from collections.abc import Iterator
from importlib.metadata import entry_points
from inspect import cleandoc
from pathlib import Path
from typing import Any, get_args

import click
import gate_examples
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from labline.cli.app import COMMANDS, labline_command
from labline.settings import Settings, StageSettings

# argparse wraps its help at the width of the terminal.
os.environ["COLUMNS"] = "100"
REFERENCE = Path(__file__).with_name("reference")


def cli() -> str:
    """Return the reference of the command, from its ``--help`` texts."""
    context = click.Context(labline_command, info_name="labline")
    lines = ["# The command `labline`", "", _help(labline_command, context), ""]
    lines += [
        "Exit codes: 0 done; 1 the work failed (a cell raised, a gate refused); 2 bad usage or "
        "input; 3 a service that labline needs cannot be reached.",
        "",
    ]
    for name in COMMANDS:
        command = labline_command.get_command(context, name)
        assert command is not None
        lines += list(_command(command, click.Context(command, context, info_name=name)))
    return "\n".join(lines)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    yield from (f"## `{context.command_path}`", "", _help(command, context), "")
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _command(inner, click.Context(inner, context, info_name=name))


def _help(command: click.Command, context: click.Context) -> str:
    context.max_content_width = context.terminal_width = 100
    return f"```text\n{command.get_help(context)}\n```"


def settings() -> str:
    """Return the reference of ``labline.toml``."""
    lines = ["# labline.toml", "", "Unknown keys are errors that name the line. Durations are "]
    lines[-1] += 'seconds, or text such as "30s", "10m", "2h". Any key can be set by environment: '
    lines[-1] += "`LABLINE_GATEWAY__PORT=8500`."
    for name, field in Settings.model_fields.items():
        if name == "root":
            continue
        section = _model(field.annotation)
        if name == "stages":
            lines += ["", "## `[stages.NAME]`", "", *_table(StageSettings)]
        elif section:
            lines += ["", f"## `[{name}]`", "", *_table(section)]
    lines += ["", "## Top level", "", "| key | environment | meaning |", "|---|---|---|"]
    lines += [
        "| `tracking_uri` | `MLFLOW_TRACKING_URI` | MLflow; SQLite in `.labline/` unless set |",
        "| `database_url` | `LABLINE_DATABASE_URL` | workflows, ledger, endpoints; SQLite too |",
        "| | `BENTOML_HOME` | BentoML store; in `.labline/` unless set |",
        "",
    ]
    return "\n".join(lines)


def _table(model: type[BaseModel], prefix: str = "") -> list[str]:
    lines = [] if prefix else ["| key | default | meaning |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        inner = _model(field.annotation)
        if inner:
            lines += _table(inner, f"{prefix}{name}.")
        else:
            lines.append(f"| `{prefix}{name}` | {_default(field)} | {field.description or ''} |")
    return lines


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "-"
    return f"`{list(value) if isinstance(value, tuple) else value!r}`"


def _model(annotation: Any) -> type[BaseModel] | None:
    kinds = get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    return next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)


def gates() -> str:
    """Return the reference of the gates."""
    lines = ["# Gates", "", "| gate | passes where | needs |", "|---|---|---|"]
    for point in sorted(entry_points(group="labline.gates"), key=lambda item: item.name):
        gate = point.load()
        needs = ", ".join(sorted(gate.needs)) or "-"
        lines.append(f"| `{point.name}` | {cleandoc(gate.__doc__ or '')} | {needs} |")
    lines += [
        "",
        "`after` is judged too, wherever a stage names the stage before it; then `approvals`, "
        "where a stage asks for people. A gate that needs a service has the candidate's Bento "
        "built and booted once for all of them; nothing is registered or changed by that.",
        "",
        "## What they say",
        "",
        "| gate | verdict | reason | fix |",
        "|---|---|---|---|",
        *_examples(),
        "",
    ]
    return "\n".join(lines)


def _examples() -> Iterator[str]:
    """Yield a row for each gate's example of passed and of failed, as the gate itself judges."""
    known = {point.name: point.load()() for point in entry_points(group="labline.gates")}
    for name, example in sorted(gate_examples.examples().items()):
        for evidence in (example.passed, example.failed):
            verdict = known[name].judge(evidence, gate_examples.STAGE)
            cells = (f"`{name}`", verdict.outcome, verdict.reason, verdict.fix)
            yield f"| {' | '.join(str(cell).replace('|', '&#124;') for cell in cells)} |"


def magics() -> str:
    """Return the reference of the magics, from their ``--help`` texts."""
    from labline.magics import reference

    lines = ["# Magics", "", "`%load_ext labline`, or the kernel *Python 3 (labline)*.", ""]
    for name, text in reference().items():
        lines += [f"## `{name}`", "", f"```text\n{text.strip()}\n```", ""]
    return "\n".join(lines)


def schema() -> str:
    """Return the JSON Schema of ``labline.toml``, for editors."""
    from labline.lab import policy

    return json.dumps(policy.schema(), indent=2)


PAGES = {
    "cli.md": cli,
    "settings.md": settings,
    "gates.md": gates,
    "magics.md": magics,
    "labline.schema.json": schema,
}


def main() -> int:
    """Write every page; with ``--check`` only say which differ."""
    stale = []
    REFERENCE.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        path, text = REFERENCE / name, page().rstrip() + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv:
        sys.stderr.write(f"stale: {', '.join(stale)}; run: make docs\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
