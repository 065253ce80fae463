"""B1, B2: what a notebook costs beside its cells: as a job executes it, against papermill.

Papermill itself, unchanged, over a warm kernel is a row of its own: it writes the notebook twice a
cell, and IPython its history, and it sleeps at start and end; a job does none of that.
"""

from __future__ import annotations

import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from run import Row

IDS = ["B1", "B2"]
PRINT = ["print('hello')"]
RIDGE = [
    "import pandas as pd\nfrom sklearn.datasets import load_diabetes\n"
    "from sklearn.linear_model import Ridge\nfrom sklearn.model_selection import train_test_split",
    "data = load_diabetes(as_frame=True)\ntable = pd.DataFrame(data.data)\n"
    "parts = train_test_split(table, data.target, random_state=0)",
    "model = Ridge(alpha=alpha).fit(parts[0], parts[2])",
    "print(model.score(parts[1], parts[3]))",
]
SWEEP = 20
COLD = 4


def rows() -> list[Row]:
    """Run both notebooks as a sweep, cold ones in between."""
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    with _project() as root:
        hello, _, hello_peer = _sweep(root, PRINT)
    with _project() as root:
        ridge, through, ridge_peer = _sweep(root, RIDGE)
    over = ridge - _cells_alone()
    made = [
        ("B1", "sweep of pandas + scikit-learn notebooks, each", ridge, ridge_peer, 20.0),
        ("B1", "the same by papermill over warm kernels", through, ridge_peer, 10.0),
        ("B2", "notebook with one print", hello, hello_peer, 8.0),
    ]
    found = [
        Row(name, work, ours, peer, peer / ours, f">= {least:g}x", peer / ours >= least, "s")
        for name, work, ours, peer, least in made
    ]
    return [*found, Row("B1", "over its cells", over, None, None, "<= 0.15 s", over <= 0.15, "s")]


def _sweep(root: Path, cells: list[str]) -> tuple[float, float, float]:
    """Return the median seconds of a notebook: as a job, by papermill warm, by papermill cold."""
    _settle(root, cells)
    job, warm, cold = [], [], []
    for number in range(SWEEP):
        if number % (SWEEP // COLD) == 0:
            cold.append(_run(root, "cold", cells))
        warm.append(_run(root, "warm", cells))
        job.append(_execute(root, cells))
    return statistics.median(job), statistics.median(warm), statistics.median(cold)


def _execute(root: Path, cells: list[str]) -> float:
    from labline import notebooks
    from labline.jobs.execution import Plan, execute_notebook

    book = notebooks.inject(_book("warm", cells), {"alpha": 0.5})
    plan = Plan("in.ipynb", root, environment={"LABLINE_ROOT": str(root)})
    began = time.perf_counter()
    done = execute_notebook(book, plan, output=root / "out.ipynb")
    taken = time.perf_counter() - began
    assert done.failure is None, done.failure
    return taken


def _settle(root: Path, cells: list[str]) -> None:
    """Let the project learn what its notebooks import, as it does in its first two or three."""
    known = -1.0
    place = root / ".labline" / "warm" / "imports.json"
    for _ in range(10):
        _run(root, "warm", cells)
        time.sleep(3)
        changed = place.stat().st_mtime if place.exists() else 0.0
        if changed == known:
            return
        known = changed


def _run(root: Path, kernel: str, cells: list[str]) -> float:
    import papermill

    nbformat.write(_book(kernel, cells), root / "in.ipynb")
    began = time.perf_counter()
    papermill.execute_notebook(
        root / "in.ipynb", root / "out.ipynb", {"alpha": 0.5}, progress_bar=False, cwd=root
    )
    return time.perf_counter() - began


def _book(kernel: str, cells: list[str]) -> nbformat.NotebookNode:
    spec = {"name": kernel, "display_name": kernel, "language": "python"}
    tagged = new_code_cell("alpha = 1.0", metadata={"tags": ["parameters"]})
    return new_notebook(cells=[tagged, *map(new_code_cell, cells)], metadata={"kernelspec": spec})


def _cells_alone() -> float:
    """Return the median seconds of the cells in a fresh process that has imported all they use."""
    source = (
        f"import time\ncells = {RIDGE!r}\nspace = {{'alpha': 0.5, 'print': lambda *_: None}}\n"
        "exec(cells[0], space)\nbegan = time.perf_counter()\n"
        "for cell in cells: exec(cell, space)\nprint(time.perf_counter() - began)"
    )
    taken = [
        float(
            subprocess.run([sys.executable, "-c", source], capture_output=True, check=True).stdout
        )
        for _ in range(COLD)
    ]
    return statistics.median(taken)


@contextmanager
def _project() -> Iterator[Path]:
    from labline.kernel import warm

    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "labline.toml").touch()
        _write_spec(root, "warm", {"kernel_provisioner": {"provisioner_name": "labline-warm"}})
        _write_spec(root, "cold", {})
        os.environ |= {"JUPYTER_PATH": folder, "IPYTHONDIR": str(root / "ipython")}
        # Both sides with their bytecode compiled.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        try:
            yield root
        finally:
            warm.stop(root)
            os.environ.clear()
            os.environ.update(before)


def _write_spec(root: Path, name: str, metadata: dict[str, object]) -> None:
    module = "labline.kernel" if metadata else "ipykernel_launcher"
    argv = [sys.executable, "-m", module, "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": name, "language": "python", "metadata": metadata}
    (root / "kernels" / name).mkdir(parents=True)
    (root / "kernels" / name / "kernel.json").write_text(json.dumps(spec))
