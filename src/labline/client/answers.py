"""What an endpoint says: an answer, or an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import orjson

from labline.errors import BadInput, Failed, LablineError, Refused, Unreachable

if TYPE_CHECKING:
    import pandas as pd


class InputRefused(BadInput):
    """The endpoint refused the data; ``details["problem"]`` says which field and row."""


class KeyRefused(Refused):
    """The endpoint refused the API key."""


@dataclass(frozen=True)
class Answer:
    """What an endpoint said."""

    #: one prediction a row, in the rows' order
    predictions: list[Any]
    #: ``NAME/VERSION`` that predicted
    model: str
    #: joins the predictions with their labels later
    request_id: str
    #: number of the release that answered; empty where no gateway is in between
    release: str = ""
    #: index of the DataFrame that was sent
    index: Any = None

    def frame(self) -> pd.DataFrame:
        """Return the predictions as a table, with the index of the rows that were sent.

        Predictions that are objects become its columns, others the column ``prediction``.
        """
        import pandas as pd

        named = bool(self.predictions) and isinstance(self.predictions[0], dict)
        data = self.predictions if named else {"prediction": self.predictions}
        return pd.DataFrame(data, index=self.index)


def error_of(response: httpx.Response) -> LablineError:
    """Return the error that a refusal or a failure is to the caller."""
    problem = _problem(response)
    message = str(problem.get("detail") or problem.get("title") or "no reason was given")
    status = response.status_code
    details: dict[str, Any] = {"problem": problem, "status": status}
    if status in (401, 403):
        fix = "Issue a key: labline keys issue ENDPOINT"
        return KeyRefused(message, fix=fix, **details)
    if status in (429, 502, 503, 504):
        return Unreachable(message, fix="Look at `labline status`, and try again.", **details)
    if status == 404 and problem.get("type", "about:blank") == "about:blank":  # the gateway itself
        return InputRefused(message, fix="See what is served: labline endpoints", **details)
    if 400 <= status < 500:
        return InputRefused(message, fix=f"See {response.url.join('openapi.json')}", **details)
    return Failed(message, **details)


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        problem = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        problem = None
    return problem if isinstance(problem, dict) else {"title": f"HTTP {response.status_code}"}
