"""Promotions whose workers are killed, and promotions that are asked for all at once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
import sqlalchemy as sa
from sklearn.linear_model import Ridge

from labline.lab import Lab
from labline.promotion import PromotionState
from labline.records import JobStatus
from labline.tracking import holdout, models

POLICY = """
[project]
name = "line"
[stages.staging]
gates = ["signature", "metric"]
metric = { name = "r2", min = 0.1, versus_champion = 0.0 }
[stages.prod]
gates = ["signature"]
approvals = { required = 1 }
[stages.built]
gates = ["signature", "parity"]
approvals = { required = 1 }
"""
#: works until nothing is left to do, or kills itself in, or just after, its step number AT
WORKER = """
import os, signal, sys, time
from labline.lab import Lab
from labline.workflows import Flow

root, at, when = sys.argv[1], int(sys.argv[2]), sys.argv[3]
step, count = Flow.step, 0

def counted(self, name, call):
    global count
    count += 1
    mine = count == at

    def run():
        result = call()
        if mine and when == "before it is recorded":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    result = step(self, name, run)
    if mine:
        os.kill(os.getpid(), signal.SIGKILL)
    return result

Flow.step = counted
lab = Lab.from_(root)
print("up", flush=True)
with lab.worker():
    while lab.workflows.busy():
        time.sleep(0.05)
"""
NUMBERS = pd.DataFrame(np.arange(12.0).reshape(6, 2), columns=["a", "b"])


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    (tmp_path / "labline.toml").write_text(POLICY)
    made = Lab.from_(tmp_path)
    yield made
    made.workflows.close()
    made.database.close()


def record(lab: Lab, r2: float, *, keep: bool = False) -> str:
    """Return the id of a run with a model; with held-out rows, if they are to be kept."""
    run = lab.tracking.create_run("line")
    lab.tracking.log_metrics(run.id, {"r2": r2})
    folder = lab.settings.folder("made") / run.id / "model"
    fitted = Ridge(alpha=r2).fit(NUMBERS, NUMBERS["a"])
    models.save(fitted, folder, example=NUMBERS, requirements=["scikit-learn"])
    lab.tracking.attach_model(run.id, folder)
    if keep and (kept := holdout.write(fitted, NUMBERS, folder.parent / "holdout.json")):
        lab.tracking.log_text(run.id, kept.read_text(), holdout.PLACE)
    lab.tracking.end_run(run.id)
    return run.id


def command(lab: Lab, at: int = 0, when: str = "") -> list[str]:
    return [sys.executable, "-c", WORKER, str(lab.settings.root), str(at), when]


# -- killed ----------------------------------------------------------------------------------

#: steps of a promotion that needs approval, and of the approval
STEPS = {"promotion": 4, "approval": 7}
WHEN = ("before it is recorded", "after it is recorded")


def finish(lab: Lab, id: str, kind: str, kills: Callable[[int], list[int]], seed: int) -> int:
    """Run a workflow to its end by workers that are killed; return how many were."""
    chance, killed = random.Random(f"{seed}-{kind}"), 0
    for at in kills(STEPS[kind]):
        done = subprocess.run(command(lab, at, chance.choice(WHEN)), check=False, timeout=200)
        assert done.returncode == -signal.SIGKILL, f"step {at} of {kind}"
        assert not lab.workflows.state(id).status.ended
        killed += 1
    subprocess.run(command(lab), check=True, timeout=200)
    assert lab.workflows.state(id).status is JobStatus.SUCCEEDED
    return killed


def killed_all_the_way(
    lab: Lab, seed: int, kills: Callable[[int], list[int]], stage: str = "prod"
) -> int:
    """Promote and approve under kills; return how many kills that took."""
    model, run = f"m{seed}", record(lab, 0.5, keep=stage == "built")
    asked = {"candidate": run, "stage": stage, "model": model, "actor": "ada"}
    id = lab.workflows.submit("promotion", asked)
    killed = finish(lab, id, "promotion", kills, seed)
    waits = lab.promotions.find(id)
    assert waits.state is PromotionState.NEEDS_APPROVAL
    said = {"promotion": id, "actor": "bob", "approve": True, "comment": "fine"}
    killed += finish(lab, lab.workflows.submit("approval", said), "approval", kills, seed)
    done = lab.promotions.find(id)
    told = [(entry.actor, entry.action) for entry in lab.promotions.entries(done)]
    assert told == [("ada", "needs approval"), ("bob", "approved"), ("ada", "promoted")]
    held = lab.tracking.registry.champion(model, stage)
    assert held is not None
    assert (held.version, held.run_id) == (done.version, run)
    assert len(lab.tracking.registry.versions(model)) == 1
    stood = [item.version for item in lab.governance.standings() if item.name == stage]
    assert held.label in stood
    return killed


def test_a_promotion_whose_workers_are_killed_is_carried_on_and_recorded_once(lab: Lab) -> None:
    killed_all_the_way(lab, 1, lambda steps: [6] if steps > 6 else [])
    assert lab.ledger.verify() == 3


@pytest.mark.proof
@pytest.mark.timeout(3000)
def test_a_kill_after_every_step_of_a_promotion_over_forty_times(lab: Lab) -> None:
    killed = sum(
        killed_all_the_way(lab, seed, lambda steps: list(range(1, steps + 1))) for seed in range(4)
    )
    assert killed >= 40
    assert lab.ledger.verify() == 3 * 4


@pytest.mark.proof
@pytest.mark.timeout(3000)
def test_a_kill_after_every_step_of_a_promotion_that_builds_and_asks_a_bento(lab: Lab) -> None:
    killed = killed_all_the_way(lab, 1, lambda steps: list(range(1, steps + 1)), "built")
    assert killed == sum(STEPS.values())
    # One Bento, of the one version; nothing of a killed trial is left running.
    assert len(list((lab.settings.bentoml_home / "bentos").glob("*/[0-9]*"))) == 1
    here = str(lab.settings.root)
    running = psutil.process_iter(["cmdline"])
    assert not [each for each in running if here in " ".join(each.info["cmdline"] or ())]
    assert lab.ledger.verify() == 3


# -- at once ---------------------------------------------------------------------------------


@contextmanager
def workers(lab: Lab, count: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(count):
            process = subprocess.Popen(command(lab), stdout=subprocess.DEVNULL, env={**os.environ})
            stack.callback(process.wait, 200)
        yield


def all_at_once(lab: Lab, names: int, promotions: int) -> None:
    """Promote `promotions` runs of `names` models at once, by two workers; check all records."""
    runs = [record(lab, 0.2 + 0.6 * (number * 7 % promotions) / promotions) for number in
            range(promotions)]  # fmt: skip
    ids = [
        lab.workflows.submit(
            "promotion",
            {"candidate": run, "stage": "staging", "model": f"m{n % names}", "actor": "ada"},
        )
        for n, run in enumerate(runs)
    ]
    with workers(lab, 2):
        states = [lab.workflows.wait(id, timeout=250) for id in ids]
    assert Counter(state.status for state in states) == {JobStatus.SUCCEEDED: promotions}
    for name in {f"m{n}" for n in range(names)}:
        check(lab, name, [state.result for state in states if state.result.model == name])
    assert lab.ledger.verify() == promotions


def check(lab: Lab, model: str, asked: list) -> None:
    """Follow the ledger: each promotion was judged against who held the stage just then."""
    by_id = {item.id: item for item in asked}
    entries = lab.ledger.entries(model=model)[::-1]
    assert sorted(entry.payload["id"] for entry in entries) == sorted(by_id)
    holder, best = None, float("-inf")
    for entry in entries:
        mine = by_id[entry.payload["id"]]
        assert mine.champion == holder
        better = mine.metrics["r2"] >= best
        assert (entry.action, mine.promoted) == (("promoted", True) if better else
                                                 ("refused", False))  # fmt: skip
        if better:
            holder, best = mine.label, mine.metrics["r2"]
    held = lab.tracking.registry.champion(model, "staging")
    assert held is not None
    assert held.label == holder


def test_promotions_at_once_are_judged_one_after_another_for_each_model(lab: Lab) -> None:
    all_at_once(lab, names=2, promotions=4)


@pytest.mark.proof
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_twenty_promotions_of_five_models_at_once(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "postgres":
        url = request.getfixturevalue("postgres")
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE DATABASE at_once")
        engine.dispose()
        monkeypatch.setenv("LABLINE_DATABASE_URL", url.rpartition("/")[0] + "/at_once")
    all_at_once(request.getfixturevalue("lab"), names=5, promotions=20)
