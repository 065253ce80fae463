"""A release is booted only with the files that were deployed; a way back is proven."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.platforms import Line, project

from labline.errors import Refused
from labline.lab import trial
from labline.promotion import Question
from labline.records import Bento, Command, Release, ReleaseState
from labline.tracking.models import digest
from labline.tracking.registry import ModelAltered


class Store:
    """A line whose releases boot from a folder laid out as a BentoML store."""

    def __init__(self, line: Line) -> None:
        self.line = line

    def model(self, version: int) -> Path:
        """Return the file of a model in the store."""
        place = self.line.root / "store" / "models" / "churn" / str(version) / "mlflow_model"
        place.mkdir(parents=True, exist_ok=True)
        return place / "model.pkl"

    def deploy(self, version: int) -> Release:
        self.model(version).write_bytes(b"model %d" % version)
        bento = self.line.root / "store" / "bentos" / "churn" / str(version)
        bento.mkdir(parents=True, exist_ok=True)
        mark = digest(self.model(version).parent)
        start = self.line.serving(f"churn/{version}", mark, "serve")
        return self.line.endpoints.deploy(
            "churn",
            bento=Bento(f"churn:{version}", str(bento), f"churn/{version}", mark),
            command_for_port=lambda port: Command(start(port).argv, {}, str(bento)),
            python=sys.executable,
            actor="ada",
            key=f"deploy-{version}",
        )


@pytest.fixture
def store(tmp_path, free_port, leaves_nothing_running):
    with project(tmp_path, free_port) as line:
        line.platform.up()
        yield Store(line)


def test_a_rollback_to_altered_files_is_refused_in_words_and_nothing_changes(store):
    store.deploy(1)
    live = store.deploy(2)
    store.model(1).write_bytes(b"evil")
    with pytest.raises(ModelAltered, match="churn/1 in its Bento were altered after") as caught:
        store.line.endpoints.rollback("churn", actor="ada", key="back")
    assert "labline deploy churn/1" in caught.value.fix
    assert store.line.serves(2)
    assert store.line.endpoints.get("churn").live == live
    # Right files again: it goes back.
    store.model(1).write_bytes(b"model 1")
    assert store.line.endpoints.rollback("churn", actor="ada", key="again").model == "churn/1"


def test_what_serves_is_no_way_back_once_its_files_are_altered(store):
    release = store.deploy(1)
    store.line.endpoints.prove("churn")
    lab = SimpleNamespace(settings=store.line.settings, platform=store.line.platform)
    champion = SimpleNamespace(label="churn/1")
    questions = {"rollback/rows": Question("rows", b"{}")}
    said = trial.hold_back(lab, champion, questions)
    assert said.error == ""
    assert (said.answers["rollback/rows"].status, said.release) == (200, "release 1 on /churn")
    assert said.answers["rollback/rows"].body["model"] == "churn/1"

    store.model(1).write_bytes(b"evil")
    with pytest.raises(Refused, match=r"deployment is refused.*altered after"):
        store.line.endpoints.prove("churn")
    assert "altered after" in trial.hold_back(lab, champion, questions).error
    assert store.line.endpoints.release(release.id).state is ReleaseState.LIVE


def test_a_release_with_altered_files_stays_down_when_the_platform_comes_up(store):
    release = store.deploy(1)
    store.line.platform.down()
    store.model(1).write_bytes(b"evil")
    store.line.platform.up()
    seen = store.line.endpoints.get("churn")
    assert (seen.state, store.line.serves(1)) == ("down", False)
    log = store.line.platform.places.log(f"release-{release.id}").read_text()
    assert "altered after it was deployed" in log
