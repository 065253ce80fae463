"""Ask an endpoint from Python: rows or a DataFrame in, predictions out.

>>> from labline.client import Client
>>> with Client("http://127.0.0.1:8490/penguins", key=KEY) as client:  # doctest: +SKIP
...     answer = client.predict(table)
...     answer.frame()

It needs no project, no MLflow and no BentoML, only the endpoint's URL and a key. What goes over the
wire is decided by pure functions; :class:`Client` and :class:`AsyncClient` only send and wait.
"""

from labline.client.answers import Answer, InputRefused, KeyRefused
from labline.client.clients import AsyncClient, Client
from labline.client.wire import encode

__all__ = ["Answer", "AsyncClient", "Client", "InputRefused", "KeyRefused", "encode"]
