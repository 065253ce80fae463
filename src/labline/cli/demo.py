"""``labline demo``: the whole line on real data, with the commands a user would type."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from labline.cli.app import Output, labline_command
from labline.errors import BadInput, Failed, LablineError, NotFound

NOTEBOOK = "notebooks/train.ipynb"
POLICY = """\
# The policy of the demo: what a penguin model must show before it serves.

[project]
name = "penguins"

[gateway]
port = {port}

[stages.staging]
gates = ["signature", "data", "metric", "replay"]
metric = {{ name = "r2", min = 0.8, versus_champion = -0.01 }}

[stages.prod]
after = "staging"
gates = ["signature", "metric", "parity"]
metric = {{ name = "r2", min = 0.8 }}

[monitor]
capture = true
"""


@click.command()
@click.option(
    "--dir",
    "folder",
    default="labline-demo",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the demo project; made if absent, gone on with if present.",
)
@click.option(
    "--env",
    "environment",
    type=click.Choice(["locked", "current"]),
    default="locked",
    show_default=True,
    help="Environment of the service, as in labline deploy.",
)
def demo(folder: Path, environment: str) -> None:
    """See the whole line work, on real data.

    Records, runs jobs, promotes, deploys, predicts and rolls back, by the commands it shows.

    Example: labline demo --dir /tmp/penguins
    """
    began = time.monotonic()
    home = Path.cwd()
    _prepare(folder)
    os.chdir(folder)
    story = _Story()
    try:
        _walk(story, environment)
    finally:
        os.chdir(home)
    from labline.lab import Lab

    lab = Lab.from_(folder)
    click.secho(f"\nDone in {time.monotonic() - began:.0f} s. It is live:", bold=True)
    click.echo(f"  {lab.serving.url('penguins')}/predict")
    click.echo("\nWhat next:")
    place = os.path.relpath(folder, home)
    for command, what in (
        (f"cd {shlex.quote(place)}", "the demo is an ordinary project"),
        ("labline lab", "open it in JupyterLab: notebook, runs, endpoint"),
        ("labline status", "what is up, and what each endpoint serves"),
        ("labline runs list", "every run, as MLflow has it"),
        (f"mlflow ui --backend-store-uri {lab.settings.mlflow_uri}", "the same in MLflow's own UI"),
        ("labline down", "stop everything"),
    ):
        click.echo(f"  {command:<40} ", nl=False)
        click.secho(f"# {what}", dim=True)


def _prepare(folder: Path) -> None:
    if find_spec("palmerpenguins") is None:
        raise BadInput(
            "The demo's data is in the package palmerpenguins, which is not installed.",
            fix="pip install 'labline[demo]'",
        )
    (folder / "notebooks").mkdir(parents=True, exist_ok=True)
    if not (folder / NOTEBOOK).exists():
        shutil.copyfile(_shipped_notebook(), folder / NOTEBOOK)
    policy = folder / "labline.toml"
    if not policy.exists():
        policy.write_text(POLICY.format(port=_free_port()), encoding="utf-8")


def _shipped_notebook() -> Path:
    from jupyter_core.paths import jupyter_path

    source = Path(__file__).parents[3] / NOTEBOOK
    places = [
        source,
        *(Path(path) / "train.ipynb" for path in jupyter_path("labline", "notebooks")),
    ]
    for place in places:
        if place.is_file():
            return place
    raise NotFound("The demo's notebook is not installed.", fix="Install labline again.")


def _free_port(wanted: int = 8490) -> int:
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Failed("No free port was found.")


class _Story:
    """Tell each step, and do it with the command that is shown."""

    def __init__(self) -> None:
        self._number = 0

    def step(self, title: str) -> None:
        self._number += 1
        click.secho(f"\n{self._number}. {title}", fg="cyan", bold=True)

    def do(self, command: str, *, expect: int = 0) -> None:
        """Run a labline command in this process and see that it ends as it should."""
        click.secho(f"   $ labline {command}", bold=True)
        code = self._run(shlex.split(command))
        if code != expect:
            raise Failed(f"'labline {command}' ended with {code}, expected was {expect}.")

    def _run(self, arguments: list[str]) -> int:
        output = Output()
        try:
            code = labline_command.main(args=arguments, obj=output, standalone_mode=False)
        except LablineError as error:
            output.fail(error)
            return error.exit_code
        return code if isinstance(code, int) else 0


def _walk(story: _Story, environment: str) -> None:
    from labline.lab import Lab

    story.step("Start the platform: a worker, and a gateway in front of what will be served")
    story.do("up")
    story.step("Run the notebook as a sweep of six jobs; each records itself")
    story.do(f"run {NOTEBOOK} --sweep alpha=0.01,0.1,1,10,100,1000")
    story.do("runs list -n 6")
    story.step("Promote the best run to staging: the policy's gates judge it, a rerun included")
    story.do("promote best:r2 --to staging")
    story.step("Then to prod: after staging, and its built service must answer as the notebook did")
    story.do("promote penguins@staging --to prod")
    story.step("A guardrail: the run with alpha=1000 would be refused, and why")
    story.do(f"promote {_worst_run(Lab.from_())} --to staging --dry-run", expect=1)
    story.step("Build its service and put it live behind the gateway")
    story.do(f"deploy penguins@prod --env {environment}")
    story.do("predict penguins --example")
    story.step("A bad request gets a clean answer, not a crash")
    story.do("""predict penguins --rows '[{"species": 3, "island": "Dream"}]'""", expect=2)
    story.step("Deploy another candidate, then change your mind: roll back")
    story.do(f"run {NOTEBOOK} -p alpha 0.5")
    story.do(f"promote {_newest_run(Lab.from_())} --to staging")
    story.do("promote penguins@staging --to prod")
    story.do(f"deploy penguins@prod --env {environment}")
    story.do("rollback penguins")
    story.do("endpoints")
    story.step("Who did what, when, on which evidence: the ledger, and its proof")
    story.do("ledger log")
    story.do("ledger show")
    story.do("ledger verify")


def _worst_run(lab: Any) -> str:
    return str(lab.tracking.best_run("penguins", "r2", greater_is_better=False).id)


def _newest_run(lab: Any) -> str:
    return str(next(run.id for run in lab.runs() if run.model_uri))
