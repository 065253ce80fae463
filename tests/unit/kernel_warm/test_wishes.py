"""What a project says of warm kernels goes before what the kernelspec says."""

from pathlib import Path

import pytest

from labline.kernel.warm.wishes import Wishes, of_project

SPEC = Wishes(warm=True, start="forked", spares=5, idle=50.0)


def test_a_project_that_says_nothing_leaves_it_to_the_kernelspec(tmp_path: Path) -> None:
    assert of_project(tmp_path, SPEC) == SPEC
    (tmp_path / "labline.toml").write_text("[project]\nname = 'x'\n")
    assert of_project(tmp_path, SPEC) == SPEC


def test_only_what_is_said_is_taken(tmp_path: Path) -> None:
    (tmp_path / "labline.toml").write_text("[kernels]\nspares = 1\nstart = 'prestarted'\n")
    expected = Wishes(warm=True, start="prestarted", spares=1, idle=50.0)
    assert of_project(tmp_path, SPEC) == expected


def test_the_environment_switches_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABLINE_KERNELS__WARM", "0")
    assert not of_project(tmp_path, SPEC).warm


def test_a_policy_that_cannot_be_used_stops_no_kernel(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "labline.toml").write_text("[kernels]\nspare = 1\n")
    assert of_project(tmp_path, SPEC) == SPEC
    assert "unknown key 'spare'" in caplog.text
