"""Ask an endpoint from Python: rows or a DataFrame in, predictions out.

>>> from labline.client import Client
>>> with Client("http://127.0.0.1:8490/penguins", key=KEY) as client:  # doctest: +SKIP
...     answer = client.predict(table)
...     answer.frame()

It needs no project, no MLflow and no BentoML, only the endpoint's URL and a key. What goes over the
wire is decided by pure functions; :class:`Client` and :class:`AsyncClient` only send and wait.
"""

from __future__ import annotations

import asyncio
import base64
import random
import ssl
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, cast

import httpx
import orjson

from labline.errors import BadInput, Failed, LablineError, Refused, Unreachable

if TYPE_CHECKING:
    import pandas as pd

Rows = Sequence[Mapping[str, Any]]

#: the service has not begun to work on such a request: sending it again is safe
_AGAIN = frozenset({429, 503})
_NOT_BEGUN = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0


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


class Client:
    """Asks one endpoint; keeps its connections, so use one for many requests.

    Parameters
    ----------
    url
        URL of the endpoint, as ``labline deploy`` prints it.
    key
        API key of the endpoint.
    timeout
        Seconds for one try.
    retries
        Tries after the first, where the service cannot have begun: no connection, 429 or 503.
    certificate
        PEM file with the certificate that HTTPS is trusted by: the gateway's own, or of the
        authority that signed it; those that the system knows unless given.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout: float = 60.0,
        retries: int = 3,
        certificate: str | None = None,
    ) -> None:
        self._http = httpx.Client(
            headers=_headers(key), timeout=timeout, verify=_trust(certificate)
        )
        self._url, self._retries = _checked(url), retries

    def predict(
        self,
        data: pd.DataFrame | Rows,
        *,
        params: Mapping[str, Any] | None = None,
        request_id: str | None = None,
    ) -> Answer:
        """Return the predictions for a DataFrame or for rows.

        Raises
        ------
        InputRefused
            The data does not fit the model; names field and row.
        KeyRefused
            No key, or one that does not open this endpoint.
        Failed
            The model raised an error.
        Unreachable
            There was no answer, after all tries.
        """
        call = _Call.of(self._url, data, params, request_id, self._retries)
        while True:
            try:
                outcome = self._http.post(call.url, content=call.body, headers=call.headers)
            except httpx.TransportError as error:
                time.sleep(call.wait_after(error))
            else:
                answer = call.answer(outcome)
                if answer is not None:
                    return answer
                time.sleep(call.wait_after(outcome))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient:
    """Asks one endpoint from a coroutine; otherwise as :class:`Client`."""

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout: float = 60.0,
        retries: int = 3,
        certificate: str | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(
            headers=_headers(key), timeout=timeout, verify=_trust(certificate)
        )
        self._url, self._retries = _checked(url), retries

    async def predict(
        self,
        data: pd.DataFrame | Rows,
        *,
        params: Mapping[str, Any] | None = None,
        request_id: str | None = None,
    ) -> Answer:
        """Return the predictions; raises as :meth:`Client.predict`."""
        call = _Call.of(self._url, data, params, request_id, self._retries)
        while True:
            try:
                outcome = await self._http.post(call.url, content=call.body, headers=call.headers)
            except httpx.TransportError as error:
                await asyncio.sleep(call.wait_after(error))
            else:
                answer = call.answer(outcome)
                if answer is not None:
                    return answer
                await asyncio.sleep(call.wait_after(outcome))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


@dataclass
class _Call:
    """One prediction, through all of its tries; sends nothing itself."""

    url: str
    body: bytes
    headers: dict[str, str]
    index: Any
    retries: int
    tried: int = 0

    @classmethod
    def of(
        cls,
        url: str,
        data: pd.DataFrame | Rows,
        params: Mapping[str, Any] | None,
        request_id: str | None,
        retries: int,
    ) -> _Call:
        # One id for all tries: the prediction is logged under it once it is made.
        headers = {"content-type": "application/json", "x-request-id": request_id or _new_id()}
        body = encode(data, params)
        return cls(f"{url}/predict", body, headers, getattr(data, "index", None), retries)

    def answer(self, response: httpx.Response) -> Answer | None:
        """Return the answer, or ``None`` where the request may be sent again."""
        if response.status_code in _AGAIN and self.tried < self.retries:
            return None
        if response.status_code != 200:
            raise _error(response)
        try:
            said = orjson.loads(response.content)
            predictions, model = said["predictions"], said["model"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise Failed(f"{self.url} answers, but not as a labline endpoint does.") from error
        head = response.headers
        return Answer(
            predictions,
            model,
            head.get("x-request-id", self.headers["x-request-id"]),
            head.get("x-labline-release", ""),
            # A DataFrame's; a list has a method of this name.
            None if callable(self.index) else self.index,
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
        asked = (
            outcome.headers.get("retry-after", "") if isinstance(outcome, httpx.Response) else ""
        )
        wait: float = min(_FIRST_WAIT * 2**self.tried, _LONGEST_WAIT)
        self.tried += 1
        if asked.isdigit():
            return float(min(int(asked), _LONGEST_WAIT))
        # Spread out, so that many clients do not come back at once.
        return wait * random.uniform(0.5, 1.0)


def encode(data: pd.DataFrame | Rows, params: Mapping[str, Any] | None = None) -> bytes:
    """Return the body of a request for a DataFrame or for rows.

    Raises
    ------
    InputRefused
        A value has no form in JSON, or two columns have one name.
    """
    named: dict[str, Any]
    if hasattr(data, "iloc"):
        named = {"columns": _columns(cast("pd.DataFrame", data))}
    else:
        named = {"rows": [_row(row, number) for number, row in enumerate(data)]}
    try:
        return orjson.dumps(named | ({"params": dict(params)} if params else {}), default=_default)
    except TypeError as error:
        raise InputRefused(f"The data has no form in JSON: {error}.") from error


def _row(row: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {str(name): _cell(value, str(name), number) for name, value in row.items()}


def _columns(table: pd.DataFrame) -> dict[str, list[Any]]:
    names = [str(name) for name in table.columns]
    for name in names:
        if names.count(name) > 1:
            raise InputRefused(f"Two columns are named {name!r}.", fix="Give each its own name.")
    return {
        name: [_cell(value, name, row) for row, value in enumerate(table.iloc[:, at].tolist())]
        for at, name in enumerate(names)
    }


def _cell(value: Any, name: str, row: int) -> Any:
    # orjson writes NaN and infinity alike as null: an infinity would silently become missing.
    if isinstance(value, float):
        if value != value:  # noqa: PLR0124 - NaN alone differs from itself
            return None
        if value in (float("inf"), float("-inf")):
            raise InputRefused(
                f"{name} (row {row}) is infinite, which JSON cannot say.",
                fix="Send a finite number, or a missing value where the model allows one.",
            )
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def _default(value: Any) -> Any:
    import pandas as pd

    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if hasattr(value, "tolist"):  # NumPy's scalars and arrays
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be sent")


def _error(response: httpx.Response) -> LablineError:
    problem = _problem(response)
    message = str(problem.get("detail") or problem.get("title") or "no reason was given")
    status = response.status_code
    details: dict[str, Any] = {"problem": problem, "status": status}
    if status in (401, 403):
        fix = "Issue a key: labline keys issue ENDPOINT"
        return KeyRefused(message, fix=fix, **details)
    if status in (429, 502, 503, 504):
        return Unreachable(message, fix="Look at `labline status`, and try again.", **details)
    if 400 <= status < 500:
        return InputRefused(message, fix=f"See {response.url.join('openapi.json')}", **details)
    return Failed(message, **details)


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        problem = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        problem = None
    return problem if isinstance(problem, dict) else {"title": f"HTTP {response.status_code}"}


def _headers(key: str | None) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"} if key else {}


def _trust(certificate: str | None) -> ssl.SSLContext | bool:
    if certificate is None:
        return True
    try:
        context = ssl.create_default_context(cafile=certificate)
    except OSError as error:
        raise BadInput(
            f"{certificate!r} is no certificate: {error}.", fix="Give a PEM file."
        ) from error
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _checked(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise BadInput(
            f"{url!r} is no URL of an endpoint.", fix="For example: http://127.0.0.1:8490/penguins"
        )
    return url.rstrip("/")


def _new_id() -> str:
    return uuid.uuid4().hex
