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


def test_a_command_that_reads_notebooks_compiles_no_grammar_of_iris() -> None:
    script = (
        "import sys\nfrom labline.cli import main\n"
        "try: main(['--version'])\nexcept SystemExit: pass\n"
        "import nbformat, nbformat.v4\n"
        "book = nbformat.v4.new_notebook()\nnbformat.validate(book)\n"
        "print('rfc3987_syntax.syntax_helpers' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout.split()[-1] == "False"


def test_the_daemon_of_the_platform_loads_nothing_heavy() -> None:
    script = (
        "import sys, labline.deployment.supervisor, labline.deployment.arbiter\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(found.stdout.split())
