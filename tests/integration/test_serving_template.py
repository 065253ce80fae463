"""The template is a project of its own that BentoML itself serves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.integration.serving_models import free_port, running

TEMPLATE = Path(__file__).parents[2] / "bentos" / "pyfunc"


def test_the_readme_walk_works(tmp_path: Path) -> None:
    project = tmp_path / "pyfunc"
    shutil.copytree(TEMPLATE, project)
    env = {"BENTOML_HOME": str(tmp_path / "home"), "BENTOML_DO_NOT_TRACK": "1"}
    subprocess.run(
        [sys.executable, "example.py"],
        cwd=project,
        env={**os.environ, **env},
        check=True,
        capture_output=True,
    )
    port = free_port()
    argv = [sys.executable, "-m", "bentoml", "serve", ".", "--port", str(port)]
    with running(argv, env, project, port, tmp_path) as instance:
        answer = instance.predict({"rows": [{"rooms": 2, "area": 48.5}]}).json()
        assert answer["model"] == "flats/1"
        assert abs(answer["predictions"][0] - 728.2978723404256) < 1e-6
        assert "labline_predict_requests_total" in instance.client.get("/metrics").text
