"""The generated reference is the code's."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_reference_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_command_has_an_example() -> None:
    import click

    from labline.cli.app import COMMANDS, labline_command

    context = click.Context(labline_command)
    bare = []
    for name in COMMANDS:
        command = labline_command.get_command(context, name)
        inner = list(command.commands.values()) if isinstance(command, click.Group) else [command]
        bare += [item.name for item in inner if "Example: " not in (item.help or "")]
    assert bare == []
