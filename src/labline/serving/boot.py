"""How an instance of a release starts."""

from __future__ import annotations

import os
from pathlib import Path

from labline.records import SOCKETS, Bento, Command

_DRAIN = 30


def boot_command(bento: Bento, python: Path, port: int) -> Command:
    """Return the command that serves `bento` on a port of the loopback interface.

    One process, without BentoML's supervisor: that one costs a second interpreter, deletes the
    metrics files of every other Bento of the store when it starts, and leaves its worker behind on
    the port when it is killed. SIGTERM ends the process once all requests are answered. A template
    without ``serve.py`` is served by ``bentoml serve``.

    Where the process can also listen on a Unix socket, its environment has the variable
    :data:`labline.records.SOCKETS`, empty: whoever boots it behind a gateway of this machine names
    the folder.
    """
    place = Path(bento.path)
    own = place / "src" / "serve.py"
    environment = _environment(place)
    if own.is_file():
        program = [str(own), "--drain", str(_DRAIN)]
        if SOCKETS in own.read_text(encoding="utf-8"):
            environment[SOCKETS] = ""
    else:
        program = ["-m", "bentoml", "serve", str(place)]
    argv = (str(python), *program, "--host", "127.0.0.1", "--port", str(port))
    return Command(argv, environment, str(place))


def _environment(place: Path) -> dict[str, str]:
    environment = {
        "BENTOML_HOME": str(place.parents[2]),
        "BENTOML_DO_NOT_TRACK": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # Without bytecode, importing takes twice as long at every boot.
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONNOUSERSITE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    # Releases share the machine, during a swap two of one endpoint: each takes half the cores,
    # unless the user has decided.
    return environment | {
        name: str(max(1, _cores() // 2))
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        if name not in os.environ
    }


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
