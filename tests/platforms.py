"""A platform for tests: real circus and Envoy; small real servers in the place of Bentos."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import httpx

from labline.database import Database
from labline.deployment import Endpoints, Platform, Trial
from labline.records import SOCKETS, Bento, Command, Release
from labline.settings import Settings

SERVER = """
import contextlib, itertools, json, os, socket, socketserver, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port, model, digest, mood = int(sys.argv[1]), *sys.argv[2:5]
asked = itertools.count()
print(f"{model} begins to {mood}", flush=True)
if mood == "exit":
    sys.exit("no such model file")
if mood == "alone":
    try:
        os.mkdir("taken")
    except FileExistsError:
        sys.exit("there is one already")

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        ready = mood != "idle"
        if self.path == "/version":
            self.answer(200, {"model": model, "model_digest": digest})
        elif self.path in ("/livez", "/readyz"):
            self.answer(200 if ready else 503, {"ready": ready})
        else:
            self.answer(404, {"path": self.path})

    def do_POST(self):
        rows = self.rfile.read(int(self.headers["Content-Length"]))
        # Nobody may be reading: the supervisor is killed in some tests.
        with contextlib.suppress(BrokenPipeError):
            # In one piece: print writes the end of the line by itself, after another thread's text.
            sys.stdout.write(f"{model} is asked\\n")
            sys.stdout.flush()
        if mood == "flaky" and next(asked) % 20 == 0:
            return self.answer(500, {"title": "broken"})
        if mood == "sleepy":
            time.sleep(1.5)
        if self.path == "/slow":
            time.sleep(3)
        if self.path == "/deadly":
            os._exit(9)
        self.answer(200, {"model": model, "bytes": len(rows), "pid": os.getpid(),
                          "headers": [name.lower() for name in self.headers]})

    def log_message(self, *_):
        pass

class Server(ThreadingHTTPServer):
    request_queue_size = 128

class Local(Server):
    address_family = socket.AF_UNIX

    def server_bind(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.server_address)
        socketserver.TCPServer.server_bind(self)

if folder := os.environ.get("LABLINE_SOCKETS"):
    local = Local(os.path.join(folder, f"{port}.sock"), Handler)
    threading.Thread(target=local.serve_forever, daemon=True).start()
Server(("127.0.0.1", port), Handler).serve_forever()
"""

WORKER = """
import signal, sys, threading
from labline.database import Database
from labline.workflows.workers import Workers

if sys.argv[2] == "exit":
    sys.exit("the worker cannot start")
Workers(Database(sys.argv[1])).enter(worker=True)
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
stop.wait()
"""

#: ``[serving]`` unless told otherwise
SERVING = 'boot_timeout = "60s"\nmax_body_bytes = 2048'


class Line:
    """One project with a platform."""

    def __init__(
        self, root: Path, port: int, *, worker: str = "work", serving: str = SERVING
    ) -> None:
        _write(root / "server.py", SERVER)
        _write(root / "worker.py", WORKER)
        self.root = root
        self._port = port
        self._serving = serving
        self.settings = self._load("")
        self.database = Database(self.settings.database)
        argv = (sys.executable, str(root / "worker.py"), self.settings.database, worker)
        self._worker = Command(argv, {}, str(root))
        self._open()

    def _load(self, gateway: str) -> Settings:
        text = f"[gateway]\nport = {self._port}\n{gateway}\n[serving]\n{self._serving}\n"
        _write(self.root / "labline.toml", text)
        return Settings.load(self.root)

    def _open(self) -> None:
        self.platform = Platform(self.settings, self.database, worker=self._worker)
        self.endpoints = Endpoints(self.settings, self.platform)

    def set(self, gateway: str) -> None:
        """Write these lines into the section ``[gateway]`` of labline.toml, and read it anew."""
        self.settings = self._load(gateway)
        self._open()

    def deploy(
        self,
        version: int,
        *,
        mood: str = "serve",
        key: str = "",
        says: str = "",
        trial: Trial | None = None,
        instances: int = 1,
        sockets: bool = True,
    ) -> Release:
        """Deploy ``churn/VERSION``; the server says that it is `says`."""
        model, digest = f"churn/{version}", str(version) * 64
        return self.endpoints.deploy(
            "churn",
            bento=Bento(f"churn:{version}", str(self.root), model, digest),
            command_for_port=self.serving(says or model, digest, mood, sockets),
            python=sys.executable,
            actor="ada",
            key=key or f"deploy-{version}-{mood}",
            trial=trial,
            instances=instances,
        )

    def serving(
        self, model: str, digest: str, mood: str, sockets: bool = True
    ) -> Callable[[int], Command]:
        """Return what starts the little server; without `sockets` as a template may be."""
        script = str(self.root / "server.py")
        env = {SOCKETS: ""} if sockets else {}
        return lambda port: Command(
            (sys.executable, script, str(port), model, digest, mood), env, str(self.root)
        )

    def serves(self, version: int) -> bool:
        """Whether the gateway answers with this version."""
        from labline.deployment import send
        from labline.errors import LablineError

        key = self.endpoints.issue_key("churn", 60)
        try:
            url = f"http://127.0.0.1:{self.settings.gateway.port}/churn/predict"
            return bool(send(url, b"[]", key)["model"] == f"churn/{version}")
        except LablineError:
            return False


def _write(path: Path, text: str) -> None:
    # Another process may be reading what is there already.
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def eventually(check: Callable[[], Any], seconds: float = 60) -> Any:
    """Return the first true answer of `check`."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)
    return found


@contextmanager
def project(root: Path, port: int, serving: str = SERVING) -> Iterator[Line]:
    """Give a project whose platform is not up yet; take it down afterwards."""
    made = Line(root, port, serving=serving)
    try:
        yield made
    finally:
        made.platform.down()
        made.database.close()


@contextmanager
def traffic(line: Line):
    """Ask on, from 8 connections; give the statuses and releases that answered."""
    key = line.endpoints.issue_key("churn", 600)
    url = f"http://127.0.0.1:{line.settings.gateway.port}/churn/predict"
    over, seen = Event(), []

    def ask_on() -> None:
        with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
            while not over.is_set():
                answer = client.post(url, content=b"[]")
                seen.append((answer.status_code, answer.headers["x-labline-release"]))
                time.sleep(0.01)

    with ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(ask_on) for _ in range(8)]
        try:
            yield seen
        finally:
            over.set()
        for client in clients:
            client.result()
