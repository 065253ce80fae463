"""What a route is: data. Handlers, the OpenAPI document and the tests are made from the table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from labline.errors import BadInput

if TYPE_CHECKING:
    from labline.lab import Lab

PAGE = 50
LARGEST_PAGE = 500
_WORDS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class Query:
    """One argument of a query."""

    name: str
    help: str
    kind: type = str
    default: Any = None
    #: of a number
    largest: int | None = None

    def read(self, text: str | None) -> Any:
        """Return the value that `text` means.

        Raises
        ------
        BadInput
            It is none of the argument's kind.
        """
        if text is None:
            return self.default
        if self.kind is int:
            return self._whole(text)
        if self.kind is float:
            return self._number(text)
        if self.kind is bool:
            return self._truth(text)
        return text

    @property
    def _fix(self) -> str:
        return f"Leave {self.name!r} out" + (
            "." if self.default is None else f" for {self.default}."
        )

    def _whole(self, text: str) -> int:
        number = int(text) if text.isdecimal() and len(text) < 19 else -1
        if number < 0 or (self.largest is not None and number > self.largest):
            span = f"from 0 to {self.largest}" if self.largest is not None else "of 0 or more"
            raise BadInput(
                f"{self.name}={text!r} is not a whole number {span}.",
                fix=self._fix,
            )
        return number

    def _number(self, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not 0 <= number < math.inf:
            raise BadInput(
                f"{self.name}={text!r} is not a number of 0 or more.",
                fix=self._fix,
            )
        return number

    def _truth(self, text: str) -> bool:
        if text.lower() not in _WORDS:
            raise BadInput(f"{self.name}={text!r} is not true or false.", fix="Write true.")
        return _WORDS[text.lower()]


@dataclass(frozen=True)
class Asked:
    """One request, read."""

    #: values of the path's ``{names}``
    path: Mapping[str, str]
    #: values of the query, defaults filled in
    query: Mapping[str, Any]
    #: the body, as the class that the route names
    body: Any
    #: who asks, by Jupyter's word
    actor: str
    #: folder that the Jupyter server shows; paths in requests are below it
    shown: Path


@dataclass(frozen=True)
class Route:
    """One method of one path.

    Attributes
    ----------
    call
        What answers: it is run in a thread.
    answer
        Name of a shape in :mod:`labline.lab.shapes`; looked up when the document is made, so that
        the table itself loads nothing.
    holds
        ``one`` such answer, a ``list`` of them, a ``page`` of them, or a ``map`` from names.
    store
        What it waits for: questions to MLflow have threads of their own, so that an MLflow that is
        slow does not hold up the rest.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    summary: str
    call: Callable[[Lab, Asked], Any]
    answer: str
    holds: Literal["one", "list", "page", "map"] = "one"
    query: tuple[Query, ...] = field(default=())
    body: type | None = None
    status: int = 200
    store: Literal["tracking", "database"] = "database"


def paging(*more: Query) -> tuple[Query, ...]:
    """Return the arguments of a list that comes in pages."""
    return (
        Query("limit", "How many at most.", int, PAGE, LARGEST_PAGE),
        Query("offset", "How many to pass over.", int, 0),
        *more,
    )


def page(asked: Asked, items: list[Any], total: int | None) -> dict[str, Any]:
    """Return a page of records as it is answered."""
    query = asked.query
    return {
        "items": items,
        "total": total,
        "limit": query["limit"],
        "offset": query["offset"],
    }


def cut(asked: Asked, items: list[Any]) -> dict[str, Any]:
    """Return the page that is asked for of all there are."""
    offset = asked.query["offset"]
    return page(asked, items[offset : offset + asked.query["limit"]], len(items))
