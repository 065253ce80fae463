"""Model cards: what they say, what stays open, and that nothing in them comes alive."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from labline.lab.card import Document, Facts, Open, Part, Table, Text, to_html, to_markdown
from labline.lab.card.pages import model_card, technical
from labline.ledger import Entry
from labline.records import ModelVersion, Run
from labline.settings.card import CardSettings

VERSION = ModelVersion("churn", 3, "f" * 32, "models:/m-1", ("staging",), 0.0, "d" * 64)
RUN = Run("f" * 32, "calm-owl", "churn", "FINISHED", 0.0, 1.0, {"alpha": "1"}, {"auc": 0.81}, {})
METRIC = {"metric": "auc", "value": 0.81, "low": 0.78, "high": 0.84}
PROMOTED = {
    "model": "churn",
    "version": 3,
    "verdicts": [
        {"gate": "metric", "outcome": "passed", "reason": "auc is 0.81", "evidence": METRIC}
    ],
}
FACTS = Facts(
    VERSION,
    RUN,
    recording={
        "user": "ada",
        "git": {"commit": "abc123", "dirty": True},
        "datasets": [
            {
                "name": "train",
                "digest": "9" * 64,
                "rows": 12000,
                "source": "train.csv",
                "columns": [{"name": "age", "dtype": "int64", "nulls": 2, "mean": 41.25}],
            }
        ],
    },
    environment={"python": "3.11.2", "platform": "Linux", "packages": {"pandas": "2.2.3"}},
    signature={"inputs": [{"name": "age", "type": "long"}], "outputs": [{"type": "double"}]},
    entries=[Entry(7, 0.0, "bob", "promoted", "churn", "churn/3 -> staging", PROMOTED, "", "", "")],
    said=CardSettings(),
    risk="high",
)


def cells(document: Document) -> set[str]:
    return {
        cell
        for part in document.parts
        for block in part.blocks
        if isinstance(block, Table)
        for row in block.rows
        for cell in row
    }


def test_a_card_has_what_was_recorded() -> None:
    found = cells(model_card(FACTS))
    assert {"0.81", "0.78 to 0.84", "12,000", "train.csv", "mean 41.25", "pandas", "2.2.3"} <= found
    assert {"abc123 (with changes not committed)", "d" * 64, "churn/3 -> staging", "bob"} <= found


def test_what_was_not_recorded_is_said_and_not_left_out() -> None:
    bare = replace(FACTS, recording={}, environment={}, signature={}, entries=[])
    words = to_markdown(model_card(bare))
    for said in (
        "No data set was recorded", "environment was not recorded", "without a signature",
        "No gate has judged it yet", "nothing of this version yet",
    ):  # fmt: skip
        assert said in words


def test_the_technical_documentation_has_every_point_of_annex_iv() -> None:
    titles = [part.title for part in technical(FACTS).parts]
    assert sorted({title[0] for title in titles}) == list("123456789")
    assert [title[:2] for title in titles if title[0] == "2"] == [f"2{c}" for c in "abcdefg"]


def test_every_field_that_only_a_person_can_fill_is_in_the_technical_documentation() -> None:
    fields = set(CardSettings.model_fields)
    assert {item.field for item in technical(FACTS).open} == fields
    said = CardSettings(**dict.fromkeys(fields, "said"))
    assert technical(replace(FACTS, said=said)).open == ()


def test_a_card_asks_for_less_where_the_risk_is_not_high() -> None:
    assert CardSettings().open_fields("minimal") == ("intended_use", "limitations")
    assert CardSettings(intended_use=" ", limitations="x").open_fields("limited") == (
        "intended_use",
    )
    assert len(CardSettings().open_fields("high")) == len(CardSettings.model_fields)


NASTY = "</td><script>alert(1)</script>\"'&|`[x](javascript:alert(1))\n# title\n<img src=x>"


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)


@pytest.mark.parametrize(
    "block", [Text(NASTY), Table((NASTY,), ((NASTY,),)), Open(NASTY, NASTY, NASTY)]
)
def test_nothing_that_comes_from_outside_becomes_html(block: Text | Table | Open) -> None:
    def tags(text: str) -> list[str]:
        kind = type(block)
        made = kind((text,), ((text,),)) if kind is Table else kind(*[text] * len(vars(block)))
        parser = Tags()
        parser.feed(to_html(Document(text, text, (Part(text, (made,)),))))
        return parser.tags

    assert tags(NASTY) == tags("harmless")


def test_nothing_that_comes_from_outside_becomes_markdown() -> None:
    text = to_markdown(Document("t", "s", (Part("p", (Text(NASTY), Table(("a",), ((NASTY,),)))),)))
    assert "<script" not in text.replace("\\<", "")
    assert "[x](" not in text.replace("\\[", "")
    row = text.splitlines()[-1]
    assert row.replace("\\|", "").count("|") == 2
