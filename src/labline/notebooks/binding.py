"""Bind given values to a notebook's parameters, strictly, before anything runs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labline.errors import BadNotebook, BadParameter, nearest
from labline.notebooks import kinds
from labline.notebooks.injection import is_reference
from labline.notebooks.parameters import Parameter, parameters, parameters_cell

if TYPE_CHECKING:
    from nbformat import NotebookNode

_TAG_A_CELL = (
    "In JupyterLab select the cell that assigns the parameters, open the property inspector "
    "(gear icon, top right) and add the tag 'parameters'."
)


def bind(notebook: NotebookNode, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` as the notebook's parameters have them; only what was given is returned.

    Raises
    ------
    BadParameter
        A name is unknown, a value is of the wrong type, or a required value is missing.
    BadNotebook
        Values are given but the notebook has no parameters cell.
    """
    known = _known(notebook, values)
    bound = {name: _fit(_find(name, known), value) for name, value in values.items()}
    missing = [name for name, one in known.items() if one.required and name not in bound]
    if missing:
        first = known[missing[0]]
        raise BadParameter(
            f"The parameter {first.name!r} ({first.kind}) has no default and no value is given.",
            fix=f"Give it: -p {first.name} VALUE",
            parameter=first.name,
        )
    return bound


def known_parameters(notebook: NotebookNode, given: Mapping[str, Any]) -> dict[str, Parameter]:
    """Return the notebook's parameters by name; all names in `given` are among them.

    Raises
    ------
    BadParameter
        A name is unknown.
    BadNotebook
        Names are given but the notebook has no parameters cell.
    """
    known = _known(notebook, given)
    for name in given:
        _find(name, known)
    return known


def _known(notebook: NotebookNode, given: Mapping[str, Any]) -> dict[str, Parameter]:
    if given and parameters_cell(notebook) is None:
        raise BadNotebook(
            f"Values are given ({', '.join(given)}) but no cell of the notebook is tagged "
            "'parameters'.",
            fix=_TAG_A_CELL,
        )
    return {parameter.name: parameter for parameter in parameters(notebook)}


def _find(name: str, known: Mapping[str, Parameter]) -> Parameter:
    if name not in known:
        raise BadParameter(
            f"The notebook has no parameter {name!r}.", fix=nearest(name, known), parameter=name
        )
    return known[name]


def _fit(parameter: Parameter, value: Any) -> Any:
    if is_reference(value) and not kinds.allows(parameter.kind, "str"):
        raise BadParameter(
            f"The parameter {parameter.name!r} is {parameter.kind}; an environment variable "
            f"({value}) is text.",
            fix="Read it as text in the notebook and convert it there, or give a value.",
            parameter=parameter.name,
        )
    try:
        fitted = kinds.fit(value, parameter.kind)
    except kinds.Misfit as error:
        raise _misfit(parameter, value) from error
    return _plain(parameter, fitted)


def _plain(parameter: Parameter, value: Any) -> Any:
    """Return `value` if it survives JSON: it is written into the notebook and the record."""
    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        raise BadParameter(
            f"The value of {parameter.name!r} is a {type(value).__name__}, which cannot be "
            "written into a notebook.",
            fix="Give text, numbers, booleans, None, or lists and dicts of these.",
            parameter=parameter.name,
        ) from error
    return value


def _misfit(parameter: Parameter, value: Any) -> BadParameter:
    choices = parameter.choices
    return BadParameter(
        f"The parameter {parameter.name!r} is {parameter.kind}; {value!r} "
        + ("is not one of its choices." if choices else f"is {type(value).__name__}."),
        fix=f"Give one of: {', '.join(map(str, choices))}." if choices else _example(parameter),
        parameter=parameter.name,
    )


def _example(parameter: Parameter) -> str:
    if parameter.default is None:
        return f"Give a value of type {parameter.kind}."
    return f"Give a value like its default, {parameter.default!r}."


def parse_value(text: str, parameter: Parameter) -> Any:
    """Return the value that `text`, typed after ``-p NAME``, has for `parameter`.

    Raises
    ------
    BadParameter
        The text is no value of the parameter's kind.
    """
    if is_reference(text):
        return text
    try:
        return kinds.read(text, parameter.kind)
    except kinds.Misfit as error:
        raise _misfit(parameter, text) from error


def parse_values(notebook: NotebookNode, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the values that `texts`, as typed after ``-p``, have for the notebook.

    Raises
    ------
    BadParameter
        A name is unknown or a text is no value of the parameter's kind.
    BadNotebook
        Values are given but the notebook has no parameters cell.
    """
    known = _known(notebook, texts)
    return {name: parse_value(text, _find(name, known)) for name, text in texts.items()}


def parse_choices(text: str, parameter: Parameter) -> list[Any]:
    """Return the values of ``--sweep NAME=V1,V2``: a comma separates, quotes keep one in a value.

    A JSON list is taken as it is, so that lists and dicts can be swept too.

    Raises
    ------
    BadParameter
        A value is not of the parameter's kind, or there is none.
    """
    if text.strip().startswith("["):
        try:
            whole = json.loads(text)
        except json.JSONDecodeError:
            whole = None
        if isinstance(whole, list) and whole:
            return [_fit(parameter, value) for value in whole]
    parts = next(csv.reader(io.StringIO(text), skipinitialspace=True), [])
    if not parts:
        raise BadParameter(
            f"No values are given for the sweep over {parameter.name!r}.",
            fix=f"Write for example --sweep {parameter.name}=1,2,3",
        )
    return [parse_value(part.strip(), parameter) for part in parts]
