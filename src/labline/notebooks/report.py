"""An executed notebook as one HTML page."""

from __future__ import annotations

import logging
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbconvert import HTMLExporter
    from nbformat import NotebookNode

_WIDGET = "application/vnd.jupyter.widget-view+json"


# nbconvert keeps with an exporter what belongs to the notebook that it renders.
_rendering = threading.Lock()


def html(notebook: NotebookNode, title: str) -> str:
    """Return the notebook as HTML, code and outputs alike; building it needs no network."""
    with _rendering:
        body, _ = _exporter().from_notebook_node(notebook, {"metadata": {"name": title}})
    return str(body)


@cache
def _exporter() -> HTMLExporter:
    """Make the one exporter: it compiles its templates, which takes longer than most notebooks."""
    from nbconvert import HTMLExporter

    # Missing alternative texts are the author's affair, not the log's.
    logger = logging.getLogger("labline.notebooks.report")
    exporter = HTMLExporter(log=logger, embed_images=False)
    exporter.register_preprocessor(_without_scripts, enabled=True)
    return exporter


def _without_scripts(notebook: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
    """Leave a widget its HTML, if it has any: as itself it is drawn by scripts from the web."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    for data in [output["data"] for output in outputs if "data" in output]:
        if "text/html" in data:
            data.pop(_WIDGET, None)
    return notebook, resources
