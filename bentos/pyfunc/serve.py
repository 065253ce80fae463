"""Serve this project, or the Bento it lies in, in one process.

``bentoml serve`` does the same with a supervisor above the server. Where something else supervises
already, one process is smaller, and killing it kills all of it.
"""

from __future__ import annotations

import argparse
import gc
import io
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Any, TextIO


def main() -> None:
    """Load, listen, and on SIGTERM finish what is being answered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--drain", type=int, default=30, help="seconds to finish requests in")
    options = parser.parse_args()
    sys.stdout, sys.stderr = (_log(each.fileno()) for each in (sys.stdout, sys.stderr))
    # What is imported is no garbage: a fifth of the start would go into looking through it.
    gc.set_threshold(50_000, 20, 20)
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "1")
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    folder, instance = os.environ.get("LABLINE_METRICS"), os.environ.get("LABLINE_INSTANCE")
    if folder and instance:
        count_together(folder, instance)
    folder = os.environ.get("LABLINE_SOCKETS")
    file = Path(folder) / f"{options.port}.sock" if folder else None
    serve(options.host, options.port, options.drain, file)


def count_together(folder: str, instance: str) -> None:
    """Keep metrics in files that all instances of an endpoint share, so each shows the sum.

    The files bear the instance's name, not its process id: when it is started again, it counts on.
    Called before any metric is made.
    """
    from bento_pyfunc.counts import Counts
    from prometheus_client import values

    values.MmapedDict = Counts  # type: ignore[misc, unused-ignore]
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    values.ValueClass = values.MultiProcessValue(lambda: instance)


def serve(host: str, port: int, drain: int, file: Path | None = None) -> None:
    """Run until a signal comes; returns when all requests are answered.

    It also listens on a Unix socket of this name, if one is given: for a gateway on this machine,
    which pays less for it than for a connection over the loopback interface.
    """
    import bentoml
    import uvicorn

    project = Path(__file__).resolve().parent
    built = project.parent / "bento.yaml"
    service = bentoml.load(str(built.parent if built.is_file() else project))
    bentoml.server_context.service_name = service.name
    if service.bento is not None:
        bentoml.server_context.bento_name = service.bento.tag.name
        bentoml.server_context.bento_version = service.bento.tag.version
    config = uvicorn.Config(
        service.to_asgi(),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        # Who asks is of no interest here, and of the gateway's callers the gateway's log tells.
        proxy_headers=False,
        # Longer than a gateway keeps its connections: it, not the server, closes idle ones.
        timeout_keep_alive=620,
        timeout_graceful_shutdown=drain,
    )
    sockets = [config.bind_socket(), *([_bind(file)] if file else [])]
    server = uvicorn.Server(config)
    server.run(sockets)
    if not server.started:
        sys.exit(3)


class _Log(io.FileIO):
    """What is said to whoever reads it; who is gone must not fail a model that prints."""

    def write(self, said: Any, /) -> int:
        """Write it, or let it be lost."""
        try:
            return super().write(said)
        except BrokenPipeError:
            return len(said)


def _log(descriptor: int) -> TextIO:
    raw = io.BufferedWriter(_Log(descriptor, "w", closefd=False))
    return io.TextIOWrapper(raw, "utf-8", errors="backslashreplace", line_buffering=True)


def _bind(file: Path) -> socket.socket:
    # That of a process that was killed.
    file.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(file))
    file.chmod(0o600)
    return made


if __name__ == "__main__":
    main()
