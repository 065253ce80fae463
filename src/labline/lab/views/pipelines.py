"""A CI job that does what was clicked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labline.lab.shapes import Pipeline

if TYPE_CHECKING:
    from labline.lab.service import Lab

_PLACES = {"github": ".github/workflows/labline.yml", "gitlab": ".gitlab-ci.yml"}


@dataclass(frozen=True)
class Pipelines:
    """Files for CI systems."""

    lab: Lab

    def of(self, platform: str, line: str) -> Pipeline:
        """Return the file for a CI system that runs one command."""
        return Pipeline(_PLACES[platform], f"{line}\n", line)
