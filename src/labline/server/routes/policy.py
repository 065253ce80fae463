"""The policy: what each stage asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labline.server.route import Asked, Query, Route

if TYPE_CHECKING:
    from labline.lab import Lab
    from labline.lab.shapes import Explained


def _explain(lab: Lab, asked: Asked) -> list[Explained]:
    return lab.promotions.policy.explain(asked.query["model"], stage=asked.query["stage"])


ROUTES = (
    Route("GET", "policy", "What a model would have to show at each stage, in words.", _explain,
          "Explained", "list", (
              Query("model", "MODEL, MODEL/3 or MODEL@STAGE: tells what holds each stage, too."),
              Query("stage", "Only this stage."),
          ), store="tracking"),
)  # fmt: skip
