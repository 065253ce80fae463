"""Cards: everything that is shown is escaped, in HTML and in text."""

import math

from labline.errors import LablineError, NotFound
from labline.magics import SUMMARIES, reference
from labline.magics.cards import Card, listing, told
from labline.magics.running import block


def test_a_card_reads_as_text() -> None:
    card = Card("Run a", "finished", "good", [("auc", "0.9"), ("params", "C=1")], ["note"])
    assert repr(card) == "Run a  finished\n  auc     0.9\n  params  C=1\n  note"


def test_a_card_cannot_be_made_to_run_code() -> None:
    evil = "<script>alert('x')</script>"
    text = Card(evil, evil, "bad", [(evil, evil)], [evil])._repr_html_()
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_a_listing_is_short_and_readable() -> None:
    assert listing({"auc": 0.123456789, "n": 3}) == "auc=0.123457  n=3"
    assert listing({"a": math.nan}) == "a=nan"
    assert listing({str(n): n for n in range(20)}).endswith(" ...")


def test_facts_about_nothing_are_left_out() -> None:
    assert told(("a", None), ("b", ""), ("c", 0)) == [("c", "0")]


def test_an_error_is_a_red_line_and_the_fix() -> None:
    assert block(NotFound("There is no x.", fix="Make one.")) == [
        "\x1b[1;31mNotFound\x1b[0m: \x1b[31mThere is no x.\x1b[0m",
        "Make one.",
    ]
    assert len(block(LablineError("Broken."))) == 1


def test_every_magic_has_help_with_an_example() -> None:
    texts = reference()
    assert set(texts) == {f"%{name}" for name in SUMMARIES}
    for name, text in texts.items():
        assert text.startswith(f"usage: {name}")
        assert f"example: {name}" in text
        assert SUMMARIES[name[1:]].split()[0] in text
