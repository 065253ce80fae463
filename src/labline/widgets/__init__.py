"""ipywidgets for notebooks and Voilà: the verbs of labline as buttons and panels.

What a widget shows is looked up in the stores, not kept in the widget: it is right after a restart
of the kernel too, and two of them agree. Where no front end is, as in a job or on GitHub, a widget
shows as HTML and text.
"""

from labline.widgets.deploying import DeployPanel
from labline.widgets.jobs import JobProgress
from labline.widgets.promoting import PromoteButton
from labline.widgets.runs import RunTable

__all__ = ["DeployPanel", "JobProgress", "PromoteButton", "RunTable"]
