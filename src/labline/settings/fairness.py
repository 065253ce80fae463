"""``fairness`` of a stage: how equally the model must treat groups of held-out rows."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from labline.settings.section import Section

FairnessMetric = Literal[
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "accuracy",
    "precision",
    "mean_prediction",
    "mae",
    "rmse",
]


class FairnessSettings(Section):
    """``fairness`` of a stage: how equally the model must treat groups of held-out rows."""

    by: tuple[str, ...] = Field(
        min_length=1, description="columns of the held-out rows; each value of one is a group"
    )
    metric: FairnessMetric = Field(
        "selection_rate",
        description="what is held equal: selection_rate, true_positive_rate, "
        "false_positive_rate, accuracy, precision; of numbers mean_prediction, mae, rmse",
    )
    difference: float | None = Field(
        None, ge=0, description="largest allowed between the highest group and the lowest"
    )
    ratio: float | None = Field(
        None, ge=0, le=1, description="smallest allowed of the lowest group to the highest"
    )
    positive: str | None = Field(
        None, description="label that counts as selected; the second of two unless given"
    )
    rows: int = Field(20, ge=1, description="rows that a group must have; smaller are only told")

    @model_validator(mode="after")
    def _limited(self) -> Self:
        if self.difference is None and self.ratio is None:
            raise ValueError("a limit is missing: set difference (as 0.1), ratio (as 0.8), or both")
        return self
