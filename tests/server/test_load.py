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
started = time.process_time()
import jupyter_server.serverapp
loaded = time.process_time()
before = set(sys.modules)
import labline
points = labline._jupyter_server_extension_points()
print((time.process_time() - loaded) / (loaded - started), *(set(sys.modules) - before))
"""


def test_loading_it_adds_little_to_the_server_and_imports_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-c", LOAD], capture_output=True, text=True, check=True, timeout=60
    )
    share, *modules = done.stdout.split()
    assert not HEAVY & {name.partition(".")[0] for name in modules}
    assert float(share) < 0.25


def test_the_front_end_is_of_the_version_of_the_package():
    package = json.loads((EXTENSION / "package.json").read_text())
    source = (EXTENSION / "src" / "version.ts").read_text()
    compiled_in = re.search(r"VERSION = '(.+)'", source)
    assert package["version"] == labline.__version__
    assert compiled_in is not None
    assert compiled_in[1] == labline.__version__
