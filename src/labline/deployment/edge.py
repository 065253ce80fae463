"""What Envoy does at its edge: TLS, the access log, rates, and the page for Prometheus.

References: Envoy v3 API, ``extensions.transport_sockets.tls``, ``extensions.access_loggers.file``,
``extensions.filters.http.local_ratelimit``.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from labline.settings import GatewaySettings, Settings
from labline.settings.gateway import RateSettings

LOG = "access"
ADMIN = "admin"
_TYPES = "type.googleapis.com/envoy"
_RATE = "envoy.filters.http.local_ratelimit"

Json = dict[str, Any]


def tls(settings: Settings) -> Json:
    """Return the part of a filter chain that speaks TLS; empty where it does not."""
    if settings.tls is None:
        return {}
    certificate, key = settings.tls
    pair = {
        "certificate_chain": {"filename": str(certificate)},
        "private_key": {"filename": str(key)},
        # A certificate that is renewed by moving a file there is taken over.
        "watched_directory": {"path": str(certificate.parent)},
    }
    context = {
        "@type": f"{_TYPES}.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": {
            "tls_certificates": [pair],
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
        },
    }
    return {
        "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": context},
        "transport_socket_connect_timeout": "10s",
    }


def access_log(settings: Settings, path: Path) -> list[Json]:
    """Return what writes a line a request into a file; nothing where that is off."""
    if not settings.gateway.access_log.enabled:
        return []
    config = {
        "@type": f"{_TYPES}.extensions.access_loggers.file.v3.FileAccessLog",
        "path": str(path),
        "log_format": {"json_format": _LINE},
    }
    return [{"name": "envoy.access_loggers.file", "typed_config": config}]


_LINE = {
    "at": "%START_TIME(%Y-%m-%dT%H:%M:%E3SZ)%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    # The key's id, never the key.
    "key": "%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:claims:jti)%",
    "method": "%REQ(:METHOD)%",
    # Without the query: it is the caller's, and may be private.
    "path": "%PATH(NQ:ORIG_OR_PATH)%",
    "status": "%RESPONSE_CODE%",
    "ms": "%DURATION%",
    "received": "%BYTES_RECEIVED%",
    "sent": "%BYTES_SENT%",
    "release": "%RESP(X-LABLINE-RELEASE)%",
    "instance": "%UPSTREAM_HOST_NAME%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
}


def rate_filter() -> Json:
    """Return the filter that limits what a route says is limited."""
    return {"name": _RATE, "typed_config": _rate({})}


def rate(endpoint: str, limit: RateSettings | None) -> Json:
    """Return the part of a route's own rules that limits an endpoint; empty without a limit."""
    if limit is None:
        return {}
    tokens, seconds = limit.fill
    always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    wait = {"key": "retry-after", "value": str(max(1, math.ceil(seconds)))}
    return {
        _RATE: _rate(
            {
                "stat_prefix": endpoint,
                "token_bucket": {
                    "max_tokens": limit.most,
                    "tokens_per_fill": tokens,
                    "fill_interval": f"{seconds:.3f}s",
                },
                "filter_enabled": {"runtime_key": "labline.rate", **always},
                "filter_enforced": {"runtime_key": "labline.rate_enforced", **always},
                "response_headers_to_add": [
                    {"header": wait, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
                ],
            }
        )
    }


def _rate(config: Json) -> Json:
    kind = f"{_TYPES}.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
    return {"@type": kind, "stat_prefix": "rate", **config}


def metrics_listeners(gateway: GatewaySettings) -> list[Json]:
    """Return the listener with the page for Prometheus, where there is one.

    Of Envoy's own admin interface it opens that one page only.
    """
    if gateway.metrics_port is None:
        return []
    page = {
        "match": {
            "path": "/metrics",
            "headers": [{"name": ":method", "string_match": {"exact": "GET"}}],
        },
        "route": {"cluster": ADMIN, "prefix_rewrite": "/stats/prometheus"},
    }
    nothing = {"match": {"prefix": "/"}, "direct_response": {"status": 404}}
    config = {
        "@type": f"{_TYPES}.extensions.filters.network.http_connection_manager.v3."
        "HttpConnectionManager",
        "stat_prefix": "metrics",
        "route_config": {
            "virtual_hosts": [{"name": "metrics", "domains": ["*"], "routes": [page, nothing]}]
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{_TYPES}.extensions.filters.http.router.v3.Router"},
            }
        ],
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": config}]
    place = {"address": gateway.metrics_host, "port_value": gateway.metrics_port}
    return [
        {
            "name": "metrics",
            "address": {"socket_address": place},
            "enable_reuse_port": False,
            "filter_chains": [{"filters": filters}],
        }
    ]


def admin_cluster(socket: Path) -> Json:
    """Return the cluster through which the page for Prometheus reaches Envoy's own figures."""
    endpoint = {"endpoint": {"address": {"pipe": {"path": str(socket)}}}}
    return {
        "name": ADMIN,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": ADMIN, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
