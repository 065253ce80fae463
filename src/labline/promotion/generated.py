"""Requests that hypothesis makes from a signature: right ones, spoilt ones, and no requests.

Each case carries what may come of it, so that the service can be judged on requests that nobody
thought of.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from labline.promotion.contract import NUMBERS, Case

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

#: beyond, a float of 32 bits, as trees compute with, is infinite
_LARGE = 1e30
#: most columns that are put in any order; of more, the order is turned round
_SHUFFLED = 12
_MOST_ROWS = 5
_MOST_SPOILT = 3
#: strategies of spoilt rows among the others: they find the most
_SPOILT_OF = 5
# Few, and odd: with all of Unicode hypothesis would write its tables beside the notebook.
_LETTERS = "a0 Z.-_,'\"\\/\0\n\t\u00e9\u1e9e\u6f22\U0001f642\u202e"

Row = Mapping[str, Any]
Column = Mapping[str, Any]
#: a value, whether only a refusal will do, and what it is called
Odd = tuple[Any, bool, str]


def requests(
    inputs: Sequence[Column], rows: Sequence[Any], predictions: Sequence[Any]
) -> SearchStrategy[Case]:
    """Return the strategy of all requests; what comes first is what failures shrink to.

    Parameters
    ----------
    inputs
        The signature's.
    rows, predictions
        Rows that are right, and the notebook's predictions for them.
    """
    if not isinstance(rows[0], dict):
        return st.one_of(_sound_arrays(rows, predictions), _spoilt_arrays(rows), _documents())
    spoilt = [_spoilt(inputs, rows) for _ in range(_SPOILT_OF)]
    return st.one_of(_sound(rows, predictions), *spoilt, _documents(), _torn(rows))


# -- tables --------------------------------------------------------------------------------------


@st.composite
def _sound(draw: DrawFn, rows: Sequence[Row], predictions: Sequence[Any]) -> Case:
    """Make a request that is right, its columns in any order, in any of the forms."""
    picked = draw(_places(rows))
    names = draw(_orders(tuple(rows[0])))
    right = [predictions[place] for place in picked]
    table = [{name: rows[place].get(name) for name in names} for place in picked]
    form = draw(st.sampled_from(tuple(_FORMS)))
    body = json.dumps({form: _FORMS[form](table, names)}).encode()
    told = f"generated, {_count(len(picked), 'row')} as {form} in the order {', '.join(names)}"
    # A template of one's own need not know MLflow's forms.
    return Case(told, body, False, right, may_refuse=form != "rows")


_FORMS: Mapping[str, Callable[[Sequence[Row], Sequence[str]], Any]] = {
    "rows": lambda table, names: list(table),  # noqa: ARG005 - one of several of the same form
    "columns": lambda table, names: {name: [row[name] for row in table] for name in names},
    "dataframe_split": lambda table, names: {
        "columns": list(names),
        "data": [[row[name] for name in names] for row in table],
    },
}


def _places(rows: Sequence[Any]) -> SearchStrategy[list[int]]:
    return st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=_MOST_ROWS)


def _orders(names: Sequence[str]) -> SearchStrategy[Sequence[str]]:
    if len(names) <= _SHUFFLED:
        return st.permutations(names)
    turned = st.integers(0, len(names) - 1).map(lambda by: (*names[by:], *names[:by]))
    return st.one_of(turned, turned.map(lambda order: order[::-1]))


@st.composite
def _spoilt(draw: DrawFn, inputs: Sequence[Column], rows: Sequence[Row]) -> Case:
    """Make a request of one row that is wrong, or odd, in up to three ways."""
    row = dict(rows[draw(st.integers(0, len(rows) - 1))])
    told, refuse = [], False
    # Column and value together: what hypothesis takes away, it takes away whole.
    one = st.sampled_from(inputs).flatmap(lambda column: st.tuples(st.just(column), _odd(column)))
    some = st.lists(one, min_size=1, max_size=_MOST_SPOILT, unique_by=lambda it: it[0]["name"])
    for column, (value, wrong, called) in draw(some):
        refuse = refuse or wrong
        told.append(f"{column['name']} {called}")
        if value is _MISSING:
            row.pop(column["name"], None)
        else:
            row[column["name"]] = value
    if draw(st.sampled_from((False, False, True))):
        row["labline_surprise"] = 1
        told.append("an unknown column")
    return Case(f"generated, {', '.join(told)}", _body([row]), refuse)


_MISSING = object()


def _odd(column: Column) -> SearchStrategy[Odd]:
    """Return a column's odd values: mostly of its type, else such as it does not take."""
    kind, required = column["type"], column.get("required", True)
    likely = (*[_of_type(kind)] * 3, _of_no_type(kind, required))
    return st.sampled_from(likely).flatmap(lambda values: values)


def _of_type(kind: str) -> SearchStrategy[Odd]:
    whole = st.integers(-(10**9), 10**9).map(lambda value: (value, False, f"= {value}"))
    if kind in ("long", "integer"):
        return whole
    if kind in NUMBERS:
        floats = st.floats(-_LARGE, _LARGE)
        return st.one_of(whole, floats.map(lambda value: (value, False, f"= {value:g}")))
    words = _text().map(lambda value: (value, False, f"= {value!r}"))
    if kind == "string":
        return st.one_of(words, st.just(("a" * 10_000, False, "10,000 letters long")))
    return words


def _of_no_type(kind: str, required: bool) -> SearchStrategy[Odd]:
    shapes = st.sampled_from(([], {}, [1], {"a": 1}))
    values: list[SearchStrategy[Odd]] = [
        st.just((_MISSING, required, "missing")),
        st.just((None, required, "null")),
        st.booleans().map(lambda value: (value, False, f"= {json.dumps(value)}")),
        shapes.map(lambda value: (value, True, f"= {json.dumps(value)}")),
    ]
    if kind in NUMBERS:
        endless = st.sampled_from((float("nan"), float("inf"), float("-inf")))
        values += [
            endless.map(lambda value: (value, True, str(value))),
            st.integers(2**63, 2**70).map(lambda value: (value, False, "a whole number too long")),
            _text().map(lambda value: (value, True, f"the text {value!r}")),
        ]
    elif kind == "string":
        number = st.integers(-9, 9)
        values.append(number.map(lambda value: (value, True, f"the number {value}")))
    return st.one_of(values)


def _text() -> SearchStrategy[str]:
    return st.text(_LETTERS, max_size=12)


# -- arrays --------------------------------------------------------------------------------------


@st.composite
def _sound_arrays(draw: DrawFn, rows: Sequence[Any], predictions: Sequence[Any]) -> Case:
    picked = draw(_places(rows))
    right = [predictions[place] for place in picked]
    told = f"generated, {_count(len(picked), 'row')}"
    return Case(told, _body([rows[place] for place in picked]), False, right)


@st.composite
def _spoilt_arrays(draw: DrawFn, rows: Sequence[Any]) -> Case:
    row = rows[draw(st.integers(0, len(rows) - 1))]
    odd = draw(st.one_of(_scalars(), st.lists(_scalars(), max_size=3)))
    if not isinstance(row, list):
        return Case("generated, an odd row", _body([odd]), False)
    place = draw(st.integers(0, len(row)))
    spoilt = [*row[:place], odd, *row[place + draw(st.integers(0, 1)) :]]
    return Case(f"generated, an odd value in place {place}", _body([spoilt]), False)


# -- what is no request --------------------------------------------------------------------------


def _scalars() -> SearchStrategy[Any]:
    return st.one_of(
        st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(-_LARGE, _LARGE), _text()
    )


def _documents() -> SearchStrategy[Case]:
    """Return JSON of any shape, as the body or where the rows belong."""
    anything = st.recursive(
        _scalars(),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_text(), inner,
                                                                             max_size=3)),
        max_leaves=8,
    )  # fmt: skip
    keys = st.sampled_from(("", "rows", "columns", "dataframe_split", "inputs", "params"))
    return st.tuples(keys, anything).map(lambda made: _document(*made))


def _document(key: str, value: Any) -> Case:
    body = {key: value} if key else value
    return Case("generated, any JSON", json.dumps(body).encode(), False)


@st.composite
def _torn(draw: DrawFn, rows: Sequence[Row]) -> Case:
    """Make bytes that are no JSON: a request that breaks off, or goes on with anything."""
    whole = _body(rows[:1])
    end = draw(st.integers(0, len(whole) - 1))
    return Case("generated, malformed JSON", whole[:end] + draw(st.binary(max_size=8)), False)


def _body(rows: Any) -> bytes:
    return json.dumps({"rows": rows}).encode()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
