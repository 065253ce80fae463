"""The environment that a Bento locked, made by uv once."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.integration.serving_models import (
    booted,
    passengers,
    pipeline,
    project,
    save,
    version_of,
)

from labline.errors import Failed
from labline.records import Bento
from labline.serving import ensure_environment, export


def test_a_locked_environment_is_made_once_and_serves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table = passengers()
    model = pipeline(table)
    settings = project(tmp_path / "project")
    bento = export(
        save("sklearn", tmp_path / "saved", model, table), version_of("titanic"), settings=settings
    )
    with caplog.at_level(logging.INFO, "labline.serving"), ThreadPoolExecutor(2) as pool:
        found = list(
            pool.map(lambda _: ensure_environment(bento, "locked", settings=settings), range(2))
        )
        assert ensure_environment(bento, "locked", settings=settings) == found[0] == found[1]
    assert caplog.text.count("making the environment") == 1
    assert "uv: Installed" in caplog.text
    rows = json.loads(table.head(20).to_json(orient="records", date_format="iso"))
    with booted(bento, tmp_path, found[0]) as instance:
        answer = instance.predict({"rows": rows})
        assert answer.json()["predictions"] == model.predict(table.head(20)).tolist()


def test_an_environment_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "3-abc" / "src"
    source.mkdir(parents=True)
    (source / "requirements.lock.txt").write_text("six==0.0.0.1\n")
    (source / "service.json").write_text('{"python": "3.11"}')
    bento = Bento("m:3-abc", str(source.parent), "m/3", "d" * 64)
    settings = project(tmp_path / "project")
    for _ in range(2):
        with pytest.raises(Failed, match=r"six==0\.0\.0\.1"):
            ensure_environment(bento, "locked", settings=settings)
        (lock,) = settings.folder("envs").iterdir()
        assert lock.suffix == ".lock"
        # What a process that was killed leaves is swept away by the next one.
        lock.with_name(f".{lock.stem}.0a0b0c0d").mkdir()
