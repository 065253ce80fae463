"""Model cards and technical documentation, from recorded facts and what people have said."""

from labline.lab.card.desk import CardDesk
from labline.lab.card.document import Document, Open, Part, Table, Text
from labline.lab.card.facts import Facts
from labline.lab.card.page import to_html
from labline.lab.card.text import to_markdown

__all__ = [
    "CardDesk",
    "Document",
    "Facts",
    "Open",
    "Part",
    "Table",
    "Text",
    "to_html",
    "to_markdown",
]
