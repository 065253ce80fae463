"""Envoy's configuration as pure functions: what should be served in, JSON-ready data out.

Only routes and clusters change while the gateway runs, so no listener is ever replaced and no
connection is dropped: the listener checks a key's signature, and each route's own rule checks
that the key is for its endpoint and is not revoked. A route without a rule is refused.

References: Envoy v3 API, ``config.bootstrap``, ``extensions.filters.http.jwt_authn`` and ``rbac``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labline.deployment import edge, signals, upstreams
from labline.deployment.places import Places
from labline.deployment.problems import local_replies
from labline.settings import GatewaySettings, Settings
from labline.telemetry import Otlp

ISSUER = "labline"
ROUTES = "endpoints"
RELEASE_HEADER = "x-labline-release"
#: has a release keep a request and its answer, for the comparison with another's
CAPTURE = "x-labline-capture"
#: opens what is kept
CAPTURE_TOKEN = "x-labline-capture-token"
#: answered without a key: they tell that a release is up, and nothing about it
OPEN_PATHS = ("/livez", "/readyz")
_TYPES = "type.googleapis.com/envoy"
_JWT = "envoy.filters.http.jwt_authn"
_RBAC = "envoy.filters.http.rbac"

Json = dict[str, Any]


@dataclass(frozen=True)
class Backend:
    """One release that runs behind the gateway."""

    release: int
    #: of its instances, between which its requests are balanced
    ports: tuple[int, ...]
    #: share of the endpoint's traffic, relative to the endpoint's other backends
    weight: int = 0
    #: percent of the endpoint's requests that it gets a copy of; its answers are compared only
    mirrored: int = 0
    #: folder in which its instances also listen on Unix sockets, if they do
    sockets: Path | None = None

    @property
    def cluster(self) -> str:
        """Name of the Envoy cluster."""
        return upstreams.cluster_name(self.release, self.ports)


@dataclass(frozen=True)
class Routing:
    """Everything that the gateway serves."""

    #: endpoint -> its backends; those of weight 0 are checked for health and get no traffic
    endpoints: Mapping[str, tuple[Backend, ...]]
    #: ids of revoked keys
    revoked: frozenset[str] = frozenset()


def bootstrap(settings: Settings, places: Places) -> Json:
    """Return what Envoy starts with: the admin socket and where the rest is."""
    otlp = Otlp.of(settings)
    return {
        "node": {"id": "gateway", "cluster": "labline"},
        "admin": _admin(places),
        # A rollout looks every second.
        "stats_flush_interval": "1s",
        "stats_sinks": signals.sinks(otlp),
        **signals.runtime(otlp, _watched(places, "rtds")),
        "static_resources": {"clusters": _fixed_clusters(settings, places)},
        "dynamic_resources": {
            "lds_config": _watched(places, "lds"),
            "cds_config": _watched(places, "cds"),
        },
        "overload_manager": _connection_limit(settings.gateway.connections),
    }


def complete(settings: Settings, jwks: str, routing: Routing, places: Places) -> Json:
    """Return one static configuration that says the same, for ``envoy --mode validate``."""
    return {
        "node": {"id": "gateway", "cluster": "labline"},
        "admin": _admin(places),
        "stats_sinks": signals.sinks(Otlp.of(settings)),
        **signals.runtime(Otlp.of(settings)),
        "static_resources": {
            "listeners": listeners(
                settings, jwks, {"route_config": routes(routing, settings.gateway)}
            ),
            "clusters": [
                *clusters(routing, settings.gateway),
                *_fixed_clusters(settings, places),
            ],
        },
    }


def listeners(settings: Settings, jwks: str, source: Json) -> list[Json]:
    """Return all listeners; `source` says where the routes of the endpoints come from."""
    return [listener(settings, jwks, source), *edge.metrics_listeners(settings.gateway)]


def listener(settings: Settings, jwks: str, source: Json) -> Json:
    """Return the listener of the endpoints; `source` says where its routes come from."""
    return {
        "name": "gateway",
        "address": _tcp(settings.gateway.host, settings.gateway.port),
        # Two gateways on one port would share it silently.
        "enable_reuse_port": False,
        "per_connection_buffer_limit_bytes": 2**20,
        "filter_chains": [
            {
                "filters": [
                    _typed("network.http_connection_manager", _http(settings, jwks, source))
                ],
                **edge.tls(settings),
            }
        ],
    }


def route_source(places: Places) -> Json:
    """Return the `source` of a listener whose routes come from a watched file."""
    return {"rds": {"route_config_name": ROUTES, "config_source": _watched(places, "rds")}}


def routes(routing: Routing, gateway: GatewaySettings | None = None) -> Json:
    """Return the routes of all endpoints, with the limits that `gateway` sets."""
    limits = gateway or GatewaySettings()
    entries = [_answer({"path": "/livez"}, 200)]
    for endpoint, backends in sorted(routing.endpoints.items()):
        entries += _endpoint(endpoint, backends, routing.revoked, limits)
    entries.append(_answer({"prefix": "/"}, 404))
    return {
        "name": ROUTES,
        "virtual_hosts": [{"name": ROUTES, "domains": ["*"], "routes": entries}],
    }


def clusters(routing: Routing, gateway: GatewaySettings | None = None) -> list[Json]:
    """Return one cluster per backend, in a steady order."""
    most = (gateway or GatewaySettings()).concurrency
    backends = {each.cluster: each for some in routing.endpoints.values() for each in some}
    ordered = [backends[name] for name in sorted(backends)]
    return [upstreams.cluster(each.release, each.ports, most, each.sockets) for each in ordered]


def _admin(places: Places) -> Json:
    return {"address": {"pipe": {"path": str(places.admin), "mode": 0o600}}}


def _watched(places: Places, kind: str) -> Json:
    return {
        "resource_api_version": "V3",
        "path_config_source": {
            "path": str(places.resource(kind)),
            "watched_directory": {"path": str(places.watched)},
        },
    }


def _fixed_clusters(settings: Settings, places: Places) -> list[Json]:
    return [edge.admin_cluster(places.admin), *signals.clusters(Otlp.of(settings))]


def _connection_limit(most: int) -> Json:
    name = "global_downstream_max_connections"
    kind = f"{_TYPES}.extensions.resource_monitors.downstream_connections.v3"
    return {
        "resource_monitors": [
            {
                "name": f"envoy.resource_monitors.{name}",
                "typed_config": {
                    "@type": f"{kind}.DownstreamConnectionsConfig",
                    "max_active_downstream_connections": most,
                },
            }
        ]
    }


def _tcp(host: str, port: int) -> Json:
    return {"socket_address": {"address": host, "port_value": port}}


def _typed(name: str, config: Json) -> Json:
    kinds = {
        "network.http_connection_manager": "HttpConnectionManager",
        "http.jwt_authn": "JwtAuthentication",
        "http.rbac": "RBAC",
        "http.buffer": "Buffer",
        "http.router": "Router",
    }
    kind = f"{_TYPES}.extensions.filters.{name}.v3.{kinds[name]}"
    return {"name": f"envoy.filters.{name}", "typed_config": {"@type": kind, **config}}


def _http(settings: Settings, jwks: str, source: Json) -> Json:
    otlp = Otlp.of(settings)
    return {
        "stat_prefix": "gateway",
        "server_name": "labline",
        **source,
        "use_remote_address": True,
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        # The id joins a prediction with its label; a caller may bring its own.
        "preserve_external_request_id": True,
        "always_set_request_id_in_response": True,
        "request_headers_timeout": "10s",
        "request_timeout": f"{settings.gateway.timeout:g}s",
        "max_request_headers_kb": math.ceil(settings.gateway.headers / 1024),
        "common_http_protocol_options": {"idle_timeout": "600s"},
        "local_reply_config": local_replies(),
        **signals.tracing(otlp),
        "access_log": [*signals.access_logs(otlp), *edge.access_log(settings, _log(settings))],
        "http_filters": [
            _typed("http.jwt_authn", _signatures(jwks)),
            _typed("http.rbac", {"rules": {"action": "ALLOW", "policies": {}}}),
            edge.rate_filter(),
            _typed("http.buffer", {"max_request_bytes": settings.serving.max_body_bytes}),
            _typed("http.router", {}),
        ],
    }


def _log(settings: Settings) -> Path:
    return settings.state / "logs" / f"{edge.LOG}.log"


def _signatures(jwks: str) -> Json:
    return {
        "providers": {
            "labline": {
                "issuer": ISSUER,
                "local_jwks": {"inline_string": jwks},
                "require_expiration": True,
                "clock_skew_seconds": 5,
                "from_headers": [
                    {"name": "Authorization", "value_prefix": "Bearer "},
                    {"name": "X-API-Key"},
                ],
                "payload_in_metadata": "claims",
                "jwt_cache_config": {"jwt_cache_size": 1000},
            }
        },
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "labline"}}],
    }


def _endpoint(
    name: str, backends: tuple[Backend, ...], revoked: frozenset[str], limits: GatewaySettings
) -> list[Json]:
    serving = [each for each in backends if each.weight > 0]
    mirrors = [_mirror(each) for each in backends if each.mirrored > 0]
    keyed = {_RBAC: _only_keys_of(name, revoked)}
    guard = {**keyed, **edge.rate(name, limits.rate_of(name))}
    wait = limits.timeout
    if not serving:
        return [_answer({"prefix": f"/{name}/"}, 503)]
    return [
        *(_forward({"path": f"/{name}{path}"}, path, serving, _OPEN, wait) for path in OPEN_PATHS),
        # What is served can be asked for, by a deployment too, however busy the endpoint is.
        _forward({"path": f"/{name}/version"}, "/version", serving, keyed, wait),
        _forward({"path": f"/{name}"}, "/", serving, guard, wait, mirrors),
        _forward({"prefix": f"/{name}/"}, "/", serving, guard, wait, mirrors),
    ]


def _forward(
    match: Json,
    rewrite: str,
    backends: list[Backend],
    rules: Json,
    timeout: float,
    mirrors: Sequence[Json] = (),
) -> Json:
    return {
        "match": match,
        # Nobody outside may have exchanges kept, or read them.
        "request_headers_to_remove": [CAPTURE_TOKEN, *([] if mirrors else [CAPTURE])],
        "request_headers_to_add": [_CAPTURED] if mirrors else [],
        "route": {
            "weighted_clusters": {"clusters": [_share(each) for each in backends]},
            "prefix_rewrite": rewrite,
            "request_mirror_policies": [*mirrors],
            "timeout": f"{timeout:g}s",
            "retry_policy": upstreams.retries(any(len(each.ports) > 1 for each in backends)),
        },
        "typed_per_filter_config": rules,
    }


_CAPTURED = {
    "header": {"key": CAPTURE, "value": "1"},
    "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
}


def _mirror(backend: Backend) -> Json:
    percent = {"numerator": backend.mirrored, "denominator": "HUNDRED"}
    return {"cluster": backend.cluster, "runtime_fraction": {"default_value": percent}}


def _share(backend: Backend) -> Json:
    header = {"key": RELEASE_HEADER, "value": str(backend.release)}
    return {
        "name": backend.cluster,
        "weight": backend.weight,
        "response_headers_to_add": [
            {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        ],
    }


def _answer(match: Json, status: int) -> Json:
    # Without a body: local_reply_config writes it.
    direct = {"direct_response": {"status": status}}
    return {"match": match, **direct, "typed_per_filter_config": _OPEN}


_FILTERS = f"{_TYPES}.extensions.filters.http"
_OPEN = {
    _JWT: {"@type": f"{_FILTERS}.jwt_authn.v3.PerRouteConfig", "disabled": True},
    _RBAC: {"@type": f"{_FILTERS}.rbac.v3.RBACPerRoute"},
}


def _only_keys_of(endpoint: str, revoked: frozenset[str]) -> Json:
    wanted: list[Json] = [_claim("aud", endpoint)]
    if revoked:
        ids = [_claim("jti", each) for each in sorted(revoked)]
        wanted.append({"not_id": {"or_ids": {"ids": ids}}})
    policy = {"permissions": [{"any": True}], "principals": [{"and_ids": {"ids": wanted}}]}
    return {
        "@type": f"{_FILTERS}.rbac.v3.RBACPerRoute",
        "rbac": {"rules": {"action": "ALLOW", "policies": {"key": policy}}},
    }


def _claim(name: str, value: str) -> Json:
    return {
        "sourced_metadata": {
            "metadata_matcher": {
                "filter": _JWT,
                "path": [{"key": "claims"}, {"key": name}],
                "value": {"string_match": {"exact": value}},
            }
        }
    }
