"""``labline run`` and ``labline jobs`` as CI calls them."""

import json
import os
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from tests.conftest import write_notebook


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("ci")
    (root / "labline.toml").write_text("[project]\nname = 'ci'\n")
    cells = ("print('a is', a)", "print(1 / a)")
    write_notebook(root / "nb.ipynb", *cells, parameters="a: float = 1.0")
    return root


def labline(root, *arguments, **environment):
    known = {k: v for k, v in os.environ.items() if k not in ("GITHUB_ACTIONS", "GITLAB_CI")}
    return subprocess.run(
        [sys.executable, "-m", "labline", *arguments],
        cwd=root,
        env={**known, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def test_a_sweep_in_ci_is_reported_grouped_and_told_by_its_exit_code(project):
    asked = ("--sweep", "a=0,2", "--junit", "out/junit.xml", "--output-dir", "out", "--json")
    done = labline(project, "run", "nb.ipynb", *asked, GITHUB_ACTIONS="true")
    assert done.returncode == 1, done.stderr
    failed, well = json.loads(done.stdout)
    assert (failed["status"], well["status"]) == ("failed", "succeeded")
    assert {path.name for path in (project / "out").glob("*.ipynb")} == {
        f"nb-{job['id']}.ipynb" for job in (failed, well)
    }
    (suite,) = ElementTree.parse(project / "out" / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert "ZeroDivisionError: float division by zero" in suite.find("*/failure").text
    assert "Traceback" in suite.find("*/failure").text
    assert "::group::nb.ipynb a=2.0 succeeded" in done.stderr
    assert "a is 2.0" in done.stderr
    assert "::error file=nb.ipynb::Cell 4 raised ZeroDivisionError" in done.stderr

    shown = labline(project, "jobs", "logs", "-f", well["id"])
    assert (shown.returncode, shown.stdout) == (
        0,
        "[cell 3] print('a is', a)\na is 2.0\n[cell 4] print(1 / a)\n0.5\n",
    )
    shown = labline(project, "jobs", "logs", "-f", failed["id"])
    assert shown.returncode == 1
    assert "ZeroDivisionError" in shown.stdout


def test_what_is_refused_is_exit_code_2_and_in_the_report(project):
    done = labline(project, "run", "nb.ipynb", "-p", "b", "1", "--junit", "bad.xml")
    assert done.returncode == 2
    (suite,) = ElementTree.parse(project / "bad.xml").getroot()
    assert suite.get("errors") == "1"
    done = labline(project, "run", "nb.ipynb", "--detach", "--junit", "bad.xml")
    assert (done.returncode, "leave out --detach" in done.stderr) == (2, True)
