"""Kinds of parameters: what an annotation or a default allows.

A kind is the text of a Python annotation, such as ``int``, ``float | None`` or
``Literal['l1', 'l2']``; :func:`fit` reads it again with :mod:`ast`. Nothing is evaluated.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

ANY = "Any"

_PLAIN: dict[str, Callable[[Any], bool]] = {
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "list": lambda value: isinstance(value, list),
    "dict": lambda value: isinstance(value, dict),
    "None": lambda value: value is None,
}
_WORDS = {"true": True, "false": False}


class Misfit(Exception):
    """A value is not of the kind asked for."""


def of_value(value: Any) -> str:
    """Return the kind that a default value implies; ``None`` implies nothing."""
    return ANY if value is None or type(value).__name__ not in _PLAIN else type(value).__name__


def of_annotation(node: ast.expr) -> str:
    """Return the kind of an annotation; what labline cannot check is ``Any``."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            node = ast.parse(node.value, mode="eval").body
        except SyntaxError:
            return ANY
    members = list(_members(node))
    if not all(_known(member) for member in members):
        return ANY
    return " | ".join(dict.fromkeys(ast.unparse(member) for member in members))


def _members(node: ast.expr) -> Iterator[ast.expr]:
    """Flatten unions, ``Optional`` and ``Annotated``; write names without their module."""
    name = _name(node.value) if isinstance(node, ast.Subscript) else ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        yield from (*_members(node.left), *_members(node.right))
    elif name == "Union":
        yield from (member for item in _items(node) for member in _members(item))
    elif name == "Optional":
        yield from (*_members(_items(node)[0]), ast.Constant(None))
    elif name == "Annotated":
        yield from _members(_items(node)[0])
    elif isinstance(node, ast.Subscript):
        short = {"List": "list", "Dict": "dict", "Sequence": "list", "Mapping": "dict"}
        yield ast.Subscript(ast.Name(short.get(name, name)), node.slice)
    elif isinstance(node, ast.Attribute):
        yield ast.Name(node.attr)
    else:
        yield node


def _known(node: ast.expr) -> bool:
    if isinstance(node, ast.Subscript):
        return _name(node.value) in ("Literal", "list", "dict")
    return _name(node) in _PLAIN


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and node.value is None:
        return "None"
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _items(node: ast.expr) -> Sequence[ast.expr]:
    assert isinstance(node, ast.Subscript)
    return node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]


@lru_cache(maxsize=256)
def _parsed(kind: str) -> tuple[ast.expr, ...]:
    return tuple(_members(ast.parse(kind, mode="eval").body))


def choices(kind: str) -> tuple[Any, ...]:
    """Return the values that a ``Literal`` kind allows; empty for other kinds."""
    return tuple(
        ast.literal_eval(item)
        for member in _parsed(kind)
        if isinstance(member, ast.Subscript) and _name(member.value) == "Literal"
        for item in _items(member)
    )


def allows(kind: str, name: str) -> bool:
    """Whether `kind` is, or is a union with, the plain kind `name`."""
    return kind == ANY or any(_name(member) == name for member in _parsed(kind))


def fit(value: Any, kind: str) -> Any:
    """Return `value` as `kind` has it: an int becomes a float where only a float fits.

    Raises
    ------
    Misfit
        The value is of another kind.
    """
    if kind == ANY:
        return value
    fits = [member for member in _parsed(kind) if _fits(value, member)]
    if not fits:
        raise Misfit
    if _PLAIN["int"](value) and all(_name(member) == "float" for member in fits):
        return float(value)
    return value


def _fits(value: Any, node: ast.expr) -> bool:
    if not isinstance(node, ast.Subscript):
        return _PLAIN.get(_name(node), lambda _: True)(value)
    name, items = _name(node.value), _items(node)
    if name == "Literal":
        allowed = [ast.literal_eval(item) for item in items]
        return any(type(value) is type(one) and value == one for one in allowed)
    if not _PLAIN[name](value):
        return False
    inner = [of_annotation(item) for item in items]
    if name == "list":
        return all(_is(item, inner[0]) for item in value)
    return all(_is(key, inner[0]) and _is(item, inner[-1]) for key, item in value.items())


def _is(value: Any, kind: str) -> bool:
    try:
        fit(value, kind)
    except Misfit:
        return False
    return True


def read(text: str, kind: str) -> Any:
    """Return the value that `text`, as typed on a command line, has for `kind`.

    Members of a union are tried in this order: a choice, None, bool, int, float, list or dict,
    text. A text that looks like code stays a text.

    Raises
    ------
    Misfit
        The text is no such value.
    """
    for choice in choices(kind):
        if text == str(choice):
            return choice
    for name, reader in _READERS.items():
        if allows(kind, name):
            try:
                return fit(reader(text), kind)
            except (ValueError, SyntaxError, Misfit):
                continue
    raise Misfit


def _none(text: str) -> None:
    if text.strip().lower() not in ("none", "null"):
        raise ValueError(text)


def _bool(text: str) -> bool:
    try:
        return _WORDS[text.strip().lower()]
    except KeyError as error:
        raise ValueError(text) from error


def _container(text: str) -> Any:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = ast.literal_eval(text)
    if not isinstance(value, list | dict):
        raise ValueError(text)
    return value


_READERS: dict[str, Callable[[str], Any]] = {
    "None": _none,
    "bool": _bool,
    "int": int,
    "float": float,
    "list": _container,
    "dict": _container,
    "str": str,
}
