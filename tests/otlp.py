"""A real OTLP receiver on loopback: it decodes the protobuf of whatever is sent to it."""

from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_KINDS: dict[str, Any] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}


class Seen(NamedTuple):
    """One span, metric or log record, and the resource that sent it."""

    resource: dict[str, Any]
    #: the protobuf message itself
    item: Any

    @property
    def service(self) -> str:
        """``service.name`` of who sent it."""
        return str(self.resource.get("service.name", ""))

    @property
    def attributes(self) -> dict[str, Any]:
        """Attributes of a span or a log record."""
        return plain(self.item.attributes)

    @property
    def trace(self) -> str:
        """Trace id in hex."""
        return str(self.item.trace_id.hex())


class Receiver:
    """What has arrived so far."""

    def __init__(self, port: int, *, secure: bool = False) -> None:
        self.port = port
        self.secure = secure
        self.spans: list[Seen] = []
        self.metrics: list[Seen] = []
        self.logs: list[Seen] = []
        #: request headers by path, of the last request each
        self.headers: dict[str, dict[str, str]] = {}
        #: path and sending service of each request
        self.posts: list[tuple[str, str]] = []
        #: paths asked for that are not OTLP's, or bodies that are not protobuf
        self.wrong: list[str] = []

    @property
    def url(self) -> str:
        """What ``[telemetry] otlp`` is set to."""
        return f"http{'s' if self.secure else ''}://127.0.0.1:{self.port}"

    def take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        """Decode one request."""
        if path not in _KINDS:
            self.wrong.append(path)
            return
        message = _KINDS[path].FromString(body)
        self.headers[path] = headers
        if path == "/v1/traces":
            kept, new = self.spans, _items(message.resource_spans, "scope_spans", "spans")
        elif path == "/v1/metrics":
            kept, new = self.metrics, _items(message.resource_metrics, "scope_metrics", "metrics")
        else:
            kept, new = self.logs, _items(message.resource_logs, "scope_logs", "log_records")
        kept += (items := list(new))
        self.posts.append((path, items[0].service if items else ""))

    def spans_of(self, service: str) -> list[Seen]:
        """Return the spans that a service has sent."""
        return [each for each in self.spans if each.service == service]

    def metric_names(self, service: str) -> set[str]:
        """Return the names of the metrics that a service has sent."""
        return {each.item.name for each in self.metrics if each.service == service}


def plain(attributes: Any) -> dict[str, Any]:
    """Return protobuf attributes as a dictionary."""
    return {each.key: _value(each.value) for each in attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind else None


def _items(resources: Any, scopes: str, items: str) -> Iterator[Seen]:
    for resource in resources:
        about = plain(resource.resource.attributes)
        for scope in getattr(resource, scopes):
            for item in getattr(scope, items):
                yield Seen(about, item)


@contextmanager
def receiver(port: int = 0, *, tls: Path | None = None) -> Iterator[Receiver]:
    """Listen until the block ends; on a port that the system picks unless one is given.

    Parameters
    ----------
    tls
        Folder with ``cert.pem`` and ``key.pem``: it speaks HTTPS.
    """
    server = _Server(("127.0.0.1", port), _Handler)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls / "cert.pem", tls / "key.pem")
        # In the connection's own thread: who knocks and says nothing holds up nobody.
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    server.got = Receiver(server.server_address[1], secure=tls is not None)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    got: Receiver

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Leave it to the client to complain of a certificate that it does not trust."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    server: _Server

    def do_POST(self) -> None:
        body = self._body()
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.got.take(self.path, headers, body)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers["Content-Length"]))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def log_message(self, *_: Any) -> None:
        pass
