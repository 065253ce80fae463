"""Endpoints: rows, one closely, keys, and a request to try it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labline.server import commands
from labline.server.bodies import NewKey, NewLabels, NewPrediction, NewRetraining
from labline.server.route import Asked, Query, Route, cut, paging

if TYPE_CHECKING:
    from labline.lab import Lab
    from labline.lab.shapes import (
        Accepted,
        Comparison,
        Done,
        DriftReport,
        EndpointDetail,
        EndpointMetrics,
        IssuedKey,
        Look,
        Monitored,
        Prediction,
        RealisedReport,
    )


def _list(lab: Lab, asked: Asked) -> dict[str, Any]:
    part = (asked.query["filter"] or "").lower()
    return cut(asked, [row for row in lab.views.endpoints.rows() if part in row.name.lower()])


def _one(lab: Lab, asked: Asked) -> EndpointDetail:
    return lab.views.endpoints.detail(asked.path["name"])


def _compare(lab: Lab, asked: Asked) -> Comparison:
    tolerance = asked.query["tolerance"]
    return lab.serving.comparison(asked.path["name"], tolerance=tolerance)


def _metrics(lab: Lab, asked: Asked) -> EndpointMetrics:
    query = asked.query
    name, points = asked.path["name"], max(1, query["points"])
    return lab.serving.metrics(name, window=max(1, query["window"]), points=points)


def _drift(lab: Lab, asked: Asked) -> DriftReport:
    return lab.monitor.drift(asked.path["name"], last=asked.query["last"] or None)


def _looks(lab: Lab, asked: Asked) -> list[Look]:
    return lab.monitor.looks(asked.path["name"], limit=asked.query["limit"])


def _monitored(lab: Lab, asked: Asked) -> Monitored:
    return lab.views.monitors.of(asked.path["name"])


def _realised(lab: Lab, asked: Asked) -> RealisedReport:
    return lab.monitor.realised(asked.path["name"])


def _label(lab: Lab, asked: Asked) -> RealisedReport:
    from labline.monitoring.labels import Label, Place

    told = [Label(Place(each.request_id, each.row), each.label) for each in asked.body.labels]
    return lab.monitor.label(asked.path["name"], told)


def _retrain(lab: Lab, asked: Asked) -> Accepted:
    from labline.lab.shapes import Accepted

    name, why = asked.path["name"], asked.body.why
    id = lab.retraining.begin(name, why=why, actor=asked.actor)
    return Accepted(id, commands.of_retraining(name, why))


def _issue(lab: Lab, asked: Asked) -> IssuedKey:
    from labline.lab.shapes import IssuedKey

    name, body = asked.path["name"], asked.body
    key = lab.endpoints.issue_key(name, ttl=body.days * 86400, actor=asked.actor)
    return IssuedKey(name, key)


def _revoke(lab: Lab, asked: Asked) -> Done:
    from labline.lab.shapes import Done

    key = lab.endpoints.revoke(asked.path["id"])
    return Done(key.id, f"labline keys revoke {key.id}")


def _predict(lab: Lab, asked: Asked) -> Prediction:
    return lab.views.endpoints.attempt(asked.path["name"], asked.body.rows)


ROUTES = (
    Route("GET", "endpoints", "A page of endpoints.", _list, "EndpointRow", "page",
          paging(Query("filter", "Part of the name."))),
    Route("GET", "endpoints/{name}", "Releases, instances, traffic and keys.", _one,
          "EndpointDetail"),
    Route("GET", "endpoints/{name}/comparison", "A shadow's answers beside the live release's.",
          _compare, "Comparison", query=(
              Query("tolerance", "Relative difference up to which numbers agree.", float, 1e-6),)),
    Route("GET", "endpoints/{name}/metrics", "Requests, errors and latency of each release.",
          _metrics, "EndpointMetrics",
          query=(Query("window", "Seconds to look back.", int, 300, 900),
                 Query("points", "Spans of the history at most.", int, 60, 300))),
    Route("GET", "endpoints/{name}/drift", "What it was asked, against its model's training set.",
          _drift, "DriftReport", store="tracking", query=(
              Query("last", "Seconds to look back; as [monitor] window says if 0.", float, 0.0),)),
    Route("GET", "endpoints/{name}/looks", "What looks found, the newest first.",
          _looks, "Look", "list", query=(
              Query("limit", "How many at most.", int, 50, 500),)),
    Route("GET", "endpoints/{name}/monitor", "How it is watched, and what the last looks found.",
          _monitored, "Monitored"),
    Route("GET", "endpoints/{name}/labels", "What the labels that came later say of its model.",
          _realised, "RealisedReport", store="tracking"),
    Route("POST", "endpoints/{name}/labels", "Tell what turned out to be true, by request id.",
          _label, "RealisedReport", body=NewLabels, status=201, store="tracking"),
    Route("POST", "endpoints/{name}/retrainings", "Train its model again, as [retrain] says.",
          _retrain, "Accepted", body=NewRetraining, status=202, store="tracking"),
    Route("POST", "endpoints/{name}/keys", "Issue an API key; it is shown once.", _issue,
          "IssuedKey", body=NewKey, status=201),
    Route("DELETE", "keys/{id}", "Make the gateway refuse a key from now on.", _revoke, "Done"),
    Route("POST", "endpoints/{name}/predict", "Send rows, or the model's example.", _predict,
          "Prediction", body=NewPrediction, store="tracking"),
)  # fmt: skip
