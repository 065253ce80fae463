"""The clients: they only send and wait."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import httpx

from labline.client.answers import Answer
from labline.client.calls import Call
from labline.client.wire import Rows
from labline.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd


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
        trust = _trust(certificate)
        self._http = httpx.Client(headers=_headers(key), timeout=timeout, verify=trust)
        self._url, self._retries = _checked(url), retries

    def predict(
        self,
        data: pd.DataFrame | Rows,
        *,
        params: Mapping[str, Any] | None = None,
        request_id: str | None = None,
    ) -> Answer:
        """Return the predictions for a DataFrame or for rows.

        A large DataFrame travels as an Arrow stream, anything else as JSON.

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
        return self._ask("predict", data, params, request_id)

    def predict_proba(
        self,
        data: pd.DataFrame | Rows,
        *,
        params: Mapping[str, Any] | None = None,
        request_id: str | None = None,
    ) -> Answer:
        """Return the probability of each class, by its name, for a classifier that has them.

        Raises as :meth:`predict`, and :class:`InputRefused` where the model has none.
        """
        return self._ask("predict_proba", data, params, request_id)

    def _ask(self, verb: str, data: Any, params: Any, request_id: str | None) -> Answer:
        call = Call.of(f"{self._url}/{verb}", data, params, request_id, self._retries)
        while True:
            try:
                outcome = self._http.post(call.url, content=call.body.content, headers=call.headers)
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
        trust = _trust(certificate)
        self._http = httpx.AsyncClient(headers=_headers(key), timeout=timeout, verify=trust)
        self._url, self._retries = _checked(url), retries

    async def predict(
        self,
        data: pd.DataFrame | Rows,
        *,
        params: Mapping[str, Any] | None = None,
        request_id: str | None = None,
    ) -> Answer:
        """Return the predictions; raises as :meth:`Client.predict`."""
        return await self._ask("predict", data, params, request_id)

    async def predict_proba(
        self,
        data: pd.DataFrame | Rows,
        *,
        params: Mapping[str, Any] | None = None,
        request_id: str | None = None,
    ) -> Answer:
        """Return the probability of each class; see :meth:`Client.predict_proba`."""
        return await self._ask("predict_proba", data, params, request_id)

    async def _ask(self, verb: str, data: Any, params: Any, request_id: str | None) -> Answer:
        call = Call.of(f"{self._url}/{verb}", data, params, request_id, self._retries)
        while True:
            try:
                outcome = await self._http.post(
                    call.url, content=call.body.content, headers=call.headers
                )
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
    endpoint, _, verb = url.rstrip("/").rpartition("/")
    if verb in ("predict", "predict_proba"):
        raise BadInput(f"{url!r} asks for predictions.", fix=f"Give the endpoint's URL: {endpoint}")
    return url.rstrip("/")
