"""CI files: what was clicked or typed here, written down for a CI system to do."""

from labline.lab.pipeline.desk import PipelineDesk
from labline.lab.pipeline.plan import KINDS, Line, Notebook, Plan, Written

__all__ = ["KINDS", "Line", "Notebook", "PipelineDesk", "Plan", "Written"]
