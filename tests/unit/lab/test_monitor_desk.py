"""Which endpoint is meant, and what is said where nothing was kept of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from labline.errors import BadInput, NotFound
from labline.lab.monitoring import MonitorDesk
from labline.settings import MonitorSettings, Settings


def desk(folder: Path, *names: str, capture: float = 0.0) -> MonitorDesk:
    endpoints = SimpleNamespace(
        list=lambda: [SimpleNamespace(name=name) for name in names], get=lambda name: name
    )
    settings = Settings(root=folder, monitor=MonitorSettings(capture=capture))
    lab: Any = SimpleNamespace(endpoints=endpoints, settings=settings, rules=settings)
    return MonitorDesk(lab)


def test_the_only_endpoint_is_meant_unless_one_is_named(tmp_path: Path) -> None:
    assert desk(tmp_path, "churn").only() == "churn"


def test_without_an_endpoint_or_with_several_it_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no endpoint yet") as none:
        desk(tmp_path).only()
    assert none.value.fix == "labline deploy MODEL@STAGE"
    with pytest.raises(BadInput, match="several endpoints: churn, flats"):
        desk(tmp_path, "churn", "flats").only()


def test_where_nothing_was_kept_it_is_told_how_to_keep_it(tmp_path: Path) -> None:
    off = desk(tmp_path, "churn").rows("churn")
    assert off.frame.empty
    assert "The prediction log of churn is off. Set capture = true under [monitor]" in off.says
    on = desk(tmp_path, "churn", capture=1.0).rows("churn")
    assert on.says == "churn has answered no request in this time."


def test_a_limit_that_leaves_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="A limit of 0 rows leaves nothing"):
        desk(tmp_path, "churn").rows("churn", limit=0)
