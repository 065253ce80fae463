"""Try a candidate as a service: build its Bento, boot it on a free port, ask it, end it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline.errors import BootFailed, LablineError, Refused
from labline.lab.preflight import source
from labline.records import Bento, Command

if TYPE_CHECKING:
    import httpx

    from labline.lab.service import Lab
    from labline.promotion.evidence import Answer, Question, Search, Service, Subject

#: seconds until a request counts as hanging
PATIENCE = 20.0
#: what boots a service on a port
Boot = Callable[[int], Command]
_LINES = 40
_GRACE = 10.0


def hold(lab: Lab, candidate: Subject, questions: Mapping[str, Question | Search]) -> Service:
    """Return what the candidate's built service answers; a failure is told, not raised.

    Raises
    ------
    Unreachable
        MLflow, or the package index that its environment needs, is away.
    """
    return _held(lab, lambda: _bento_of(lab, candidate), questions)


def hold_back(lab: Lab, champion: Subject, questions: Mapping[str, Question | Search]) -> Service:
    """Return what a champion answers as one would go back to it; a failure is told, not raised.

    The release that serves it is booted once more, with its own files and environment; where no
    endpoint serves it, its Bento as deploying it would boot it.

    Raises
    ------
    Unreachable
        As for :func:`hold`.
    """
    from labline.deployment import again

    release = lab.platform.releases.of_model(champion.label)
    if release is None:
        return hold(lab, champion, questions)
    words = f"release {release.release.id} on /{release.release.endpoint}"
    found = _held(lab, lambda: (f"spare-{release.name}", partial(again, release)), questions)
    return replace(found, release=words)


def _held(
    lab: Lab, what: Callable[[], tuple[str, Boot]], questions: Mapping[str, Question | Search]
) -> Service:
    from labline.promotion.evidence import Service

    try:
        with _turn(lab), _booted(lab, *what()) as (client, seconds, pid):
            answers = {name: _ask(client, question) for name, question in questions.items()}
            memory = _memory(pid)
    except LablineError as error:
        if error.exit_code == 3:
            raise
        log = tuple(error.details.get("log", ()))
        return Service(error=error.message, fix=error.fix, log=log)
    return Service(answers, seconds, memory=memory)


def _bento_of(lab: Lab, candidate: Subject) -> tuple[str, Boot]:
    from labline import serving

    bento = _bento(lab, candidate)
    python = _python(lab, bento)
    return bento.tag.replace(":", "-"), lambda port: serving.boot_command(bento, python, port)


@contextmanager
def _turn(lab: Lab) -> Iterator[None]:
    """Hold trials one at a time on a machine: side by side, each would find the others slow."""
    from labline.serving import places
    from labline.workflows.flow import Flow

    with places.alone(lab.settings.folder("trials") / "turn.lock"):
        if flow := Flow.current():
            flow.check()
        yield


def _bento(lab: Lab, candidate: Subject) -> Bento:
    """Build the Bento as :meth:`ServingDesk.export` would once the candidate is registered."""
    from labline import serving

    if candidate.version is not None:
        return lab.serving.export(f"{candidate.model}/{candidate.version}")
    return serving.export(*source(lab, candidate), settings=lab.settings)


def _python(lab: Lab, bento: Bento) -> Path:
    """Return this interpreter where it will do, which takes no time; else a locked one."""
    from labline import serving

    try:
        return serving.ensure_environment(bento, "current", settings=lab.settings)
    except Refused:
        return serving.ensure_environment(bento, "locked", settings=lab.settings)


@contextmanager
def _booted(lab: Lab, name: str, boot: Boot) -> Iterator[tuple[httpx.Client, float, int]]:
    import httpx

    from labline.deployment import pick_ports

    folder = lab.settings.folder("trials")
    _sweep(folder)
    (port,) = pick_ports(1, ())
    command, log = boot(port), folder / f"{name}.log"
    began = time.monotonic()
    with _process(command, log) as process:
        note = folder / f"{process.pid}.json"
        note.write_text(json.dumps({"pid": process.pid, "started": _started(process.pid)}))
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            timeout=PATIENCE,
            trust_env=False,
            limits=httpx.Limits(max_connections=None),
        ) as client:
            _await_ready(client, process, port, log, lab.settings.serving.boot_timeout)
            yield client, time.monotonic() - began, process.pid
    note.unlink(missing_ok=True)


@contextmanager
def _process(command: Command, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            command.argv,
            env={**os.environ, **command.env},
            cwd=command.cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_ready(
    client: httpx.Client, process: subprocess.Popen[bytes], port: int, log: Path, timeout: float
) -> None:
    import httpx

    from labline.deployment import listens
    from labline.workflows.flow import Flow

    deadline = time.monotonic() + timeout
    while True:
        if flow := Flow.current():
            flow.check()
        if process.poll() is not None:
            raise _failed(f"The service ended with {process.returncode} while it booted", log)
        if time.monotonic() > deadline:
            raise _failed(f"The service was not ready after {timeout:g} s", log)
        try:
            ready = client.get("/readyz", timeout=2).status_code == 200
            # Another service may have taken the port while this one was starting.
            if ready and listens(process.pid, port):
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)


def _failed(what: str, log: Path) -> BootFailed:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LINES:]
    said = _telling(lines)
    return BootFailed(
        f"{what}: {said}",
        fix="The service loads the model in a process of its own: what the model imports must be "
        "in a package or a module beside the notebook, and in its requirements.",
        log=lines,
    )


def _telling(lines: list[str]) -> str:
    """Return the last line that names an exception, else the last."""
    said = [line.strip() for line in lines if line.strip()]
    errors = [line for line in said if re.match(r"[\w.]*(Error|Exception)\b.*:", line)]
    return (errors or said or ["it said nothing"])[-1][:300]


# -- asking --------------------------------------------------------------------------------------


def _ask(client: httpx.Client, question: Question | Search) -> Answer:
    from labline.promotion.evidence import Answer, Question, Search

    if isinstance(question, Search):
        return question.run(lambda body: _ask(client, Question("", body)))
    with ThreadPoolExecutor(question.concurrency) as pool:
        took = list(pool.map(lambda _: _send(client, question.body), range(question.times)))
    status, body, _ = took[-1]
    return Answer(
        status,
        body,
        tuple(seconds for code, _, seconds in took if code),
        sum(code != 200 for code, _, _ in took),
    )


def _send(client: httpx.Client, body: bytes) -> tuple[int, Any, float]:
    import httpx

    began = time.monotonic()
    try:
        response = client.post(
            "/predict", content=body, headers={"content-type": "application/json"}
        )
    except httpx.HTTPError as error:
        return 0, f"{type(error).__name__}: {error}", time.monotonic() - began
    seconds = time.monotonic() - began
    try:
        return response.status_code, response.json(), seconds
    except ValueError:
        return response.status_code, response.text[:2000], seconds


# -- processes -----------------------------------------------------------------------------------


def _sweep(folder: Path) -> None:
    """End what a worker that was killed has left; trials are held one at a time."""
    import psutil

    for note in folder.glob("*.json"):
        try:
            found = json.loads(note.read_text(encoding="utf-8"))
            process = psutil.Process(found["pid"])
            orphan = process.parent() is None or process.ppid() != os.getpid()
            if process.create_time() == found["started"] and orphan:
                process.kill()
        except (psutil.Error, ValueError, KeyError, OSError):
            pass
        note.unlink(missing_ok=True)


def _memory(pid: int) -> int:
    """Return the bytes that a process and its children hold; 0 where it has ended."""
    import psutil

    try:
        parent = psutil.Process(pid)
        return sum(each.memory_info().rss for each in (parent, *parent.children(recursive=True)))
    except psutil.Error:
        return 0


def _started(pid: int) -> float:
    import psutil

    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return 0.0
