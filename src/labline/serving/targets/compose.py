"""Docker Compose: one machine that runs the image, a gateway that checks keys, and a collector.

References: the Compose specification; Envoy v3 API; OpenTelemetry Collector configuration.
"""

from __future__ import annotations

from typing import Any

from labline.serving.targets.target import PORT, Target, Workload
from labline.serving.targets.text import as_yaml

Json = dict[str, Any]

_GATEWAY = "envoyproxy/envoy:v1.34.14"
COLLECTOR = "otel/opentelemetry-collector-contrib:0.150.1"
_OTLP = 4318
#: of the gateway, on the host's loopback
_PUBLISHED = 8490
_TYPES = "type.googleapis.com/envoy"
_HEALTHY = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{PORT}/readyz', timeout=2)"


class ComposeTarget(Target):
    """``compose.yaml`` with the image, its build context, a gateway and a collector."""

    def files(self, workload: Workload) -> dict[str, str]:
        """Return ``compose.yaml``, ``gateway.yaml`` and ``collector.yaml``."""
        return {
            "compose.yaml": as_yaml(_compose(workload)),
            "gateway.yaml": as_yaml(_gateway(workload)),
            "collector.yaml": as_yaml(_collector()),
        }


def _compose(workload: Workload) -> Json:
    services = {"model": _model(workload, workload.image, "./bento", str(workload.version))}
    if workload.canary_image:
        services["canary"] = _model(workload, workload.canary_image, "./canary", "canary")
    waits = {name: {"condition": "service_healthy"} for name in services}
    services["gateway"] = {
        "image": _GATEWAY,
        "command": ["-c", "/etc/envoy/gateway.yaml"],
        "configs": [{"source": "gateway", "target": "/etc/envoy/gateway.yaml"}],
        "ports": [f"127.0.0.1:{_PUBLISHED}:{_PUBLISHED}"],
        "depends_on": waits,
        "restart": "unless-stopped",
    }
    services["collector"] = {
        "image": COLLECTOR,
        "configs": [{"source": "collector", "target": "/etc/otelcol-contrib/config.yaml"}],
        "restart": "unless-stopped",
    }
    files = {name: {"file": f"./{name}.yaml"} for name in ("gateway", "collector")}
    return {"name": workload.name, "services": services, "configs": files}


def _model(workload: Workload, image: str, context: str, version: str) -> Json:
    return {
        "image": image,
        # What labline export -o writes; needed only where the image is built here.
        "build": {"context": context},
        "environment": {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://collector:{_OTLP}",
            "OTEL_SERVICE_NAME": workload.name,
            "OTEL_RESOURCE_ATTRIBUTES": f"service.namespace={workload.project},"
            f"service.version={version},deployment.environment.name=compose",
        },
        "env_file": [{"path": "./model.env", "required": False}],
        "healthcheck": {
            "test": ["CMD", "python", "-c", _HEALTHY],
            "interval": "5s",
            "timeout": "3s",
            "retries": 3,
            "start_period": "120s",
            "start_interval": "1s",
        },
        # Answers what it has begun to answer, for at most 30 s.
        "stop_grace_period": "45s",
        "user": "10001:10001",
        "read_only": True,
        "tmpfs": ["/tmp"],
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "deploy": {"resources": {"limits": {"memory": "1G"}}},
        "restart": "unless-stopped",
    }


def _collector() -> Json:
    signals = {"receivers": ["otlp"], "processors": ["batch"], "exporters": ["debug"]}
    return {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"0.0.0.0:{_OTLP}"}}}},
        "processors": {"batch": {}},
        "exporters": {"debug": {"verbosity": "basic"}},
        "service": {"pipelines": dict.fromkeys(("traces", "metrics", "logs"), signals)},
    }


def _gateway(workload: Workload) -> Json:
    shares = {"model": 100 - workload.canary_weight, "canary": workload.canary_weight}
    used = {name: weight for name, weight in shares.items() if weight}
    address = {"socket_address": {"address": "0.0.0.0", "port_value": _PUBLISHED}}
    chain = {"filters": [_typed("network.http_connection_manager", _http(workload, used))]}
    return {
        "static_resources": {
            "listeners": [{"name": "gateway", "address": address, "filter_chains": [chain]}],
            "clusters": [*map(_cluster, used)],
        }
    }


def _typed(name: str, config: Json) -> Json:
    kinds = {
        "network.http_connection_manager": "HttpConnectionManager",
        "http.jwt_authn": "JwtAuthentication",
        "http.router": "Router",
    }
    kind = f"{_TYPES}.extensions.filters.{name}.v3.{kinds[name]}"
    return {"name": f"envoy.filters.{name}", "typed_config": {"@type": kind, **config}}


def _http(workload: Workload, shares: dict[str, int]) -> Json:
    keys = [_typed("http.jwt_authn", _keys(workload))] if workload.jwks else []
    return {
        "stat_prefix": "gateway",
        "use_remote_address": True,
        "normalize_path": True,
        "preserve_external_request_id": True,
        "always_set_request_id_in_response": True,
        "route_config": {
            "virtual_hosts": [
                {"name": "models", "domains": ["*"], "routes": [*_routes(workload, shares)]}
            ]
        },
        "http_filters": [*keys, _typed("http.router", {})],
    }


def _routes(workload: Workload, shares: dict[str, int]) -> list[Json]:
    clusters = [{"name": name, "weight": weight} for name, weight in shares.items()]
    forward = {
        "match": {"prefix": f"/{workload.endpoint}/"},
        "route": {
            "weighted_clusters": {"clusters": clusters},
            "prefix_rewrite": "/",
            "timeout": "60s",
            # Only what a release cannot have begun to work on.
            "retry_policy": {
                "retry_on": "connect-failure,refused-stream,reset-before-request",
                "num_retries": 3,
            },
        },
    }
    return [{"match": {"path": "/livez"}, "direct_response": {"status": 200}}, forward]


def _keys(workload: Workload) -> Json:
    """Return the rule that a request brings a key that the project issued for this endpoint."""
    provider = {
        "issuer": "labline",
        "audiences": [workload.endpoint],
        "local_jwks": {"inline_string": workload.jwks},
        "require_expiration": True,
        "from_headers": [
            {"name": "Authorization", "value_prefix": "Bearer "},
            {"name": "X-API-Key"},
        ],
    }
    guarded = {
        "match": {"prefix": f"/{workload.endpoint}/"},
        "requires": {"provider_name": "labline"},
    }
    return {"providers": {"labline": provider}, "rules": [guarded]}


def _cluster(name: str) -> Json:
    address = {"socket_address": {"address": name, "port_value": PORT}}
    return {
        "name": name,
        "type": "STRICT_DNS",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
        "health_checks": [
            {
                "timeout": "1s",
                "interval": "2s",
                "no_traffic_interval": "2s",
                "unhealthy_threshold": 3,
                "healthy_threshold": 1,
                "http_health_check": {"path": "/readyz"},
            }
        ],
    }
