"""A CI job that does what was clicked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labline.lab.shapes import Pipeline

if TYPE_CHECKING:
    from labline.lab.service import Lab

_INSTALL = "pip install labline"


@dataclass(frozen=True)
class Pipelines:
    """Files for CI systems."""

    lab: Lab

    def of(self, platform: str, line: str) -> Pipeline:
        """Return the file for a CI system, ``github`` or ``gitlab``, that runs one command."""
        import yaml

        path, content = _github(line) if platform == "github" else _gitlab(line)
        return Pipeline(path, yaml.safe_dump(content, sort_keys=False, width=1000), line)


def _github(line: str) -> tuple[str, dict[str, Any]]:
    steps = [
        {"uses": "actions/checkout@v4"},
        {"uses": "actions/setup-python@v5", "with": {"python-version": "3.11"}},
        {"run": _INSTALL},
        {"run": line},
    ]
    job = {"runs-on": "ubuntu-latest", "steps": steps}
    content = {"name": "labline", "on": ["push", "workflow_dispatch"], "jobs": {"labline": job}}
    return ".github/workflows/labline.yml", content


def _gitlab(line: str) -> tuple[str, dict[str, Any]]:
    return ".gitlab-ci.yml", {"labline": {"image": "python:3.11", "script": [_INSTALL, line]}}
