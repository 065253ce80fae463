"""The promotion diff: candidate versus champion in one document, shown on any surface.

:mod:`~labline.promotion.diff.document` says what a diff consists of, and the JSON shape that
front ends read; :func:`of_promotion` and :func:`between` put one together from recorded facts;
``html`` and ``markdown`` show it.
"""

from labline.promotion.diff.content import Side, between, of_promotion
from labline.promotion.diff.document import (
    Cell,
    Code,
    Diff,
    Figure,
    Lane,
    Point,
    Section,
    Table,
    Text,
)

__all__ = [
    "Cell",
    "Code",
    "Diff",
    "Figure",
    "Lane",
    "Point",
    "Section",
    "Side",
    "Table",
    "Text",
    "between",
    "of_promotion",
]
