"""Jobs whose notebooks name a plain Python kernel get a warm one, unless told otherwise."""

import json
import sys
from pathlib import Path

import pytest
from tests.conftest import write_notebook
from tests.jobs import shown

from labline import notebooks
from labline.jobs.execution import Plan, execute_notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere kernels start cold")
PARENT = "import psutil\nprint('labline.kernel.warm' in psutil.Process().parent().cmdline())"
HISTORY = "print(get_ipython().history_manager.enabled, In[1][:6])"


def run(root: Path, policy: str, *cells: str) -> str:
    """Execute a notebook that names the kernel python3; return what it printed."""
    (root / "labline.toml").write_text(policy)
    path = write_notebook(root / "short.ipynb", *cells)
    plan = Plan(name=path.name, folder=root, log=root / "kernel.log")
    execution = execute_notebook(notebooks.read(path), plan, output=root / "out.ipynb")
    assert execution.failure is None
    return shown(root / "out.ipynb")


def test_a_job_is_a_fork_whose_cells_stay_out_of_the_users_history(
    tmp_path, leaves_nothing_running
):
    assert run(tmp_path, "", PARENT, HISTORY) == "True\nFalse import\n"


def test_a_notebook_that_records_by_itself_leaves_publishing_to_who_runs_it(
    tmp_path, leaves_nothing_running
):
    run(tmp_path, "", "%record on", "x = 1", "import os; print(os.environ.get('LABLINE_DRIVEN'))")
    (journal,) = (tmp_path / ".labline" / "recordings").glob("*.jsonl")
    last = json.loads(journal.read_text().splitlines()[-1])
    assert (last["event"], last["status"]) == ("end", "FINISHED")
    assert shown(tmp_path / "out.ipynb").endswith("None\n")
    assert not (tmp_path / ".labline" / "mlflow.db").exists()


def test_a_project_can_switch_warm_kernels_off(tmp_path, leaves_nothing_running):
    assert run(tmp_path, "[kernels]\nwarm = false\n", PARENT) == "False\n"
