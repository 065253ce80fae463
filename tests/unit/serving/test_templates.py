"""Where templates are found."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.serving.conftest import TEMPLATE

from labline.errors import NotFound
from labline.serving import templates


def test_the_source_tree_serves_an_in_place_install() -> None:
    assert templates.find("pyfunc").resolve() == TEMPLATE


def test_a_users_own_template_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    own = tmp_path / "labline" / "bentos" / "pyfunc"
    own.mkdir(parents=True)
    assert templates.find("pyfunc").resolve() == TEMPLATE
    (own / "service.py").touch()
    assert templates.find("pyfunc") == own


def test_an_unknown_template_is_answered_with_the_nearest() -> None:
    with pytest.raises(NotFound, match="Did you mean 'pyfunc'"):
        templates.find("pyfun")


def test_a_template_counts_without_what_is_derived_from_it(tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text("a")
    before = templates.digest(tmp_path)
    for name in ("service.json", ".cache/x", "__pycache__/x.pyc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert templates.digest(tmp_path) == before
    (tmp_path / "codec.py").touch()
    assert templates.digest(tmp_path) != before
