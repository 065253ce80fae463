"""What anybody may have written is spelt out before it is shown."""

import pytest

from labline.cards import escape, listing, plain, told


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("a\x00b\rc", "a\\x00b\\rc"),
        ("exe.\u202egnp", "exe.\\u202egnp"),
        ("half \ud83d", "half \\ud83d"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("שלום 🚀 Ünï", "שלום 🚀 Ünï"),
    ],
)
def test_what_is_not_to_be_seen_is_spelt_out_and_the_rest_stays(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_html_is_escaped_for_elements_and_attributes() -> None:
    assert escape("<b a='\"'>&\x1b") == "&lt;b a=&#x27;&quot;&#x27;&gt;&amp;\\x1b"


def test_a_listing_is_short_and_readable() -> None:
    assert listing({"auc": 0.123456789, "n": 3}) == "auc=0.123457  n=3"
    assert listing({"a": float("nan")}) == "a=nan"
    assert listing({str(n): n for n in range(20)}).endswith(" ...")


def test_facts_about_nothing_are_left_out() -> None:
    assert told(("a", None), ("b", ""), ("c", 0)) == [("c", "0")]
