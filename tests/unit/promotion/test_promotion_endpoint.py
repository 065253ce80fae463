"""Where a promotion deploys what it promoted."""

import pytest

from labline.promotion.workflow import _endpoint
from labline.settings import StageSettings


@pytest.mark.parametrize(
    ("stage", "deploy", "endpoint"),
    [
        (StageSettings(), None, ""),
        (StageSettings(), True, "churn"),
        (StageSettings(endpoint="main"), None, "main"),
        (StageSettings(endpoint="{model}-eu"), True, "churn-eu"),
        (StageSettings(endpoint="main"), False, ""),
    ],
)
def test_the_one_who_asks_decides_and_else_the_stage(stage, deploy, endpoint):
    assert _endpoint(stage, "churn", deploy) == endpoint
