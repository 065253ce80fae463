"""Models of every kind, logged in a notebook, give the same predictions in a clean process.

The process sees the model's folder and, of what is installed, only what the recorded requirements
lead to.
"""

import json
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from labline import load_ipython_extension
from labline.kernel import recorder, uninstall

SETUP = """
import numpy as np, pandas as pd
rng = np.random.default_rng(3)
X = pd.DataFrame({"mass": rng.normal(size=60), "age": rng.normal(size=60)})
kind = pd.Series(rng.choice(["cat", "dog"], 60), name="kind")
M = X.assign(kind=kind.astype(object))
y = (X["mass"] > 0).astype(int)
"""
MODULE = "from sklearn.base import BaseEstimator\nfrom {name}_constants import FACTOR\n\n" + (
    "class Doubler(BaseEstimator):\n"
    "    def fit(self, X, y):\n        return self\n"
    "    def predict(self, X):\n        return X['mass'].to_numpy() * FACTOR\n"
)
MODELS = {
    "xgboost": (
        "import xgboost\nmodel = xgboost.XGBClassifier(n_estimators=5).fit(X, y)",
        "X",
        "xgboost",
    ),
    "booster": (
        "import xgboost\nmodel = xgboost.train({}, xgboost.DMatrix(X, y), 5)",
        "X",
        "xgboost",
    ),
    "lightgbm": (
        "import lightgbm\nmodel = lightgbm.LGBMRegressor(n_estimators=5, verbose=-1).fit(X, y)",
        "X",
        "lightgbm",
    ),
    "pipeline": (
        "from sklearn.compose import make_column_transformer\n"
        "from sklearn.pipeline import make_pipeline\n"
        "from sklearn.preprocessing import OneHotEncoder, StandardScaler\n"
        "from lightgbm import LGBMClassifier\n"
        "columns = make_column_transformer((OneHotEncoder(sparse_output=False), ['kind']),\n"
        "    (StandardScaler(), ['mass', 'age'])).set_output(transform='pandas')\n"
        "model = make_pipeline(columns, LGBMClassifier(n_estimators=5, verbose=-1)).fit(M, y)",
        "M",
        "lightgbm",
    ),
    "pyfunc": (
        "import mlflow, warnings\n"
        "warnings.filterwarnings('ignore', '.*Add type hints')\n"
        "class Threshold(mlflow.pyfunc.PythonModel):\n"
        "    def predict(self, context, model_input, params=None):\n"
        "        import scipy.special\n"
        "        return scipy.special.expit(model_input['mass'].to_numpy())\n"
        "model = Threshold()",
        "X",
        "scipy",
    ),
    "notebook_class": (
        "from sklearn.base import BaseEstimator\n"
        "def shift(rows):\n    return rows['age'] + 1\n"
        "class Shifter(BaseEstimator):\n"
        "    def fit(self, X, y):\n        return self\n"
        "    def predict(self, X):\n        return shift(X).to_numpy()\n"
        "model = Shifter().fit(X, y)",
        "X",
        "scikit-learn",
    ),
    "onnx": (
        "from skl2onnx import to_onnx\nfrom sklearn.linear_model import Ridge\n"
        "graph = Ridge().fit(X.to_numpy(), y)\n"
        "model = to_onnx(graph, X[:1].to_numpy(dtype=np.float32))",
        "X",
        "onnxruntime",
    ),
    "torch": (
        "import torch\ntorch.manual_seed(1)\n"
        "class Net(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.inner = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Dropout(0.5))\n"
        "        self.last = torch.nn.Linear(4, 1)\n"
        "    def forward(self, rows):\n"
        "        return self.last(torch.relu(self.inner(rows)))\n"
        "model = Net()",
        "X",
        "torch",
    ),
    "local_module": (
        "import labline_test_local\nmodel = labline_test_local.Doubler().fit(X, y)",
        "X",
        "scikit-learn",
    ),
}
OPTIONAL = ("xgboost", "lightgbm", "onnxruntime", "torch")
CLEAN = """
import importlib.metadata as metadata, json, pathlib, re, sys, warnings
warnings.simplefilter("ignore")
folder = pathlib.Path(sys.argv[1])
def normal(name): return re.sub(r"[-_.]+", "-", name).lower()
owners = metadata.packages_distributions()
lines = (folder / "requirements.txt").read_text().splitlines()
allowed, waiting = set(), [normal(re.match(r"[\\w.-]+", line)[0]) for line in lines]
while waiting:
    name = waiting.pop()
    if name in allowed: continue
    allowed.add(name)
    try: needs = metadata.requires(name) or []
    except metadata.PackageNotFoundError: continue
    waiting += [normal(re.match(r"[\\w.-]+", n)[0]) for n in needs if "extra ==" not in n]
class Only:
    def find_spec(self, name, path=None, target=None):
        found = owners.get(name, ())
        if "." not in name and found and not {normal(f) for f in found} & allowed:
            raise ModuleNotFoundError(f"{name} is not in the requirements", name=name)
sys.meta_path.insert(0, Only())
import mlflow, numpy, pandas
rows = pandas.read_parquet(sys.argv[2])
print(json.dumps(numpy.asarray(mlflow.pyfunc.load_model(str(folder)).predict(rows)).tolist()))
"""

FRESH = """
import io, json, pathlib, sys, warnings
warnings.simplefilter("ignore")
import mlflow, numpy, pandas
rows = pandas.read_json(io.StringIO(pathlib.Path(sys.argv[2]).read_text()), orient="split")
print(json.dumps(numpy.asarray(mlflow.pyfunc.load_model(sys.argv[1]).predict(rows)).tolist()))
"""


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteractiveShell]:
    folder = tmp_path_factory.mktemp("project")
    (folder / "labline.toml").write_text('[project]\nname = "models"\n')
    (folder / "labline_test_local.py").write_text(MODULE.format(name="labline_test_local"))
    (folder / "labline_test_local_constants.py").write_text("FACTOR = 2\n")
    config = Config()
    config.HistoryManager.enabled = False
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(folder)
        patch.delenv("JPY_SESSION_NAME", raising=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shell = InteractiveShell(config=config)
        load_ipython_extension(shell)
        shell.run_cell(SETUP).raise_error()
        shell.run_cell("%record on").raise_error()
        yield shell
        uninstall(shell)


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_predicts_the_same_in_a_clean_process(
    shell: InteractiveShell, tmp_path: Path, kind: str
) -> None:
    folder, rows = _logged(shell, tmp_path, kind)
    clean = [sys.executable, "-I", "-c", CLEAN, str(folder), str(rows)]
    _predicts_the_same(shell, tmp_path, kind, clean)


@pytest.mark.proof
@pytest.mark.parametrize("kind", MODELS)
def test_a_model_predicts_the_same_in_an_environment_made_of_its_requirements(
    shell: InteractiveShell, tmp_path: Path, kind: str
) -> None:
    folder, rows = _logged(shell, tmp_path, kind)
    uv, venv = shutil.which("uv", path=str(Path(sys.executable).parent)), tmp_path / "venv"
    assert uv
    python = venv / "bin" / "python"
    subprocess.run([uv, "venv", "-q", "-p", sys.executable, str(venv)], check=True)
    lines = folder / "requirements.txt"
    subprocess.run([uv, "pip", "install", "-q", "-p", str(python), "-r", str(lines)], check=True)
    # Parquet is how this test hands the rows over, and no need of every model.
    plain = tmp_path / "rows.json"
    pd.read_parquet(rows).to_json(plain, orient="split", double_precision=15)
    clean = [str(python), "-I", "-c", FRESH, str(folder), str(plain)]
    _predicts_the_same(shell, tmp_path, kind, clean)


def _logged(shell: InteractiveShell, tmp_path: Path, kind: str) -> tuple[Path, Path]:
    """Log a model; return the folder it was saved in, and rows to try it with."""
    source, data, needed = MODELS[kind]
    if needed in OPTIONAL:
        pytest.importorskip(needed)
    shell.run_cell(source).raise_error()
    result = shell.run_cell(f"%log --model model --name {kind} --data {data},y")
    result.raise_error()
    assert any(line.startswith(needed) for line in result.result.requirements)
    recording = recorder().recording  # type: ignore[union-attr]
    folders = recording.journal.path.with_suffix(".models").glob(f"*/{kind}")  # type: ignore[union-attr]
    shell.user_ns[data].to_parquet(tmp_path / "rows.parquet")
    return max(folders, key=lambda found: int(found.parent.name)), tmp_path / "rows.parquet"


def _predicts_the_same(
    shell: InteractiveShell, tmp_path: Path, kind: str, command: list[str]
) -> None:
    clean = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert clean.returncode == 0, clean.stderr[-3000:]
    rows: pd.DataFrame = shell.user_ns[MODELS[kind][1]]
    here = _here(shell, kind, rows)
    assert np.allclose(json.loads(clean.stdout.splitlines()[-1]), here, rtol=1e-5, atol=1e-6)


def _here(shell: InteractiveShell, kind: str, rows: pd.DataFrame) -> np.ndarray:
    model = shell.user_ns["model"]
    if kind == "pyfunc":
        return np.asarray(model.predict(None, rows))
    if kind == "booster":
        return np.asarray(model.predict(shell.user_ns["xgboost"].DMatrix(rows)))
    if kind == "onnx":
        return np.asarray(shell.user_ns["graph"].predict(rows.to_numpy())).reshape(-1, 1)
    if kind == "torch":
        torch = shell.user_ns["torch"]
        assert model.training, "logging a model leaves it as it was"
        with torch.no_grad():
            return np.asarray(model.eval()(torch.tensor(rows.to_numpy(dtype=np.float32))))
    return np.asarray(model.predict(rows))
