"""Sweeps with the real queue, real kernels, a real MLflow and Optuna itself."""

import json

import pytest
from tests.conftest import write_notebook
from tests.jobs import open_project, shown, until

from labline.errors import BadParameter, Conflict, NotFound
from labline.jobs.options import Options
from labline.jobs.sweeps import Range, Wanted
from labline.records import JobStatus

PARAMETERS = "alpha: float = 0.5  # penalty\nname = 'x'"
SCORE = "score = -abs(alpha - 3)\n%log score=score"
# Shows value by value how it does, and waits for the others where it does badly.
COURSE = """
import time
for value in (1, 2, 3, 4):
    %log score=(value * alpha)
    if alpha < 0:
        time.sleep(0.5)
if alpha < 0:
    time.sleep(240)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.delenv("LABLINE_DATABASE_URL", raising=False)
        made = open_project(tmp_path_factory.mktemp("swept"))
    with made.workflows.executor():
        yield made
    made.close()


def test_a_grid_is_one_run_with_a_run_for_each_point(project):
    path = write_notebook(project.root / "grid.ipynb", "print(alpha, name)", parameters=PARAMETERS)
    begun = project.jobs.sweeps.start(path, {"name": "y"}, {"alpha": (0.1, 1.0, 10.0)})
    assert list(begun) == [f"{begun.id}-{number}" for number in (1, 2, 3)]
    done = project.jobs.sweeps.wait(begun.id, timeout=200)
    jobs = project.jobs.sweeps.jobs(begun.id)
    assert {job.status for job in jobs} == {JobStatus.SUCCEEDED}
    assert [shown(job.output) for job in jobs] == ["0.1 y\n", "1.0 y\n", "10.0 y\n"]
    assert {job.sweep for job in jobs} == {begun.id}
    parent = project.tracking.run(done.run_id)
    assert (parent.status, parent.tags["labline.kind"]) == ("FINISHED", "sweep")
    assert parent.params == {"alpha": "0.1, 1.0, 10.0", "name": "y"}
    for job in jobs:
        nested = project.tracking.run(job.run_id)
        assert nested.tags["mlflow.parentRunId"] == done.run_id
        assert nested.name == f"grid alpha={job.parameters['alpha']}"
    assert project.jobs.get(begun.id + "-1").id == begun.id + "-1"


def test_a_search_keeps_table_figure_and_best_with_its_run(project):
    path = write_notebook(project.root / "search.ipynb", SCORE, parameters=PARAMETERS)
    space = {"alpha": Range(0, 10), "name": ("x", "y")}
    begun = project.jobs.sweeps.start(path, {}, space, Wanted(trials=5, metric="score"))
    assert len(begun.trials) == 2, "as many as run at a time"
    done = project.jobs.sweeps.wait(begun.id, timeout=200)
    assert (done.status, len(done.trials)) == (JobStatus.SUCCEEDED, 5)
    best = done.best
    assert best.metrics["score"] == max(trial.metrics["score"] for trial in done.trials)
    assert f"The greatest score is {best.metrics['score']:.6g}" in done.headline
    assert done.frame()["trial"].tolist()[0] == best.number
    assert project.tracking.run(done.run_id).tags["labline.sweep.best"] == best.run_id
    facts = project.tracking.read_json(done.run_id, "labline/sweep.json")
    assert facts == json.loads(json.dumps(project.jobs.sweeps.get(done.id).to_dict()))
    table = project.tracking.read_bytes(done.run_id, "labline/sweep.csv").decode().splitlines()
    assert table[0] == "trial,status,alpha,name,score,took,job,run"
    assert len(table) == 6
    page = project.tracking.read_bytes(done.run_id, "labline/sweep.html").decode()
    assert page.count("<circle") == 3 * 5, "a panel by trial, and one by each parameter"


def test_a_hopeless_trial_is_ended_and_told_as_pruned(project):
    path = write_notebook(project.root / "course.ipynb", COURSE, parameters=PARAMETERS)
    wanted = Wanted(metric="score", prune=True)
    begun = project.jobs.sweeps.start(path, {}, {"alpha": (1.0, 2.0, 3.0, -5.0)}, wanted)
    done = project.jobs.sweeps.wait(begun.id, timeout=200)
    pruned = done.trials[3]
    assert (pruned.status, pruned.state) == (JobStatus.CANCELLED, "pruned")
    assert "its score was -" in pruned.pruned
    assert pruned.metrics["score"] < 0
    assert project.jobs.get(pruned.job).error == pruned.pruned
    assert done.status is JobStatus.SUCCEEDED
    assert project.tracking.run(done.run_id).status == "FINISHED"
    lost = project.tracking.run(pruned.run_id)
    assert (lost.status, lost.tags["labline.pruned"]) == ("KILLED", pruned.pruned)
    assert lost.metrics["score"] < 0, "what it had logged is not lost"


def test_a_failure_and_a_cancelled_job_make_a_failed_run(project):
    path = write_notebook(project.root / "mixed.ipynb", "1 / alpha", parameters=PARAMETERS)
    begun = project.jobs.sweeps.start(path, {}, {"alpha": (1.0, 0.0, 2.0)})
    project.jobs.cancel(begun.trials[2].job)
    done = project.jobs.sweeps.wait(begun.id, timeout=200)
    assert [trial.state for trial in done.trials] == ["succeeded", "failed", "cancelled"]
    assert "ZeroDivisionError" in done.trials[1].error
    assert project.tracking.run(done.run_id).status == "FAILED"


def test_a_cancelled_sweep_stops_what_runs_and_tries_nothing_more(project):
    cell = "import time; time.sleep(60)"
    path = write_notebook(project.root / "long.ipynb", cell, parameters=PARAMETERS)
    begun = project.jobs.sweeps.start(
        path, {}, {"alpha": Range(0, 1)}, Wanted(trials=9, metric="score")
    )
    until(lambda: project.jobs.get(f"{begun.id}-1").run_id)
    ended = project.jobs.sweeps.cancel(begun.id[:8])
    assert ended.status is JobStatus.CANCELLED
    assert len(ended.trials) == 2
    until(lambda: all(job.status.ended for job in project.jobs.sweeps.jobs(begun.id)))
    assert project.tracking.run(begun.run_id).status == "KILLED"
    until(lambda: project.tracking.run(ended.trials[0].run_id).status == "KILLED")


def test_the_same_key_is_the_same_sweep(project):
    path = write_notebook(project.root / "keyed.ipynb", "print(a)", parameters="a = 1")
    first = project.jobs.sweeps.start(path, {}, {"a": (1, 2)}, options=Options(key="nightly"))
    again = project.jobs.sweeps.start(path, {}, {"a": (1, 2)}, options=Options(key="nightly"))
    assert (again.id, again.run_id, list(again)) == (first.id, first.run_id, list(first))
    with pytest.raises(Conflict, match=r"'nightly' is that of sweep .*, with another space"):
        project.jobs.sweeps.start(path, {}, {"a": (1, 2, 3)}, options=Options(key="nightly"))
    project.jobs.sweeps.cancel(first.id)


def test_nothing_is_queued_of_a_sweep_that_could_not_be_run(project):
    path = write_notebook(project.root / "never.ipynb", "1", parameters=PARAMETERS)
    before = len(project.jobs.sweeps.list())
    with pytest.raises(BadParameter, match="'alpha' is float; 'much' is str"):
        project.jobs.sweeps.start(path, {}, {"alpha": (1.0, "much")})
    with pytest.raises(BadParameter, match="no parameter 'alfa'"):
        project.jobs.sweeps.start(path, {}, {"alfa": (1.0, 2.0)})
    assert len(project.jobs.sweeps.list()) == before
    with pytest.raises(NotFound, match=r"(?s)no sweep 'nothing'.*labline sweeps list"):
        project.jobs.sweeps.get("nothing")
