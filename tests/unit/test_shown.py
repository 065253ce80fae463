"""Whatever it is called and whatever went wrong: what a notebook is shown runs nothing."""

import re
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from tests.shown import HOSTILE, kinds, made

from labline.widgets.panel import Panel

COUNTS = [15, pytest.param(1_000, marks=pytest.mark.proof)]
ELEMENTS = re.compile(
    "bdi|br|circle|code|dd|details|div|dl|dt|em|figure|g|h[1-6]|li|line|ol|p|path|pre|progress|rect|"
    "small|span|strong|summary|svg|table|tbody|td|text|tfoot|th|thead|title|tr|ul"
)
LINKS = ("href", "src", "srcdoc", "action", "formaction", "xlink:href", "data", "background")
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
EMPTY = {"br", "circle", "line", "path", "rect"}


class Proof(HTMLParser):
    """Fail at whatever could run, load or break out."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # pandas styles its tables.
        assert ELEMENTS.fullmatch(tag) or (tag, attrs) == ("style", [("scoped", None)])
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names)
        for name, value in attrs:
            assert not name.startswith("on")
            assert name not in LINKS
            assert name != "style" or not re.search(r"url|expression|position|@", value or "")
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in EMPTY:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"A comment: {data}")

    unknown_decl = handle_decl = handle_pi = handle_comment


def bundle(shown: Any) -> dict[str, str]:
    """Return what a front end gets, as IPython would ask for it."""
    if isinstance(shown, pd.DataFrame):
        return {"text/html": shown._repr_html_()}
    found: dict[str, str] = shown._repr_mimebundle_()
    assert found["text/html"] == shown._repr_html_() if hasattr(shown, "_repr_html_") else True
    return found


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_no_object_that_a_notebook_shows_can_be_made_to_run_code(kind: type, count: int) -> None:
    @settings(
        max_examples=count,
        deadline=None,
        # The same ones in every run; to make the smallest of a large object takes minutes.
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(made(kind))
    def check(shown: Any) -> None:
        found = bundle(shown)
        Proof(found["text/html"])
        if "text/plain" in found:
            assert not UNSEEN.search(found["text/plain"])
            assert not UNSEEN.search(found["text/html"])
        if isinstance(shown, Panel):
            shown.close()

    check()


def test_everything_that_a_magic_returns_is_among_them() -> None:
    names = {kind.__name__ for kind in kinds()}
    assert names >= {
        *("Run", "RecordingStatus", "Logged", "DataFrame", "Comparison", "Job", "Sweep"),
        *("Promotion", "Deployment", "RunTable", "JobProgress", "PromoteButton", "DeployPanel"),
    }


@pytest.mark.parametrize("evil", [text for text in HOSTILE if "ran" in text and "&lt;" not in text])
def test_the_proof_finds_what_is_not_escaped(evil: str) -> None:
    places = (f'<p title="{evil}"></p>', f"<p title='{evil}'></p>", f"<p>{evil}</p>")
    assert any(map(is_refused, places))


def is_refused(html: str) -> bool:
    try:
        Proof(html)
    except (AssertionError, IndexError):
        return True
    return False
