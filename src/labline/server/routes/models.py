"""Models: rows, and one with its versions and where it is served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labline.server.route import Asked, Query, Route, cut, paging

if TYPE_CHECKING:
    from labline.lab import Lab
    from labline.lab.shapes import ModelDetail


def _list(lab: Lab, asked: Asked) -> dict[str, Any]:
    part = (asked.query["filter"] or "").lower()
    return cut(asked, [row for row in lab.views.models.rows() if part in row.name.lower()])


def _one(lab: Lab, asked: Asked) -> ModelDetail:
    return lab.views.models.detail(asked.path["name"])


ROUTES = (
    Route("GET", "models", "A page of models.", _list, "ModelRow", "page",
          paging(Query("filter", "Part of the name.")), store="tracking"),
    Route("GET", "models/{name}", "A model's versions, stages, and where it is served.", _one,
          "ModelDetail", store="tracking"),
)  # fmt: skip
