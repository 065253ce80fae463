"""What tells a release to keep what it is asked; the Bento reads it."""

from __future__ import annotations

import sys
from pathlib import Path

from labline.deployment import predictions
from labline.records import Release, ReleaseState
from labline.settings import MonitorSettings, Settings

sys.path.insert(0, str(Path(__file__).parents[3] / "bentos" / "pyfunc"))
from bento_pyfunc.records import Rules

LIVE = Release(7, "churn", "churn:x", "churn/1", "/py", ReleaseState.LIVE, 0.0)


def test_a_release_keeps_what_the_policy_says_in_a_folder_of_its_endpoint(tmp_path: Path) -> None:
    rule = MonitorSettings(capture=0.5, keep=60.0, size=2**20)
    settings = Settings(root=tmp_path, monitor=rule)
    found = Rules.read(predictions.variables(settings, LIVE))
    folder = tmp_path / ".labline" / "predictions" / "churn"
    assert found == Rules(folder, 0.5, 60.0, 2**20, 5.0, "churn", 7)


def test_a_release_keeps_nothing_where_the_policy_is_silent_whatever_it_inherits(
    tmp_path: Path,
) -> None:
    own = predictions.variables(Settings(root=tmp_path), LIVE)
    assert Rules.read({"LABLINE_RECORDS": "/inherited", **own}) is None
