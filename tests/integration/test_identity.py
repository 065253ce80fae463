"""The front end tells a real kernel which notebooks it belongs to, over a comm."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any
from uuid import uuid4

import pytest
from jupyter_client import BlockingKernelClient, KernelManager
from tests.conftest import write_notebook
from tests.jobs import until

import labline
from labline.lab import Lab


class Front:
    """A notebook in a front end, on a kernel."""

    def __init__(self, client: BlockingKernelClient, **data: Any) -> None:
        self.client, self.id = client, uuid4().hex
        self.answer = self._send("comm_open", target_name="labline.identity", data=data)

    def tell(self, **data: Any) -> dict[str, Any]:
        return self._send("comm_msg", data=data)

    def _send(self, kind: str, **content: Any) -> dict[str, Any]:
        message = self.client.session.msg(kind, {"comm_id": self.id, **content})
        self.client.shell_channel.send(message)
        return self.hear(message["header"]["msg_id"])

    def hear(self, parent: str) -> dict[str, Any]:
        """Return the last that the kernel says to this notebook in answer."""
        last: dict[str, Any] = {}
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != parent:
                continue
            content = message["content"]
            if message["msg_type"] == "comm_msg" and content["comm_id"] == self.id:
                last = content["data"]
            if content.get("execution_state") == "idle":
                return last


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[BlockingKernelClient]:
    (tmp_path / "labline.toml").write_text('[project]\nname = "churn"\n')
    (tmp_path / "sub").mkdir()
    write_notebook(tmp_path / "sub" / "train.ipynb", "1 + 1")
    manager = KernelManager(kernel_name="python3", transport="ipc", ip=str(tmp_path / "k"))
    manager.start_kernel(cwd=str(tmp_path / "sub"), env={**os.environ, "LABLINE_ROOT": ""})
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    run(client, "%load_ext labline\nfrom labline.kernel import recorder")
    yield client
    client.stop_channels()
    manager.shutdown_kernel()


def run(client: BlockingKernelClient, source: str, cell_id: str = "") -> str:
    """Run a cell as JupyterLab does, and return what it prints."""
    shown: list[str] = []
    content = {
        "code": source, "silent": False, "store_history": True, "user_expressions": {},
        "allow_stdin": False, "stop_on_error": True,
    }  # fmt: skip
    message = client.session.msg("execute_request", content, metadata={"cellId": cell_id})
    client.shell_channel.send(message)
    while True:
        try:
            heard = client.get_iopub_msg(timeout=60)
        except Empty:
            pytest.fail("the kernel says nothing")
        if heard["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        if heard["msg_type"] == "stream":
            shown.append(heard["content"]["text"])
        if heard["msg_type"] == "error":
            pytest.fail(str(heard["content"]))
        if heard["content"].get("execution_state") == "idle":
            return "".join(shown).strip()


WHERE = "print(recorder().locate())"


def test_a_notebook_is_known_and_followed_when_it_is_renamed(kernel, tmp_path):
    front = Front(kernel, path="sub/train.ipynb", name="train.ipynb", version=labline.__version__)
    assert front.answer["version"] == labline.__version__
    assert front.answer["recording"]["on"] is False
    assert run(kernel, WHERE) == str(tmp_path / "sub" / "train.ipynb")

    on = front.tell(record="on")
    assert on["recording"]["on"] is True
    assert on["recording"]["experiment"] == "churn"
    (tmp_path / "sub" / "train.ipynb").rename(tmp_path / "moved.ipynb")
    front.tell(path="moved.ipynb")
    assert run(kernel, WHERE) == str(tmp_path / "moved.ipynb")
    assert run(kernel, "print(recorder().recording.notebook)") == "moved.ipynb"


def test_a_run_whose_notebook_is_renamed_meanwhile_ends_with_the_new_name(kernel, tmp_path):
    front = Front(kernel, path="sub/train.ipynb")
    front.tell(record="on")
    # Where MLflow is at hand, what is said at the start is there before the notebook is renamed.
    run(kernel, "import mlflow\nauc = 0.5\n%log auc=auc")
    published = Lab.from_(tmp_path).runs
    until(lambda: any(run.metrics for run in published()), 120)
    assert published()[0].notebook == "sub/train.ipynb"
    (tmp_path / "sub" / "train.ipynb").rename(tmp_path / "better.ipynb")
    front.tell(path="better.ipynb")
    front.tell(record="off")
    (kept,) = published()
    assert (kept.notebook, kept.name, kept.status) == ("better.ipynb", "better", "FINISHED")
    assert kept.tags["mlflow.source.name"] == "better.ipynb"


def test_a_page_that_no_comm_is_left_for_speaks_for_itself(kernel, tmp_path):
    write_notebook(tmp_path / "other.ipynb", "2 + 2")
    first = Front(kernel, path="sub/train.ipynb", cells=["a"])
    front = "from labline.kernel import front\n"
    said = json.dumps({"path": "other.ipynb", "cells": ["b"], "record": "on"})
    assert run(
        kernel, f"{front}print(front.tell('page-2', {said!r}).state['recording']['on'])"
    ) == ("True")
    assert run(kernel, WHERE, "b").endswith("other.ipynb")
    (tmp_path / "other.ipynb").rename(tmp_path / "third.ipynb")
    renamed = json.dumps({"path": "third.ipynb"})
    run(kernel, f"{front}front.tell('page-2', {renamed!r})")
    assert run(kernel, "print(recorder().recording.notebook)") == "third.ipynb"
    assert first.tell()["recording"]["on"] is True
    run(kernel, f"{front}front.forget('page-2')")
    assert run(kernel, WHERE, "b").endswith("train.ipynb")


def test_of_two_notebooks_on_one_kernel_the_one_whose_cell_runs_is_meant(kernel, tmp_path):
    write_notebook(tmp_path / "other.ipynb", "2 + 2")
    Front(kernel, path="sub/train.ipynb", cells=["a"])
    Front(kernel, path="other.ipynb", cells=["b"])
    assert run(kernel, WHERE, "a").endswith("train.ipynb")
    assert run(kernel, WHERE, "b").endswith("other.ipynb")
    # A console's cell is in neither: the notebook in front is meant.
    assert run(kernel, WHERE).endswith("other.ipynb")


def test_what_a_cell_switches_is_told_to_every_front_end(kernel):
    front = Front(kernel, path="sub/train.ipynb")
    content = {"code": "%record on", "silent": False}
    message = kernel.session.msg("execute_request", content)
    kernel.shell_channel.send(message)
    assert front.hear(message["header"]["msg_id"])["recording"]["on"] is True


def test_what_cannot_be_done_is_told_with_its_fix(kernel):
    front = Front(kernel, path="nowhere.ipynb")
    assert run(kernel, WHERE) == "None"
    answer = front.tell(record="perhaps")
    assert "perhaps" in answer["error"]["message"]
    assert answer["recording"]["on"] is False
