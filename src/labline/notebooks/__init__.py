"""Notebooks as files: read, find their parameters, bind values, inject them, report as HTML.

Nothing here runs a notebook; :mod:`labline.jobs` does.
"""

from labline.notebooks import kinds
from labline.notebooks.binding import (
    bind,
    known_parameters,
    parse_choices,
    parse_value,
    parse_values,
)
from labline.notebooks.injection import (
    INJECTED_TAG,
    inject,
    injected_values,
    missing_secrets,
    reinject,
    secrets,
)
from labline.notebooks.local_modules import local_modules
from labline.notebooks.naming import cell_name
from labline.notebooks.parameters import PARAMETERS_TAG, Parameter, parameters, parameters_cell
from labline.notebooks.reading import (
    Snapshot,
    clear_outputs,
    parse,
    read,
    require_python,
    snapshot,
)
from labline.notebooks.report import html
from labline.notebooks.typed import apart

__all__ = [
    "INJECTED_TAG",
    "PARAMETERS_TAG",
    "Parameter",
    "Snapshot",
    "apart",
    "bind",
    "cell_name",
    "clear_outputs",
    "html",
    "inject",
    "injected_values",
    "kinds",
    "known_parameters",
    "local_modules",
    "missing_secrets",
    "parameters",
    "parameters_cell",
    "parse",
    "parse_choices",
    "parse_value",
    "parse_values",
    "read",
    "reinject",
    "require_python",
    "secrets",
    "snapshot",
]
