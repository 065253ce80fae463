"""Which Lab a kernel's magics work on."""

from types import SimpleNamespace

import pytest

from labline.errors import BadSettings
from labline.magics.project import lab


class Shell(SimpleNamespace):
    """Stands in for IPython's: only which one it is counts."""

    __hash__ = object.__hash__


def test_a_magic_goes_by_labline_toml_as_it_is_now(tmp_path, monkeypatch):
    policy, shell = tmp_path / "labline.toml", Shell()
    policy.write_text("[stages.staging]\n")
    monkeypatch.setenv("LABLINE_ROOT", str(tmp_path))
    known = lab(shell)
    assert lab(shell) is known
    policy.write_text(
        '[stages.staging]\n[stages.canary]\nafter = "staging"\n[gateway]\nport = 8123\n'
    )
    assert [*lab(shell).settings.stages] == ["staging", "canary"]
    assert lab(shell).settings.gateway.port == 8123
    policy.write_text("[stages.staging]\ngats = []\n")
    with pytest.raises(BadSettings, match="unknown key 'gats'"):
        lab(shell)
    policy.unlink()
    assert [*lab(shell).settings.stages] == ["staging", "prod"]


def test_another_folder_is_another_project(tmp_path, monkeypatch):
    monkeypatch.delenv("LABLINE_ROOT", raising=False)
    shell = Shell()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "labline.toml").touch()
        monkeypatch.chdir(tmp_path / name)
        assert lab(shell).settings.root == tmp_path / name
