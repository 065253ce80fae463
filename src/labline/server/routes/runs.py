"""Runs: pages, one closely, several side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labline.errors import BadInput
from labline.server.route import Asked, Query, Route, page, paging

if TYPE_CHECKING:
    from labline.lab import Lab
    from labline.lab.shapes import RunComparison, RunDetail


def _list(lab: Lab, asked: Asked) -> dict[str, Any]:
    query = asked.query
    found = lab.views.runs.page(
        query["experiment"],
        limit=query["limit"],
        offset=query["offset"],
        filter=query["filter"] or "",
        sort=query["sort"],
    )
    return page(asked, list(found.items), found.total)


def _one(lab: Lab, asked: Asked) -> RunDetail:
    return lab.views.runs.detail(asked.path["id"])


def _metrics(lab: Lab, asked: Asked) -> dict[str, Any]:
    return lab.views.runs.curves(asked.path["id"])


def _compare(lab: Lab, asked: Asked) -> RunComparison:
    ids = [id for id in (asked.query["ids"] or "").split(",") if id]
    if len(ids) > _MOST:
        raise BadInput(f"{len(ids)} runs are too many to compare.", fix=f"Choose up to {_MOST}.")
    return lab.views.runs.compare(ids)


_MOST = 50
_LIST = paging(
    Query("filter", "Part of the name, or conditions as MLflow writes them: `metrics.auc > 0.8`."),
    Query("sort", "`-started`, `name`, `-metrics.auc`, `params.alpha`; `-` is downwards.",
          default="-started"),
    Query("experiment", "The project's unless given; `*` for all."),
)  # fmt: skip
ROUTES = (
    Route("GET", "runs", "A page of runs.", _list, "Run", "page", _LIST, store="tracking"),
    Route("GET", "runs/compare", "Runs side by side.", _compare, "RunComparison",
          query=(Query("ids", "Ids, parted by commas; the first is compared with."),),
          store="tracking"),
    Route("GET", "runs/{id}", "A run, and what was recorded.", _one, "RunDetail",
          store="tracking"),
    Route("GET", "runs/{id}/metrics", "Each metric's values, step by step.", _metrics,
          "MetricPoint", "map", store="tracking"),
)  # fmt: skip
