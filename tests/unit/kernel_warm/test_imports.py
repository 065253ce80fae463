from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from labline.kernel.warm import imports, learn
from labline.kernel.warm.imports import Learned


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "labline.toml").touch()
    return tmp_path


def test_what_is_learned_is_kept_in_order_and_once(root: Path) -> None:
    learn(["numpy", "json"], root)
    learn(["wave", "numpy"], root)
    assert imports.read(root).modules == ["numpy", "json", "wave"]


def test_the_projects_own_modules_and_what_is_not_there_are_not_learned(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "mine.py").touch()
    monkeypatch.syspath_prepend(str(root))
    learn(["mine", "__main__", "no_such_module", "", "numpy.linalg", "labline.lab"], root)
    assert imports.read(root).modules == ["numpy.linalg", "labline.lab"]


def test_the_project_is_that_of_the_environment_or_of_the_current_folder(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (root / "deep").mkdir()
    monkeypatch.chdir(root / "deep")
    learn(["wave"])
    assert imports.read(root).modules == ["wave"]
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    monkeypatch.setenv("LABLINE_ROOT", str(root))
    learn(["json"])
    assert imports.read(root).modules == ["wave", "json"]


def test_a_folder_that_is_no_project_is_left_alone(tmp_path: Path) -> None:
    learn(["wave"], tmp_path)
    learn(["wave"], tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []


def test_there_is_a_limit(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "LIMIT", 2)
    learn(["json", "wave", "numpy"], root)
    learn(["csv"], root)
    assert imports.read(root).modules == ["json", "wave"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"modules": 3}', '{"modules": ["a"], "unfit": [1]}']
)
def test_a_damaged_file_is_as_good_as_none(root: Path, text: str) -> None:
    imports.place(root).parent.mkdir(parents=True)
    imports.place(root).write_text(text)
    assert imports.read(root) == Learned()


def test_what_is_unfit_is_not_wanted_until_packages_change() -> None:
    known = Learned(["bad", "bad.part", "badly", "json"], {"bad": "it prints"}, "digest")
    assert known.wanted("digest") == ["badly"]
    assert known.wanted("another") == ["bad", "bad.part", "badly"]


def test_the_file_can_be_read_by_people(root: Path) -> None:
    imports.write(root, Learned(["pandas"], {"noisy": "wrote to stdout or stderr"}, "0a"))
    assert json.loads(imports.place(root).read_text()) == {
        "modules": ["pandas"],
        "unfit": {"noisy": "wrote to stdout or stderr"},
        "packages": "0a",
    }
    assert [path.name for path in imports.place(root).parent.iterdir()] == ["imports.json"]


def test_a_file_of_the_folder_hides_a_package_but_not_the_standard_library(tmp_path: Path) -> None:
    assert "jupyter_client" in sys.modules or __import__("jupyter_client")
    for name in ("json.py", "notes.txt", "jupyter_client.md", "other.py"):
        (tmp_path / name).touch()
    (tmp_path / "jupyter_client").mkdir()
    assert imports.hidden_by(tmp_path) is None
    (tmp_path / "jupyter_client" / "__init__.py").touch()
    assert imports.hidden_by(tmp_path) == "jupyter_client"
    assert imports.hidden_by(tmp_path / "missing") is None


def test_the_new_modules_are_found_though_known_ones_were_imported_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = frozenset(sys.modules)
    assert imports.beyond(known) == []
    again = sys.modules["json"]
    monkeypatch.setitem(sys.modules, "first_new", again)
    monkeypatch.delitem(sys.modules, "json")
    monkeypatch.setitem(sys.modules, "json", again)
    monkeypatch.setitem(sys.modules, "second_new", again)
    assert imports.beyond(known) == ["first_new", "second_new"]
