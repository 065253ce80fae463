"""Parse the line of a magic: words that may be Python expressions, and options."""

from __future__ import annotations

import argparse
import ast
import math
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NoReturn

from labline.errors import BadInput, nearest

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_ASSIGNMENT = re.compile(r"([A-Za-z_][\w.\-/]*)=(?!=)(.+)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][\w.]*")


class BadUsage(BadInput):
    """The magic was called wrongly."""


class HelpAsked(Exception):
    """``--help`` was given; the text is the argument."""


class Parser(argparse.ArgumentParser):
    """An argument parser that never exits.

    Parameters
    ----------
    name
        The magic, without ``%``.
    example
        A call that is right, for help and errors.
    """

    def __init__(self, name: str, summary: str, *, example: str, usage: str | None = None) -> None:
        super().__init__(
            prog=f"%{name}",
            usage=usage,
            description=summary,
            epilog=f"example: {example}",
            allow_abbrev=False,
            # The same text wherever it is made.
            formatter_class=partial(argparse.HelpFormatter, width=92),
        )
        self._example = example

    def parse(self, line: str) -> argparse.Namespace:
        """Return the arguments in `line`.

        Raises
        ------
        BadUsage
            The line is not understood.
        HelpAsked
            The line asks for help.
        """
        words = split(line)
        if {"-h", "--help"} & set(words):
            raise HelpAsked(self.format_help())
        if "-p" in words:
            from labline.notebooks import apart

            words = [*apart(words)]
        return self.parse_intermixed_args(words)

    def error(self, message: str) -> NoReturn:
        """Raise what :mod:`argparse` would print; argparse calls this."""
        raise BadUsage(f"{self.prog}: {message}.", fix=f"For example: {self._example}")


def split(line: str, separator: str = " ") -> list[str]:
    """Split at separators (and blanks at spaces) outside of quotes and brackets.

    >>> split("rmse=f(y, p) name='a b'")
    ['rmse=f(y, p)', "name='a b'"]
    """
    words, word = [""], re.compile(r"\\.|.", re.DOTALL)
    quote, closing = "", ""
    for symbol in word.findall(line):
        if quote:
            quote = "" if symbol == quote else quote
        elif symbol in "'\"":
            quote = symbol
        elif symbol in _CLOSING:
            closing += _CLOSING[symbol]
        elif closing and symbol == closing[-1]:
            closing = closing[:-1]
        elif not closing and (symbol == separator or (separator == " " and symbol.isspace())):
            words.append("")
            continue
        words[-1] += symbol
    return [unquoted(found.strip()) for found in words if found.strip()]


def unquoted(word: str) -> str:
    """Return `word` without the quotes around all of it, if there are any."""
    if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"" and word[0] not in word[1:-1]:
        return word[1:-1]
    return word


def listed(words: list[str] | None) -> list[str]:
    """Return the parts of ``["a,b", "c"]``: a, b and c; commas in brackets do not part."""
    return [part for word in words or () for part in split(word, ",")]


# -- expressions in the user's namespace ---------------------------------------------------------


def assignments(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield name and expression of ``name=expression`` or of a bare name.

    Raises
    ------
    BadUsage
        An expression has no name.
    """
    for word in words:
        if match := _ASSIGNMENT.fullmatch(word):
            yield match[1], match[2]
        elif _NAME.fullmatch(word):
            yield word, word
        else:
            raise BadUsage(f"{word!r} needs a name.", fix=f"For example: %log value={word}")


#: what IPython puts into every notebook
_IPYTHON = frozenset({"In", "Out", "exit", "get_ipython", "open", "quit"})


def evaluate(expression: str, namespace: Mapping[str, Any]) -> Any:
    """Return the value of a Python expression in the user's namespace.

    Raises
    ------
    BadUsage
        It has none.
    """
    try:
        code = compile(ast.parse(expression.strip(), mode="eval"), "<labline>", "eval")
        return eval(code, dict(namespace))
    except NameError as error:
        name = error.name or expression
        known = [word for word in namespace if not word.startswith("_") and word not in _IPYTHON]
        raise BadUsage(f"There is no variable {name!r}.", fix=_near(name, known)) from error
    except Exception as error:
        raise BadUsage(
            f"{expression!r} has no value: {type(error).__name__}: {error}",
            fix="Give a name from the notebook, or an expression of such names.",
        ) from error


def _near(name: str, known: list[str]) -> str:
    hint = nearest(name, known)
    return hint if hint.startswith("Did") else "Run the cell that defines it first."


def number(name: str, value: Any) -> float:
    """Return a metric's value as a float.

    Raises
    ------
    BadUsage
        It is not a number.
    """
    if not isinstance(value, str | bytes) and getattr(value, "size", 1) == 1:
        try:
            return float(value.item() if hasattr(value, "item") else value)
        except (TypeError, ValueError):
            pass
    raise BadUsage(
        f"{name} is a {type(value).__name__}, not a number.",
        fix=f"Log it as a parameter: %log --params {name}",
    )


def is_nan(value: float) -> bool:
    """Return whether a metric has no usable value."""
    return math.isnan(value)
