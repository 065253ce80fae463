"""A notebook gives in a warm kernel what it gives in a cold one."""

from __future__ import annotations

import sys
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from tests.warm import Project, project

from labline.kernel.warm import imports

__all__ = ["project"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere kernels start cold")

NOTEBOOKS: dict[str, list[str]] = {
    "numpy": [
        "import numpy as np\nrng = np.random.default_rng(3)\na = rng.normal(size=(300, 300))",
        "np.linalg.svd(a, compute_uv=False).tobytes().hex()[:200]",
        "(a @ a.T).sum(), np.linalg.inv(a).trace(), np.fft.fft(a[0])[:3]",
        "np.random.seed(1); np.random.rand(3), np.show_config is not None",
        "import threadpoolctl\nsorted((p['internal_api'], p['num_threads'])"
        " for p in threadpoolctl.threadpool_info())",
    ],
    "pandas": [
        "import pandas as pd, io",
        "t = pd.read_csv(io.StringIO('k,v,d\\na,1,2024-01-01\\nb,,2024-02-01\\na,3,2024-03-01'),"
        " parse_dates=['d'])",
        "t.dtypes",
        "t.groupby('k').v.agg(['sum', 'mean'])",
        "pd.get_option('display.max_columns'), pd.DataFrame([range(60)])",
        "b = io.BytesIO(); t.to_parquet(b); pd.read_parquet(io.BytesIO(b.getvalue())).equals(t)",
        "t.set_index('d').v.resample('MS').sum().to_json()",
    ],
    "sklearn": [
        "from sklearn.datasets import load_diabetes\nX, y = load_diabetes(return_X_y=True)",
        "from sklearn.linear_model import Ridge\nRidge(alpha=.5).fit(X, y).coef_.tolist()",
        "from sklearn.ensemble import RandomForestRegressor as Forest\n"
        "Forest(20, random_state=0, n_jobs=2).fit(X, y).predict(X[:5]).tolist()",
        "from sklearn.ensemble import HistGradientBoostingRegressor as Boost\n"
        "Boost(max_iter=20, random_state=0).fit(X, y).predict(X[:5]).tolist()",
        "from sklearn.cluster import KMeans\nKMeans(3, n_init=2, random_state=0).fit(X).inertia_",
        "from sklearn.model_selection import cross_val_score\n"
        "cross_val_score(Ridge(), X, y, cv=3, n_jobs=2).tolist()",
    ],
    "pickles": [
        "import pickle, dataclasses\n@dataclasses.dataclass\nclass Point:\n    x: int = 1",
        "Point.__module__, pickle.loads(pickle.dumps(Point(3))), __name__",
        "import cloudpickle; cloudpickle.loads(cloudpickle.dumps(lambda: Point(4)))()",
        "import sys; sys.modules['__main__'].Point is Point",
        "import inspect; print(inspect.getsource(Point))",
    ],
    "processes": [
        "import multiprocessing as mp, os\ndef square(x):\n    return x * x",
        "with mp.get_context('fork').Pool(2) as pool:\n    print(pool.map(square, range(5)))",
        "from concurrent.futures import ProcessPoolExecutor as Pool\n"
        "with Pool(2, mp_context=mp.get_context('spawn')) as pool:\n"
        "    print(list(pool.map(abs, [-1, -2])))",
        "from joblib import Parallel, delayed\n"
        "print(Parallel(n_jobs=2)(delayed(square)(i) for i in range(5)))",
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', 'print(1)'], capture_output=True).stdout",
        "queue = mp.Queue(); p = mp.Process(target=queue.put, args=(3,)); p.start()\n"
        "print(queue.get(timeout=20)); p.join(); print(p.exitcode)",
    ],
    "threads": [
        "import threading, queue\nout = queue.Queue()",
        "workers = [threading.Thread(target=out.put, args=(i,)) for i in range(4)]\n"
        "[w.start() for w in workers]; [w.join() for w in workers]; sorted(out.queue)",
        "threading.current_thread() is threading.main_thread()",
        "from concurrent.futures import ThreadPoolExecutor as Pool\n"
        "with Pool(2) as pool: print(list(pool.map(abs, [-1, -2])))",
        "import asyncio\nasync def work(i):\n    await asyncio.sleep(.01)\n    return i",
        "await asyncio.gather(*map(work, range(3)))",
        "p = await asyncio.create_subprocess_exec('echo', 'hi', stdout=-1)\n"
        "(await p.communicate())[0], p.returncode",
    ],
    "figures": [
        "import matplotlib, matplotlib.pyplot as plt\nmatplotlib.get_backend()",
        "plt.plot([1, 3, 2]); plt.title('a');",
        "import hashlib, io\nfigure, axis = plt.subplots(); axis.scatter([1], [2])\n"
        "b = io.BytesIO(); figure.savefig(b, format='raw')\n"
        "hashlib.sha256(b.getvalue()).hexdigest()",
    ],
    "interpreter": [
        "import sys, os, signal, locale, warnings\nsys.flags, sys.path, sys.executable",
        "sorted(os.environ.keys() - {'JPY_PARENT_PID'})",
        "signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM), locale.getlocale()",
        "import resource\n"
        "[resource.getrlimit(n) for n in (resource.RLIMIT_NOFILE, resource.RLIMIT_AS)]",
        "os.getpgrp() == os.getpid() == os.getsid(0), os.nice(0), len(os.sched_getaffinity(0))",
        "warnings.warn('seen')",
        "sys.stdin.read(), sys.stdout.isatty(), sys.stdout.encoding",
        "import gc; gc.isenabled(), gc.get_threshold()",
        "1 / 0",
        "%who_ls",
        "!echo $TERM $PAGER",
        "input()",
    ],
}


#: what attaches itself to the shell, and is left to the kernels
UNFIT = {"figures": ["matplotlib_inline"]}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_gives_what_it_gives_in_a_cold_kernel(project: Project, name: str) -> None:
    cold = _execute(project, "cold", NOTEBOOKS[name])
    learning = _execute(project, "warm", NOTEBOOKS[name])
    project.settle()
    warm = _execute(project, "warm", NOTEBOOKS[name])
    project.note()
    assert list(imports.read(project.root).unfit) == UNFIT.get(name, [])
    assert learning == cold
    assert warm == cold


QUICK = ("interpreter", "pickles")


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.proof) for n in NOTEBOOKS]
)
def test_a_notebook_gives_the_same_in_a_prestarted_kernel(project: Project, name: str) -> None:
    cold = _execute(project, "cold", NOTEBOOKS[name])
    learning = _execute(project, "prestarted", NOTEBOOKS[name])
    project.settle("prestarted")
    settled = _execute(project, "prestarted", NOTEBOOKS[name])
    project.note()
    assert list(imports.read(project.root).unfit) == UNFIT.get(name, [])
    assert learning == cold
    assert settled == cold


def _execute(project: Project, kernel: str, cells: list[str]) -> list[Any]:
    book = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    resources = {"metadata": {"path": str(project.root)}}
    # Of a slow cell a kernel sends the stream in parts, as time goes.
    client = NotebookClient(
        book,
        kernel_name=kernel,
        allow_errors=True,
        coalesce_streams=True,
        timeout=60,
        resources=resources,
    )
    client.execute()
    return [[_comparable(output) for output in cell.outputs] for cell in book.cells]


def _comparable(output: nbformat.NotebookNode) -> Any:
    if output.output_type == "error":
        return output.ename, output.evalue
    if output.output_type == "stream":
        lines = output.text.splitlines()
        # IPython names the file of a cell after its source and the process.
        return output.name, ["<cell>" if "ipykernel_" in line else line for line in lines]
    return dict(output.data)
