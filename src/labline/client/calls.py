"""One prediction, through all of its tries."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from labline.client import wire
from labline.client.answers import Answer, error_of
from labline.errors import Failed, Unreachable

if TYPE_CHECKING:
    import pandas as pd

#: the service has not begun to work on such a request: sending it again is safe
_AGAIN = frozenset({429, 503})
_NOT_BEGUN = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0
#: a service of before it read Arrow; predictions that have no form in it
_ONLY_JSON = frozenset({406, 415})


@dataclass
class Call:
    """One prediction, through all of its tries; sends nothing itself."""

    url: str
    data: pd.DataFrame | wire.Rows
    params: Mapping[str, Any] | None
    headers: dict[str, str]
    retries: int
    body: wire.Body
    tried: int = 0

    @classmethod
    def of(
        cls,
        url: str,
        data: pd.DataFrame | wire.Rows,
        params: Mapping[str, Any] | None,
        request_id: str | None,
        retries: int,
    ) -> Call:
        """Write the request."""
        body = wire.body_of(data, params)
        # One id for all tries: the prediction is logged under it once it is made.
        headers = {"content-type": body.kind, "x-request-id": request_id or uuid.uuid4().hex}
        return cls(url, data, params, headers, retries, body)

    def answer(self, response: httpx.Response) -> Answer | None:
        """Return the answer, or ``None`` where the request is to be sent again."""
        if response.status_code in _AGAIN and self.tried < self.retries:
            return None
        if response.status_code in _ONLY_JSON and self.body.kind == wire.ARROW:
            self.body = wire.body_of(self.data, self.params, plain=True)
            self.headers["content-type"] = self.body.kind
            return None
        if response.status_code != 200:
            raise error_of(response)
        return self._read(response)

    def _read(self, response: httpx.Response) -> Answer:
        head = response.headers
        try:
            said = wire.said(response.content, head.get("content-type", ""))
        except (ValueError, KeyError, TypeError) as error:
            raise Failed(f"{self.url} answers, but not as a labline endpoint does.") from error
        return Answer(
            said.predictions,
            said.model,
            head.get("x-request-id", self.headers["x-request-id"]),
            head.get("x-labline-release", ""),
            self.data.index if wire.is_table(self.data) else None,
        )

    def wait_after(self, outcome: httpx.Response | httpx.TransportError) -> float:
        """Return the seconds until the next try.

        Raises
        ------
        Unreachable
            There is none: the service may have begun to work, or all tries are used up.
        """
        if isinstance(outcome, httpx.TransportError) and (
            not isinstance(outcome, _NOT_BEGUN) or self.tried >= self.retries
        ):
            raise Unreachable(
                f"{self.url} does not answer: {outcome or type(outcome).__name__}.",
                fix="Look at `labline status`; a restart: labline up",
            ) from outcome
        if isinstance(outcome, httpx.Response) and outcome.status_code in _ONLY_JSON:
            return 0.0
        asked = (
            outcome.headers.get("retry-after", "") if isinstance(outcome, httpx.Response) else ""
        )
        wait: float = min(_FIRST_WAIT * 2**self.tried, _LONGEST_WAIT)
        self.tried += 1
        if asked.isdigit():
            return float(min(int(asked), _LONGEST_WAIT))
        # Spread out, so that many clients do not come back at once.
        return wait * random.uniform(0.5, 1.0)
