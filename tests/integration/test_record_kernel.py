"""Recording in real kernels: ours, and the plain one with the extension loaded."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from tests.conftest import write_notebook
from tests.jobs import until

from labline.tracking import Tracking
from labline.tracking.publisher import publish_all, waiting

KERNELS = Path(__file__).parents[2] / "kernels"
Cell = Callable[[str], dict[str, Any]]

TRAIN = """%%record --run ridge
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split
X, y = load_diabetes(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
alpha = 0.5
model = Ridge(alpha=alpha).fit(X_train, y_train)
r2 = model.score(X_test, y_test)
%log r2 --params alpha --model model --data X_test,y_test
r2
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "labline.toml").write_text('[project]\nname = "diabetes"\n')
    return folder


@pytest.fixture(scope="module")
def tracking(project: Path) -> Tracking:
    tracking = Tracking(f"sqlite:///{project}/.labline/mlflow.db", project / ".labline/artifacts")
    tracking.ping()
    return tracking


@contextmanager
def kernel(name: str, folder: Path, **variables: str) -> Iterator[tuple[Cell, KernelManager]]:
    """Start a kernel; yield a function that runs a cell and returns its reply and outputs."""
    specs = KernelSpecManager(kernel_dirs=[str(KERNELS), *KernelSpecManager().kernel_dirs])
    sockets = folder / "k"
    manager = KernelManager(
        kernel_name=name, kernel_spec_manager=specs, transport="ipc", ip=str(sockets),
        # Half of it is what an orderly end may take, with what the kernel has to publish.
        shutdown_wait_time=20.0,
    )  # fmt: skip
    manager.start_kernel(cwd=str(folder), env={**os.environ, **variables})
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)

        def run(source: str) -> dict[str, Any]:
            outputs: list[dict[str, Any]] = []
            reply = client.execute_interactive(
                source,
                timeout=60,
                allow_stdin=False,
                stop_on_error=False,
                output_hook=lambda message: outputs.append(
                    {"type": message["msg_type"], **message["content"]}
                ),
            )
            return {**reply["content"], "outputs": outputs}

        yield run, manager
    finally:
        client.stop_channels()
        if manager.is_alive():
            manager.shutdown_kernel()
        manager.cleanup_resources()


def test_our_kernel_records_a_training(project: Path, tracking: Tracking) -> None:
    with kernel("labline", project) as (run, _):
        assert run("%record status")["status"] == "ok"
        reply = run(TRAIN)
    assert reply["status"] == "ok", reply
    result = next(item for item in reply["outputs"] if item["type"] == "execute_result")
    card = next(item for item in reply["outputs"] if item["type"] == "display_data")
    assert card["data"]["text/plain"].startswith("Run ridge  finished")
    assert "labline-card" in card["data"]["text/html"]
    (found,) = tracking.runs("diabetes")
    assert found.metrics["r2"] == pytest.approx(float(result["data"]["text/plain"]))
    assert found.params["alpha"] == found.params["Ridge.alpha"] == "0.5"
    assert found.model_uri is not None
    (cell,) = tracking.read_json(found.id, "labline/recording.json")["cells"]
    assert cell["source"] == TRAIN
    environment = tracking.read_json(found.id, "labline/environment.json")
    assert {"scikit-learn", "ipykernel", "pandas"} <= set(environment["packages"])
    version = tracking.registry.register("diabetes", found.id)
    assert (tracking.registry.fetch(version) / "requirements.txt").read_text().count("==") > 3


def test_what_a_cell_shows_has_a_digest(project: Path, tracking: Tracking) -> None:
    with kernel("labline", project) as (run, _):
        run("%record on --experiment shown")
        for source in ("display(1)", "print(1)", "1", "display(1)", "x = object()\nx", "x", "y=1"):
            run(source)
        run("%record off")
    (found,) = tracking.runs("shown")
    cells = tracking.read_json(found.id, "labline/recording.json")["cells"]
    shown, printed, returned, again, one, other, nothing = (c["outputs_digest"] for c in cells[1:])
    assert shown == again
    assert one == other, "an address in memory says nothing"
    assert len({shown, printed, one}) == 3
    assert returned
    assert nothing == ""


def test_a_kernel_that_is_shut_down_closes_its_recording(project: Path, tracking: Tracking) -> None:
    for name, load in (("labline", "pass"), ("python3", "%load_ext labline")):
        with kernel(name, project) as (run, manager):
            run(load)
            run(f"%record on --experiment shut-{name}")
            run("%log auc=0.5")
            manager.shutdown_kernel()
        publish_all(project / ".labline" / "recordings", tracking)
        (found,) = tracking.runs(f"shut-{name}")
        assert (found.status, dict(found.metrics)) == ("FINISHED", {"auc": 0.5})


def test_a_kernel_that_is_killed_leaves_a_journal_that_is_published(
    project: Path, tracking: Tracking
) -> None:
    with kernel("labline", project) as (run, manager):
        run("%record on --experiment killed")
        run("%log auc=0.5")
        journals = project / ".labline" / "recordings"
        until(lambda: any('"auc"' in path.read_text() for path in journals.glob("*.jsonl")))
        manager.provisioner.process.send_signal(signal.SIGKILL)
        manager.provisioner.process.wait()
    publish_all(project / ".labline" / "recordings", tracking)
    (found,) = tracking.runs("killed")
    assert (found.status, dict(found.metrics)) == ("KILLED", {"auc": 0.5})


def test_a_job_kernel_joins_the_jobs_run(project: Path, tracking: Tracking) -> None:
    job = tracking.create_run("jobs", "the job")
    variables = {
        "LABLINE_RUN_ID": job.id,
        "LABLINE_EXPERIMENT": "jobs",
        "LABLINE_ROOT": str(project),
    }
    elsewhere = project / "elsewhere"
    elsewhere.mkdir()
    with kernel("python3", elsewhere, **variables) as (run, _):
        run("%load_ext labline")
        assert run("%%record --run mine\n%log auc=0.5")["status"] == "ok"
        run("%log loss=2.0")
    assert not (elsewhere / ".labline").exists()
    publish_all(project / ".labline" / "recordings", tracking)
    found = tracking.run(job.id)
    assert (found.name, found.status) == ("the job", "RUNNING")
    assert dict(found.metrics) == {"auc": 0.5, "loss": 2.0}
    assert waiting(project / ".labline" / "recordings") == []


def test_nbclient_sees_our_errors_as_errors(project: Path) -> None:
    path = write_notebook(project / "wrong.ipynb", "%load_ext labline", "%log auc=1", "never = 1")
    book = nbformat.read(path, as_version=4)
    with pytest.raises(CellExecutionError, match="No recording is on"):
        NotebookClient(book, resources={"metadata": {"path": str(project)}}).execute()
    (output,) = book.cells[1].outputs
    assert (output.output_type, output.ename) == ("error", "NotRecording")
    assert len(output.traceback) == 2


def test_an_interpreter_that_exits_publishes_first(project: Path, tracking: Tracking) -> None:
    program = (
        "from IPython.core.interactiveshell import InteractiveShell as Shell\n"
        "shell = Shell.instance()\n"
        "shell.run_cell('%load_ext labline')\n"
        "shell.run_cell('%record on --experiment exits')\n"
        "shell.run_cell('%log auc=0.5')\n"
        "shell.run_cell('1 / 0')\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=project, check=True, capture_output=True)
    (found,) = tracking.runs("exits")
    assert (found.status, dict(found.metrics)) == ("FAILED", {"auc": 0.5})


def test_loading_the_extension_imports_nothing_heavy(project: Path) -> None:
    program = (
        "import sys, time; begun = time.process_time(); import ipykernel.kernelapp\n"
        "from IPython.core.interactiveshell import InteractiveShell as Shell\n"
        "shell = Shell.instance()\n"
        "shell.run_line_magic('load_ext', 'storemagic')\n"
        "before = set(sys.modules); loaded = time.process_time()\n"
        "shell.run_line_magic('load_ext', 'labline')\n"
        "share = (time.process_time() - loaded) / (loaded - begun)\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "import json; print(json.dumps([share, sorted(new)]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=project, check=True, capture_output=True, text=True
    )
    share, new = json.loads(done.stdout)
    assert not {"mlflow", "pandas", "numpy", "pydantic", "sqlalchemy", "bentoml"} & set(new)
    assert share < 0.2


def test_what_a_notebook_reads_and_draws_is_kept_with_the_run(
    project: Path, tracking: Tracking
) -> None:
    (project / "pets.csv").write_text("mass,kind\n3.5,cat\n9.0,dog\n")
    with kernel("labline", project) as (cell, _):
        cell("%record on --run seen")
        cell("import pandas as pd\npets = pd.read_csv('pets.csv')\npets['mass'] = 0")
        cell("%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);")
        cell("fig, _ = plt.subplots()\nplt.close()\nfig")
        cell("%record off")
    (run,) = [run for run in tracking.runs("diabetes") if run.name == "seen"]
    recording = tracking.read_json(run.id, "labline/recording.json")
    (data,) = recording["datasets"]
    assert (data["name"], data["source"], data["rows"]) == ("pets", "pets.csv", 2)
    assert tracking.artifacts(run.id, "figures") == [
        "figures/cell-3-1.png",
        "figures/cell-4-1.png",
    ]
    assert tracking.read_bytes(run.id, "figures/cell-3-1.png").startswith(b"\x89PNG")
    assert [figure["cell"] for figure in recording["figures"]] == [3, 4]
    assert not list((project / ".labline/recordings").glob("*.figures"))
    assert recording["cells"][0]["outputs_digest"] == "", "labline's own cards are no output"
