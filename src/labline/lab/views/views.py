"""The views of one project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labline.lab.part import part
from labline.lab.views.endpoints import EndpointViews
from labline.lab.views.jobs import JobViews
from labline.lab.views.models import ModelViews
from labline.lab.views.monitors import MonitorViews
from labline.lab.views.runs import RunViews

if TYPE_CHECKING:
    from labline.lab.service import Lab


class Views:
    """What is shown of runs, jobs, models and endpoints.

    Parameters
    ----------
    lab
        Whose records they are.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    @part
    def runs(self) -> RunViews:
        """Runs: pages, one closely, several side by side."""
        return RunViews(self._lab)

    @part
    def jobs(self) -> JobViews:
        """Jobs: pages, logs, forms."""
        return JobViews(self._lab)

    @part
    def models(self) -> ModelViews:
        """Models: versions, stages, and where they are served."""
        return ModelViews(self._lab)

    @part
    def endpoints(self) -> EndpointViews:
        """Endpoints, and a request to try one."""
        return EndpointViews(self._lab)

    @part
    def monitors(self) -> MonitorViews:
        """Looks at endpoints, and what came of them."""
        return MonitorViews(self._lab)
