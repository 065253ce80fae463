"""Every object that labline shows in a notebook, found by looking, and made of hostile words."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, get_args

import pandas as pd
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import labline
from labline.lab.comparison import Comparison, Row
from labline.lab.shapes import DeploymentState, EndpointRow, PromotionDetail
from labline.magics import jobs, record
from labline.magics.cards import Document
from labline.magics.running import _VERBS
from labline.notebooks.difference import CellChange
from labline.promotion.diff.document import Code, Diff, Figure, Section, Table, Text
from labline.records import Job, Run
from labline.tracking.pages import RunPage
from labline.widgets import DeployPanel, JobProgress, PromoteButton, RunTable

#: what a name, a value, a tag or an error may be
HOSTILE = (
    "<script>window.ran = 1</script>",
    "<img src=x onerror='window.ran = 1'>",
    '" onmouseover="window.ran = 1" style="position:fixed;inset:0',
    "' autofocus onfocus='window.ran = 1",
    "</td></table></div><svg onload=window.ran=1>",
    "]]><!--<script>window.ran = 1</script>-->",
    "<a href='javascript:window.ran=1'>click</a>",
    "</title></style></textarea><iframe srcdoc='<script>top.ran=1</script>'>",
    "&lt;script&gt; &#x3c;b&#x3e; {{7*7}} ${ran} `x`",
    "\x1b[2J\x1b[31mred\x1b[0m\x07\x00\x9b31m",
    "report-\u202egnp.exe\u2066",
    "שלום עולם مرحبا",
    "🚀👩‍👩‍👧",
    "n" * 500,
    "two\nlines\r\nand\ttabs",
    "",
)
words = st.one_of(
    st.sampled_from(HOSTILE),
    st.lists(st.sampled_from(HOSTILE), min_size=2, max_size=3).map("".join),
    st.text(max_size=40),
)
values = st.one_of(words, st.integers(), st.floats(), st.booleans(), st.none())
_floats = st.dictionaries(words, st.floats(), max_size=3)


def _mappings(kind: Any) -> SearchStrategy[Any]:
    key, value = get_args(kind)
    held = values if value is Any else st.from_type(value)
    return st.dictionaries(st.from_type(key), held, max_size=3)


st.register_type_strategy(str, words)
st.register_type_strategy(Mapping, _mappings)


def made(kind: type) -> SearchStrategy[Any]:
    """Return what makes objects of `kind` out of hostile words."""
    return STRATEGIES[kind] if kind in STRATEGIES else st.from_type(kind)


def kinds() -> list[type]:
    """Return every class that magics return or that knows how a notebook shows it."""
    found = {*_shown(), *_returned()}
    return sorted(found, key=lambda kind: (kind.__module__, kind.__qualname__))


def _shown() -> set[type]:
    """Return the classes of labline with a Jupyter display of their own."""
    return {
        kind
        for module in _modules()
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__.startswith("labline.") and not inspect.isabstract(kind)
        if hasattr(kind, "_repr_html_") or hasattr(kind, "_repr_mimebundle_")
    }


def _modules() -> list[Any]:
    names = [found.name for found in pkgutil.walk_packages(labline.__path__, "labline.")]
    ours = [name for name in names if "__main__" not in name and ".migrations" not in name]
    return [importlib.import_module(name) for name in ours]


def _returned() -> set[type]:
    """Return the classes that the magics' signatures name."""
    return {kind for _, verb in _VERBS.values() for kind in _of_signature(verb)}


def _of_signature(verb: Callable[..., Any]) -> list[type]:
    module = inspect.getmodule(verb)
    assert module is not None
    scope = {**vars(module), **_imported_for_types(inspect.getsource(module))}
    answer = eval(verb.__annotations__["return"], scope)
    return [
        kind for kind in getattr(answer, "__args__", (answer,)) if kind not in (None, type(None))
    ]


def _imported_for_types(source: str) -> dict[str, Any]:
    """Return what a module imports, also what it does so only for its type hints."""
    imports = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    code = ast.Module([node for node in imports if getattr(node, "module", "") != "__future__"], [])
    scope: dict[str, Any] = {}
    exec(compile(code, "imports", "exec"), scope)
    return scope


# -- objects whose parts must fit together -------------------------------------------------------


@st.composite
def _comparisons(draw: Any) -> Comparison:
    runs = draw(st.lists(st.from_type(Run), min_size=1, max_size=3, unique_by=lambda run: run.id))
    cells = st.tuples(*[words] * len(runs))
    rows = draw(st.lists(st.builds(Row, kind=words, name=words, values=cells), max_size=4))
    changes = st.lists(st.from_type(CellChange), max_size=2)
    return Comparison(tuple(runs), tuple(rows), {run.id: draw(changes) for run in runs[1:]})


_dates = st.floats(0, 2e9)
_runs = st.builds(
    Run,
    started=_dates,
    ended=st.none() | _dates,
    metrics=_floats,
    params=st.dictionaries(words, words),
)
_jobs = st.builds(Job, created=_dates, started=st.none() | _dates, ended=st.none() | _dates)
_frames = st.one_of(
    st.lists(_runs, max_size=3).map(lambda runs: record._frame(runs, Namespace(metric=None))),
    st.lists(_jobs, max_size=3).map(jobs._frame),
)


class _Stores(SimpleNamespace):
    """Stores that hold nothing."""

    def __getattr__(self, name: str) -> Any:
        return self

    def __call__(self, *_: Any, **__: Any) -> Any:
        return self

    def __iter__(self) -> Any:
        return iter(())


def _widget(kind: type, said: SearchStrategy[Any], *arguments: Any) -> SearchStrategy[Any]:
    """Make widgets that show what the stores say."""

    def build(found: Any) -> Any:
        seeing = type(kind.__name__, (kind,), {"look": lambda _: found})
        widget = seeing(*arguments, lab=_Stores(), period=3600)
        widget.show(found)
        return widget

    return said.map(build)


_deployment = st.none() | st.from_type(DeploymentState).map(
    lambda one: replace(one, wants_key=False)
)
_pages = st.lists(_runs, max_size=3).map(lambda runs: RunPage(tuple(runs), len(runs) + 1))
_blocks = st.one_of(map(st.from_type, (Text, Table, Code, Figure)))
_sections = st.builds(Section, blocks=st.lists(_blocks, max_size=3).map(tuple))
_diffs = st.builds(Diff, sections=st.lists(_sections, max_size=2).map(tuple))
STRATEGIES: Mapping[type, SearchStrategy[Any]] = {
    Comparison: _comparisons(),
    Run: _runs,
    Job: _jobs,
    Diff: _diffs,
    Document: st.builds(Document, diff=_diffs, note=words),
    pd.DataFrame: _frames,
    RunTable: _widget(RunTable, _pages),
    JobProgress: _widget(JobProgress, st.lists(_jobs, min_size=1, max_size=3), HOSTILE),
    PromoteButton: _widget(PromoteButton, st.from_type(PromotionDetail), HOSTILE[0], HOSTILE[1]),
    DeployPanel: _widget(
        DeployPanel,
        st.tuples(_deployment, st.lists(st.from_type(EndpointRow), max_size=2)),
        HOSTILE[0],
    ),
}
