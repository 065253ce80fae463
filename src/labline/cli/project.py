"""``labline init`` and ``labline lab``: start a project, open it in JupyterLab."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from labline.cli.app import Output, json_option, pass_output
from labline.errors import Conflict
from labline.settings import POLICY_FILE

TEMPLATE = """\
# The policy of this project; see docs/reference/settings.md for every key.

[project]
name = "{name}"

[jobs]
concurrency = 2
timeout = "2h"

[stages.staging]
gates = ["signature", "replay"]
# Let a metric decide too: add "metric" to gates, and say what it must show.
# metric = {{ name = "roc_auc", min = 0.75, versus_champion = -0.005 }}

[stages.prod]
after = "staging"
gates = ["signature", "replay"]
"""


@click.command()
@click.option("--name", help="Project name; the folder's unless given.")
@json_option
@pass_output
def init(output: Output, name: str | None) -> None:
    """Write a labline.toml to start from.

    Example: labline init --name churn
    """
    path = Path(POLICY_FILE)
    if path.exists():
        raise Conflict(f"{path.resolve()} is there already.", fix="Edit it; nothing was changed.")
    chosen = name or Path.cwd().name
    path.write_text(TEMPLATE.format(name=chosen), encoding="utf-8")
    output.emit(
        {"path": str(path.resolve()), "name": chosen},
        lambda: click.echo(f"{path} written.\n  next: labline run NOTEBOOK, or labline lab"),
    )


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def lab(arguments: tuple[str, ...]) -> None:
    """Open the project in JupyterLab.

    Further ARGUMENTS go to jupyter lab.

    Example: labline lab --no-browser
    """
    from labline.settings import Settings

    os.chdir(Settings.load().root)
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", *arguments])
