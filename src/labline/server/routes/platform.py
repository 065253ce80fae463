"""Status, versions, and the platform's start and stop."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

from labline import __version__
from labline.server.route import Asked, Query, Route

if TYPE_CHECKING:
    from labline.lab import Lab
    from labline.lab.shapes import PlatformStep, Version


def _status(lab: Lab, _: Asked) -> Any:
    return lab.status()


def _version(_: Lab, asked: Asked) -> Version:
    from labline.lab.shapes import Mismatch, Version

    fixes = {
        "extension": "Reload the page; if it stays, restart JupyterLab: "
        "the server and the page must come from the same installation.",
        "kernel": "Install the same in the kernel's environment: "
        f"pip install labline=={__version__}",
    }
    found = tuple(
        Mismatch(
            part, version, __version__,
            f"The {part} is labline {version}; the server is labline {__version__}.", fixes[part],
        )
        for part in fixes
        if (version := asked.query[part]) not in (None, __version__)
    )  # fmt: skip
    return Version(__version__, platform.python_version(), __version__, not found, found)


def _platform(lab: Lab, _: Asked) -> PlatformStep:
    return lab.errands.platform.look()


def _start(lab: Lab, _: Asked) -> PlatformStep:
    return lab.errands.platform.start()


def _stop(lab: Lab, _: Asked) -> PlatformStep:
    return lab.errands.platform.stop()


_THEIRS = (
    Query("extension", "Version of the front end that asks."),
    Query("kernel", "Version of labline in the notebook's kernel."),
)
ROUTES = (
    Route("GET", "status", "What is up, what is there, what cannot be reached.",
          _status, "Status", store="tracking"),
    Route("GET", "version", "Whether server, front end and kernel fit together.",
          _version, "Version", query=_THEIRS),
    Route("GET", "platform", "Whether the platform is up, and what is under way.",
          _platform, "PlatformStep"),
    Route("POST", "platform/start", "Begin to start worker, gateway and live releases.",
          _start, "PlatformStep", status=202),
    Route("POST", "platform/stop", "Begin to stop them.", _stop, "PlatformStep", status=202),
)  # fmt: skip
