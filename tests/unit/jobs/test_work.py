import hashlib

import nbformat
import pytest

from labline.errors import BadInput, BadNotebook, Unreachable
from labline.jobs.order import Order
from labline.jobs.submission import _output
from labline.jobs.work import Work
from labline.notebooks import injected_values
from labline.workflows import Flow, Interrupted


def order(tmp_path, **changes) -> Order:
    cell = nbformat.v4.new_code_cell("alpha = 1", metadata={"tags": ["parameters"]})
    snapshot = tmp_path / "input.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), snapshot)
    digest = hashlib.sha256(snapshot.read_bytes()).hexdigest()
    values = {
        "notebook": str(tmp_path / "train.ipynb"),
        "sha256": digest,
        "parameters": {"alpha": 2},
        "experiment": "e",
        "name": "train",
        "timeout": 1.0,
        "snapshot": str(snapshot),
    }
    return Order(**{**values, **changes})


def test_an_order_gives_its_snapshot_with_the_values(tmp_path):
    assert injected_values(order(tmp_path).given()) == {"alpha": 2}


def test_a_snapshot_that_was_changed_is_not_run(tmp_path):
    with pytest.raises(BadNotebook, match=r"train\.ipynb was changed after submit"):
        order(tmp_path, sha256="0").given()


def test_a_snapshot_that_is_gone_is_told(tmp_path):
    with pytest.raises(BadNotebook, match="cannot be read"):
        order(tmp_path, snapshot=str(tmp_path / "gone.ipynb")).given()


class AwayAtFirst:
    """Runs whose tracking server answers from the third time on."""

    def __init__(self) -> None:
        self.asked = 0

    def close(self, run_id, given, execution, *, title, report):
        self.asked += 1
        if self.asked < 3:
            raise Unreachable
        return run_id


def test_a_tracking_server_that_is_away_for_a_moment_loses_nothing(tmp_path):
    runs = AwayAtFirst()
    work = Work(runs, None, patience=(0.01, 0.01))
    given = order(tmp_path)
    assert work._close(Flow("f"), given, None, None, {"run_id": "r"}) == "r"
    with pytest.raises(Unreachable):
        Work(AwayAtFirst(), None, patience=(0.01,))._close(
            Flow("f"), given, None, None, {"run_id": "r"}
        )


def test_a_job_that_is_stopped_does_not_wait_for_the_tracking_server(tmp_path):
    flow = Flow("f")
    flow.stopping.set()
    with pytest.raises(Interrupted):
        Work(AwayAtFirst(), None)._close(flow, order(tmp_path), None, None, {"run_id": "r"})


def test_an_output_never_overwrites_the_notebook(tmp_path):
    notebook = (tmp_path / "train.ipynb").resolve()
    assert _output(notebook, tmp_path / "out", "ab") == tmp_path.resolve() / "out/train-ab.ipynb"
    with pytest.raises(BadInput, match="would overwrite"):
        _output(notebook, tmp_path, "")
