"""Promotions that wait for people: real MLflow, real ledger, real durable workflows."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.linear_model import Ridge

from labline.cli.app import labline_command
from labline.errors import NotFound, Refused
from labline.lab import Lab
from labline.promotion import Promotion, PromotionState
from labline.promotion.approvals import NotYours
from labline.tracking import models
from labline.tracking.registry import ModelAltered

POLICY = """
[project]
name = "numbers"

[stages.staging]
gates = ["signature"]

[stages.prod]
gates = ["signature", "metric"]
metric = { name = "r2", min = 0.5, versus_champion = 0.0 }
approvals = { required = 1, expires = "1h" }

[stages.live]
after = "staging"
soak = "1h"
gates = ["signature"]

[stages.vault]
gates = ["signature"]
approvals = { required = 2, four_eyes = false }
"""
NUMBERS = pd.DataFrame(np.arange(12.0).reshape(6, 2), columns=["a", "b"])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("numbers")
    (folder / "labline.toml").write_text(POLICY)
    made = Lab.from_(folder)
    with made.worker():
        yield made


@pytest.fixture
def run(lab: Lab, tmp_path: Path) -> Any:
    """Return a function that records a run with a model."""

    def make(r2: float) -> str:
        run = lab.tracking.create_run("numbers")
        lab.tracking.log_metrics(run.id, {"r2": r2})
        folder = tmp_path / run.id / "model"
        fitted = Ridge(alpha=r2 + 1e-9).fit(NUMBERS, NUMBERS["a"])
        models.save(fitted, folder, example=NUMBERS, requirements=["scikit-learn"])
        lab.tracking.attach_model(run.id, folder)
        lab.tracking.end_run(run.id)
        return run.id

    return make


def ask(lab: Lab, candidate: str, model: str, stage: str = "prod") -> Promotion:
    return lab.promote(candidate, to=stage, model=model, actor="ada")


def holder(lab: Lab, model: str, stage: str = "prod") -> int | None:
    found = lab.tracking.registry.champion(model, stage)
    return found.version if found else None


def actions(lab: Lab, promotion: Promotion) -> list[tuple[str, str]]:
    return [(item.actor, item.action) for item in lab.promotions.entries(promotion)]


def test_a_promotion_waits_and_another_person_lets_it_through(lab: Lab, run: Any) -> None:
    waits = ask(lab, run(0.9), "m1")
    assert (waits.state, waits.version) == (PromotionState.NEEDS_APPROVAL, 1)
    assert holder(lab, "m1") is None
    assert not lab.workflows.busy()
    with pytest.raises(NotYours):
        lab.promotions.approve(waits.id, actor="ada")
    done = lab.promotions.approve(waits.id[:8], comment="looked at it", actor="bob")
    assert done.promoted
    assert holder(lab, "m1") == 1
    assert actions(lab, done) == [
        ("ada", "needs approval"), ("bob", "approved"), ("ada", "promoted"),
    ]  # fmt: skip
    assert [(a.actor, a.comment) for a in done.approvals] == [("bob", "looked at it")]
    assert lab.promotions.find(waits.id).promoted
    with pytest.raises(Refused, match="it is promoted"):
        lab.promotions.approve(waits.id, actor="eve")
    assert lab.ledger.verify() >= 3


def test_a_rejection_is_final_and_says_why(lab: Lab, run: Any) -> None:
    waits = ask(lab, run(0.8), "m2")
    done = lab.promotions.reject(waits.id, why="not on a Friday", actor="bob")
    assert done.state is PromotionState.REJECTED
    assert holder(lab, "m2") is None
    with pytest.raises(Refused, match="it is rejected"):
        lab.promotions.approve(waits.id, actor="eve")


def test_the_queue_is_free_while_a_promotion_waits(lab: Lab, run: Any) -> None:
    ask(lab, run(0.7), "m3")
    assert ask(lab, "m3", "m3", "staging").promoted


def test_two_people_must_agree_where_the_stage_says_so(lab: Lab, run: Any) -> None:
    waits = ask(lab, run(0.6), "m4", "vault")
    once = lab.promotions.approve(waits.id, actor="ada")
    assert once.state is PromotionState.NEEDS_APPROVAL
    assert holder(lab, "m4", "vault") is None
    assert lab.promotions.approve(waits.id, actor="bob").promoted


def test_a_new_champion_means_that_it_is_judged_again(lab: Lab, run: Any) -> None:
    worse, better = ask(lab, run(0.7), "m5"), ask(lab, run(0.9), "m5")
    assert lab.promotions.approve(better.id, actor="bob").promoted
    done = lab.promotions.approve(worse.id, actor="bob")
    assert done.state is PromotionState.REFUSED
    assert holder(lab, "m5") == 2
    (refusal,) = done.refusals
    assert "champion m5/2 has 0.9" in refusal.reason
    assert actions(lab, done)[-1] == ("ada", "refused")


def test_a_candidate_that_was_withdrawn_is_refused(lab: Lab, run: Any) -> None:
    waits = ask(lab, run(0.9), "m6")
    ask(lab, run(0.8), "m6")
    lab.tracking.client.delete_model_version("m6", "1")
    done = lab.promotions.approve(waits.id, actor="bob")
    assert done.state is PromotionState.REFUSED
    assert done.refusals[0].gate == "candidate"


def test_a_version_must_have_soaked_since_it_last_came_to_the_stage(lab: Lab, run: Any) -> None:
    first, second = run(0.8), run(0.9)
    ask(lab, first, "m13", "staging")
    ask(lab, second, "m13", "staging")
    came = ask(lab, "m13/1", "m13", "staging")
    ask(lab, "m13/1", "m13", "staging")
    since = lab.promotions._history.since("m13", 1, "staging")
    assert since == lab.promotions.entries(came)[0].at
    assert lab.promotions._history.since("m13", 2, "staging") is None
    (refusal,) = ask(lab, "m13/1", "m13", "live").refusals
    assert refusal.gate == "soak"
    assert "the soak of 1 hour is over at" in refusal.reason
    assert refusal.evidence["over"] == since + 3600


@pytest.mark.parametrize("at", ["evidence", "register", "alias", "presence"])
def test_mlflow_away_in_mid_promotion_is_waited_for_and_nothing_is_half_done(
    at: str, lab: Lab, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from labline.errors import Unreachable
    from labline.promotion import Approvals, Promotions

    where = {
        "evidence": (Promotions, "evidence"), "register": (Promotions, "_register"),
        "alias": (Promotions, "_move"), "presence": (Approvals, "_withdrawn"),
    }[at]  # fmt: skip
    real, failures = getattr(*where), iter(range(2))

    def away(self: Any, *given: Any) -> Any:
        if next(failures, None) is not None:
            raise Unreachable("MLflow does not answer.")
        return real(self, *given)

    monkeypatch.setattr(*where, away)
    model = f"away-{at}"
    waits = ask(lab, run(0.9), model)
    done = lab.promotions.approve(waits.id, actor="bob")
    assert done.promoted
    assert next(failures, None) is None
    assert holder(lab, model) == 1
    assert len(lab.tracking.registry.versions(model)) == 1
    assert [action for _, action in actions(lab, done)] == [
        "needs approval", "approved", "promoted",
    ]  # fmt: skip


def test_a_promotion_expires(lab: Lab, run: Any) -> None:
    waits = ask(lab, run(0.9), "m7")
    aged = replace(waits, id="0" * 32, asked=1.0, expires=time.time() - 1)
    lab.promotions._history.record(aged)
    with pytest.raises(Refused, match="has expired"):
        lab.promotions.approve("0" * 8, actor="bob")
    states = {item["id"]: item["state"] for item in lab.promotions.list(model="m7")}
    assert states == {waits.id: "needs approval", aged.id: "expired"}
    assert [item["id"] for item in lab.promotions.list(model="m7", waiting=True)] == [waits.id]


def test_a_decision_whose_worker_died_is_made_once(lab: Lab, run: Any) -> None:
    from labline.lab.delivery import Delivery

    waits = ask(lab, run(0.9), "m8")
    payload = {"promotion": waits.id, "actor": "bob", "approve": True, "comment": ""}
    for _ in range(2):
        done = Delivery(lab).approve(Again(), payload)  # type: ignore[arg-type]
    assert done.promoted
    assert len(actions(lab, done)) == 3


class Again:
    """A flow whose worker died after the last step, with only the clock's answer kept."""

    id = "again"
    now = time.time()

    def step(self, name: str, call: Any) -> Any:
        return self.now if name == "clock" else call()

    def publish(self, key: str, value: Any) -> None:
        """Nobody looks."""


def test_unknown_promotions_are_not_found(lab: Lab) -> None:
    with pytest.raises(NotFound, match="There is no promotion 'ffffffff'"):
        lab.promotions.find("ffffffff")
    with pytest.raises(NotFound, match="too short"):
        lab.promotions.find("f")


def test_the_commands_show_what_waits_and_why_not(
    lab: Lab, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = lab.promote(run(0.9), to="prod", model="m9")
    monkeypatch.chdir(lab.settings.root)

    def type_(*words: str) -> str:
        done = CliRunner().invoke(labline_command, words, standalone_mode=False)
        if done.exception:
            raise done.exception
        return done.output

    assert f"labline approve {waits.id[:8]}" in type_("promotions", "show", waits.id)
    assert "needs approval" in type_("promotions", "list", "--waiting", "--model", "m9")
    with pytest.raises(NotYours, match="may not approve it"):
        type_("approve", waits.id[:8])
    assert "Rejected by" in type_("reject", waits.id[:8], "--why", "no")
    assert "Nothing waits" in type_("promotions", "list", "--waiting", "--model", "m9")


def test_the_ledger_tells_what_held_a_stage_at_a_time(lab: Lab, run: Any) -> None:
    ask(lab, run(0.8), "m10", "staging")
    between = time.time()
    ask(lab, run(0.9), "m10", "staging")
    later = {item.version for item in lab.governance.standings() if item.version.startswith("m10/")}
    then = datetime.fromtimestamp(between).isoformat()
    earlier = [item for item in lab.governance.standings(then) if item.version.startswith("m10/")]
    assert later == {"m10/2"}
    assert [(item.version, item.actor) for item in earlier] == [("m10/1", "ada")]


def test_the_ledger_is_exported_so_that_anybody_can_check_it(
    lab: Lab, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(lab, run(0.8), "m11", "staging")
    monkeypatch.chdir(lab.settings.root)
    file = tmp_path / "ledger.jsonl"
    done = CliRunner().invoke(labline_command, ["ledger", "export", "-o", str(file)])
    assert done.exit_code == 0, done.output
    entries = [json.loads(line) for line in file.read_text().splitlines()]
    assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
    for entry in entries:
        entry["payload"] = json.dumps(entry["payload"], sort_keys=True)
        claimed = entry.pop("hash")
        assert (entry.pop("signer"), entry.pop("signature")) == ("", "")
        text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(text.encode()).hexdigest() == claimed


def test_files_that_differ_from_the_ledgers_are_not_exported(lab: Lab, run: Any) -> None:
    from labline.tracking.models import digest
    from labline.tracking.registry import DIGEST_TAG

    ask(lab, run(0.8), "m12", "staging")
    folder = lab.tracking.registry.fetch(lab.version("m12"))
    (folder / "model.pkl").write_bytes(b"another")
    with pytest.raises(ModelAltered, match="altered after registration"):
        lab.serving.export("m12")
    # Whoever alters the files can alter the registry's tag as well, but not the ledger.
    lab.tracking.client.set_model_version_tag("m12", "1", DIGEST_TAG, digest(folder))
    with pytest.raises(ModelAltered, match="not those in the ledger"):
        lab.serving.export("m12")
