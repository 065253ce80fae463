"""Importing labline costs nothing."""

import subprocess
import sys

HEAVY = {"mlflow", "pandas", "bentoml", "dbos", "papermill", "numpy", "sqlalchemy", "pydantic"}


def test_import_labline_imports_nothing_heavy() -> None:
    script = "import sys, labline; print(*{name.partition('.')[0] for name in sys.modules})"
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(found.stdout.split())


def test_the_command_loads_nothing_heavy_for_help() -> None:
    script = (
        "import sys\nfrom labline.cli import main\n"
        "try: main(['--version'])\nexcept SystemExit: pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(found.stdout.split())
