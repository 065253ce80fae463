"""An executed notebook as one HTML page."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode


def html(notebook: NotebookNode, title: str) -> str:
    """Return the notebook as HTML, code and outputs alike; building it needs no network."""
    from nbconvert import HTMLExporter

    # Missing alternative texts are the author's affair, not the log's.
    logger = logging.getLogger("labline.notebooks.report")
    exporter = HTMLExporter(log=logger, embed_images=False)
    body, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": title}})
    return str(body)
