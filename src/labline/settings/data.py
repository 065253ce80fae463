"""``data`` of a stage: how like the training set the held-out rows must be."""

from __future__ import annotations

from pydantic import Field

from labline.settings.section import Section


class DataSettings(Section):
    """``data`` of a stage: how like the training set the held-out rows must be."""

    rows: int = Field(20, ge=2, description="held-out rows that there must be at least")
    nulls: float = Field(
        0.05,
        ge=0,
        le=1,
        description="share of nulls in a column that may be above the training set's; where that "
        "has none, none is allowed",
    )
    outside: float = Field(
        0.05,
        ge=0,
        le=1,
        description="largest share of a column's rows outside the training set's range or "
        "categories",
    )
    duplicates: float = Field(
        0.2, ge=0, le=1, description="largest share of rows that repeat another of their set"
    )
    leakage: float = Field(
        0.01,
        ge=0,
        le=1,
        description="largest share of held-out rows that are in the training set too, over what "
        "the training set's own repeats explain",
    )
    drift: float = Field(
        0.2,
        gt=0,
        description="population stability index of held-out against training rows, a column at a "
        "time, from which on it has drifted",
    )
    certainty: float = Field(
        0.999,
        gt=0.5,
        lt=1,
        description="how sure it must be, over all columns, that a drift is not chance",
    )
    ignore: tuple[str, ...] = Field((), description="columns whose values are not judged")
