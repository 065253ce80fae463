"""``labline doctor``: see that everything is there that labline needs."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline import telemetry
from labline.errors import LablineError

if TYPE_CHECKING:
    from labline.lab.service import Lab

_LEAST_FREE = 2 * 2**30


def examine(lab: Lab) -> list[dict[str, Any]]:
    """Return one finding a check: ``name``, ``ok``, ``says`` and ``fix``."""
    checks: dict[str, Callable[[Lab], tuple[bool, str, str]]] = {
        "Python": _python,
        "policy": _policy,
        "MLflow": _mlflow,
        "database": _database,
        "kernel": _kernel,
        "Envoy": _envoy,
        "uv": _uv,
        "gateway port": _port,
        "telemetry": _telemetry,
        "JupyterLab extension": _extension,
        "recordings": _recordings,
        "ledger": _ledger,
        "notices": _notices,
        "disk": _disk,
    }
    return [_finding(name, check, lab) for name, check in checks.items()]


def _finding(name: str, check: Callable[[Lab], tuple[bool, str, str]], lab: Lab) -> dict[str, Any]:
    try:
        ok, says, fix = check(lab)
    except LablineError as error:
        ok, says, fix = False, error.message, error.fix
    return {"name": name, "ok": ok, "says": says, "fix": fix}


def _python(_: Lab) -> tuple[bool, str, str]:
    return sys.version_info >= (3, 11), sys.version.split()[0], "Use Python 3.11 or newer."


def _policy(lab: Lab) -> tuple[bool, str, str]:
    there = (lab.settings.root / "labline.toml").is_file()
    line = " -> ".join(lab.rules.stages)
    return there, f"stages {line}" if there else "no labline.toml; defaults apply", "labline init"


def _mlflow(lab: Lab) -> tuple[bool, str, str]:
    lab.tracking.ping()
    return True, f"{metadata.version('mlflow')} at {lab.settings.mlflow_uri}", ""


def _database(lab: Lab) -> tuple[bool, str, str]:
    with lab.database.reading():
        pass
    return True, lab.database.url.render_as_string(hide_password=True), ""


def _kernel(_: Lab) -> tuple[bool, str, str]:
    from jupyter_client.kernelspec import KernelSpecManager

    there = "labline" in KernelSpecManager().find_kernel_specs()
    says = "Python 3 (labline)" if there else "the kernelspec is not installed"
    return there, says, "Install labline again: pip install --force-reinstall --no-deps labline"


def _envoy(_: Lab) -> tuple[bool, str, str]:
    from labline.deployment import envoy_binary

    return True, str(envoy_binary()), ""


def _uv(_: Lab) -> tuple[bool, str, str]:
    from uv import find_uv_bin

    try:
        return True, find_uv_bin(), ""
    except FileNotFoundError:
        return False, "not found", "pip install uv"


def _port(lab: Lab) -> tuple[bool, str, str]:
    host, port = lab.settings.gateway.host, lab.settings.gateway.port
    if lab.platform.running:
        return True, f"{port}, held by labline", ""
    with socket.socket() as probe:
        taken = probe.connect_ex((host, port)) == 0
    fix = "Set another in labline.toml: [gateway] port = ..."
    return not taken, f"{port} is {'taken by another program' if taken else 'free'}", fix


def _telemetry(lab: Lab) -> tuple[bool, str, str]:
    otlp = telemetry.Otlp.of(lab.settings)
    fix = "Start the collector, or correct [telemetry] otlp in labline.toml (OTLP over HTTP)."
    if not otlp.is_on:
        return True, "off; [telemetry] otlp in labline.toml sends it", ""
    said = telemetry.knock(otlp)
    return all(each.ok for each in said), "; ".join(map(str, said)), fix


def _extension(_: Lab) -> tuple[bool, str, str]:
    from jupyter_core.paths import jupyter_path

    places = [f"{path}/labline/package.json" for path in jupyter_path("labextensions")]
    there = any(Path(place).is_file() for place in places)
    return there, "installed" if there else "not installed", "Install labline again."


def _notices(lab: Lab) -> tuple[bool, str, str]:
    from labline.notify.delivery import resolved

    wanted = lab.rules.notify
    ways = [way for way, on in (("webhook", wanted.webhook), ("email", wanted.email)) if on]
    given = {
        "webhook": wanted.webhook,
        "secret": wanted.secret,
        "smtp.password": wanted.smtp.password,
    }
    for key, value in given.items():
        if value:
            resolved(value, key)
    return True, f"by {' and '.join(ways)}" if ways else "nobody is told of failed jobs", ""


def _recordings(lab: Lab) -> tuple[bool, str, str]:
    folder = lab.settings.state / "recordings"
    waiting = len(list(folder.glob("*.jsonl"))) if folder.is_dir() else 0
    says = f"{waiting} not published yet" if waiting else "all published"
    return not waiting, says, "labline runs publish"


def _ledger(lab: Lab) -> tuple[bool, str, str]:
    return True, f"{lab.ledger.verify()} entries, the chain is whole", ""


def _disk(lab: Lab) -> tuple[bool, str, str]:
    free = shutil.disk_usage(lab.settings.root).free
    return free > _LEAST_FREE, f"{free / 2**30:.0f} GiB free", "Free at least 2 GiB."
