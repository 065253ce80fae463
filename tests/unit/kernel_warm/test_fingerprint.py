from __future__ import annotations

import os
from pathlib import Path

import pytest

from labline.kernel.warm import fingerprint, imports
from labline.kernel.warm.fingerprint import Fingerprint


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "thing-1.0.dist-info").mkdir()
    monkeypatch.setattr(imports, "package_folders", lambda: (str(tmp_path), str(tmp_path / "no")))
    return tmp_path


def test_nothing_changed_is_not_stale(packages: Path) -> None:
    known = Fingerprint()
    (packages / "__pycache__").mkdir()
    assert not known.is_stale()
    assert known.digest == Fingerprint().digest


def test_a_package_that_comes_goes_or_changes_is_noticed(packages: Path) -> None:
    known = Fingerprint()
    (packages / "other-1.0.dist-info").mkdir()
    assert known.is_stale()
    known = Fingerprint()
    (packages / "other-1.0.dist-info").rmdir()
    assert known.is_stale()
    known = Fingerprint()
    (packages / "thing-1.0.dist-info").rename(packages / "thing-1.1.dist-info")
    assert known.is_stale()
    known = Fingerprint()
    (packages / "editable.pth").touch()
    assert known.is_stale()
    assert known.digest != Fingerprint().digest


def test_lablines_own_code_is_watched(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = packages / "own.py"
    own.touch()
    monkeypatch.setattr(fingerprint, "_own_files", lambda: [str(own)])
    known = Fingerprint()
    known.take_in_own_code()
    assert not known.is_stale()
    os.utime(own, (1, 1))
    assert known.is_stale()
