"""The interpreter that a release runs on."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

from labline.errors import Failed, Refused
from labline.records import Bento
from labline.serving import places, requirements, uv
from labline.settings import Settings

logger = logging.getLogger(__name__)

Mode = Literal["locked", "current"]

_HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
_COMPLETE = "labline-environment.json"
_FIX = "Correct what it says above; nothing is left of the try."


def ensure_environment(bento: Bento, mode: Mode, *, settings: Settings) -> Path:
    """Return the Python interpreter that can serve `bento`.

    Parameters
    ----------
    mode
        ``locked``: a virtual environment with exactly what the Bento locked, made once for all
        Bentos that locked the same. ``current``: the environment labline runs in, if it will do.

    Raises
    ------
    Refused
        ``current``, and a requirement is not met; lists what differs.
    Failed
        ``locked``, and the packages cannot be installed; nothing is left of the try.
    Unreachable
        The package index cannot be reached.
    """
    source = Path(bento.path) / "src"
    python = json.loads((source / "service.json").read_text(encoding="utf-8"))["python"]
    if mode == "current":
        return _current(bento, source, python)
    lock = source / "requirements.lock.txt"
    target = settings.folder("envs") / _digest(lock.read_text(encoding="utf-8"), python)
    if not _is_complete(target):
        with places.alone(target.with_name(f"{target.name}.lock")):
            if not _is_complete(target):
                _make(target, lock, python, settings)
    return interpreter(target)


def interpreter(environment: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    windows = sys.platform == "win32"
    return environment / ("Scripts/python.exe" if windows else "bin/python")


def _is_complete(environment: Path) -> bool:
    # The interpreter is a link: the Python that it was made with may have gone since.
    return (environment / _COMPLETE).is_file() and interpreter(environment).exists()


def _digest(lock: str, python: str) -> str:
    material = "\n".join([lock, python, platform.system(), platform.machine()])
    return hashlib.sha256(material.encode()).hexdigest()[:16]


def _current(bento: Bento, source: Path, python: str) -> Path:
    lines = (source / "requirements.txt").read_text(encoding="utf-8").splitlines()
    unmet = requirements.unmet(lines)
    if python != _HERE:
        unmet.insert(0, f"Python is {_HERE} (needs {python})")
    if unmet:
        raise Refused(
            f"{bento.tag} cannot run in the current environment: {'; '.join(unmet)}.",
            fix="Deploy with the locked environment, or install what is missing.",
        )
    return Path(sys.executable)


def _make(target: Path, lock: Path, python: str, settings: Settings) -> None:
    logger.info("making the environment %s", target.name)
    for left in target.parent.glob(f".{target.name}.*"):
        places.remove(left)  # of a process that was killed: the lock is ours
    with places.staged(target) as folder:
        try:
            # Relocatable: it is made under another name than it will have.
            uv.run(
                "venv", "--relocatable", "--no-project", "--python", _python(python), str(folder),
                cwd=settings.root,
            )  # fmt: skip
            uv.run(
                "pip", "sync", str(lock), "--python", str(interpreter(folder)), cwd=settings.root
            )
        except uv.UvFailed as error:
            raise error.explained(_failure(lock, error.output)) from error
        _try(interpreter(folder), target.name)
        facts: dict[str, Any] = {"python": python, "lock": lock.read_text(encoding="utf-8")}
        (folder / _COMPLETE).write_text(json.dumps(facts), encoding="utf-8")


def _try(python: Path, name: str) -> None:
    """Import what every service imports: it must work, and leaves the bytecode for the first boot.

    Compiling all that was installed takes several times as long.
    """
    logger.info("trying the environment %s", name)
    done = subprocess.run(
        [str(python), "-P", "-c", "import bentoml, mlflow.pyfunc, pandas, uvicorn"],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = "\n".join(done.stderr.splitlines()[-20:])
        raise Failed(f"The environment {name} does not work:\n{last}", fix=_FIX)


def _python(version: str) -> str:
    """Return this interpreter where it has the wanted version, else let uv find one."""
    return sys.executable if version == _HERE else version


def _failure(lock: Path, output: str) -> Failed:
    last = "\n".join(output.splitlines()[-20:])
    return Failed(
        f"The environment of {lock.parents[1].name} could not be made:\n{last}",
        fix=_FIX,
    )
