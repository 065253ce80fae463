"""The extension is light to load, and the three places that name its version agree."""

import json
import re
import subprocess
import sys
from pathlib import Path

import labline

EXTENSION = Path(__file__).parents[2] / "extension"
HEAVY = {"mlflow", "pandas", "bentoml", "dbos", "papermill", "nbconvert", "circus", "sqlalchemy"}

LOAD = """
import sys, time
import jupyter_server.serverapp
before = set(sys.modules)
started = time.perf_counter()
import labline
points = labline._jupyter_server_extension_points()
print(time.perf_counter() - started, *(set(sys.modules) - before))
"""


def test_loading_it_takes_under_100_ms_and_imports_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-c", LOAD], capture_output=True, text=True, check=True, timeout=60
    )
    seconds, *modules = done.stdout.split()
    assert not HEAVY & {name.partition(".")[0] for name in modules}
    assert float(seconds) < 0.1


def test_the_front_end_is_of_the_version_of_the_package():
    package = json.loads((EXTENSION / "package.json").read_text())
    source = (EXTENSION / "src" / "version.ts").read_text()
    compiled_in = re.search(r"VERSION = '(.+)'", source)
    assert package["version"] == labline.__version__
    assert compiled_in is not None
    assert compiled_in[1] == labline.__version__
