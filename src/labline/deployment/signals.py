"""What Envoy sends by OpenTelemetry: a span and a log line a request, and its figures.

A secret of a header stays out of Envoy's files: they name a variable of its environment.

References: Envoy v3 API, ``config.trace.v3.OpenTelemetryConfig``,
``extensions.access_loggers.open_telemetry`` and ``extensions.stat_sinks.open_telemetry``.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from labline.deployment.sampling import LAYER
from labline.telemetry import SIGNALS, Otlp, Signal

SERVICE = "labline-gateway"
_TYPES = "type.googleapis.com/envoy"
_LOGGERS = f"{_TYPES}.extensions.access_loggers"
_ACCESS_LOG = "envoy.access_loggers.open_telemetry"
_TIMEOUT = "5s"
#: what waits to be sent together: Envoy's own 5 spans and 16 KiB are 700 requests a second to the
#: collector where the gateway answers 3,000
_SPANS, _BYTES, _EVERY = 512, 2**18, "1s"
#: figures that are sent: those of releases, and of the gateway as a whole
_FIGURES = (
    r"cluster\.release-[^.]*\.(upstream_rq_(completed|[1-5]xx|time|active|timeout|retry)"
    r"|membership_(healthy|total)|outlier_detection\.ejections_active)"
    r"|http\.gateway\.downstream_(rq_(completed|[1-5]xx|time|active)|cx_active)"
    r"|server\.(live|uptime|memory_allocated)"
)

Json = dict[str, Any]


def clusters(otlp: Otlp) -> list[Json]:
    """Return the clusters of the collectors; one for each signal, as each may have its own."""
    found = ((signal, otlp.endpoint(signal)) for signal in SIGNALS)
    return [_cluster(otlp, signal, urlsplit(url)) for signal, url in found if url]


def environment(otlp: Otlp) -> dict[str, str]:
    """Return the variables with the headers' values that Envoy needs.

    Raises
    ------
    Refused
        A variable that a header refers to is not set.
    """
    return {
        _variable(signal, number): value
        for signal in SIGNALS
        if otlp.endpoint(signal)
        for number, value in enumerate(otlp.headers(signal).values())
    }


def tracing(otlp: Otlp) -> Json:
    """Return the part of a connection manager that traces requests; empty where it does not."""
    if not otlp.endpoint("traces"):
        return {}
    config = {
        "@type": f"{_TYPES}.config.trace.v3.OpenTelemetryConfig",
        "http_service": _service(otlp, "traces"),
        "service_name": _resource(otlp)["service.name"],
        "resource_detectors": _detectors(otlp),
    }
    return {
        "tracing": {
            # Of requests that their callers trace, too (Envoy's pull request 45830; before, all of
            # those were traced). The layer of the runtime wins.
            "random_sampling": {"value": 100 * otlp.settings.telemetry.sample},
            "provider": {"name": "envoy.tracers.opentelemetry", "typed_config": config},
        }
    }


def runtime(otlp: Otlp, source: Json | None = None) -> Json:
    """Return what has Envoy send spans in batches, by its runtime keys; empty without spans.

    `source` says where the share of the requests comes from that is traced: :func:`sampling.layer`.
    """
    if not otlp.endpoint("traces"):
        return {}
    keys = {"min_flush_spans": _SPANS, "flush_interval_ms": 1000}
    layers: list[Json] = [
        {"name": "telemetry", "static_layer": {"tracing": {"opentelemetry": keys}}}
    ]
    if source:
        layers.append({"name": LAYER, "rtds_layer": {"name": LAYER, "rtds_config": source}})
    return {"layered_runtime": {"layers": layers}}


def access_logs(otlp: Otlp) -> list[Json]:
    """Return what logs each request, with its trace; nothing where logs are not sent."""
    if not otlp.endpoint("logs"):
        return []
    config = {
        "@type": f"{_LOGGERS}.open_telemetry.v3.OpenTelemetryAccessLogConfig",
        "log_name": "access",
        "http_service": _service(otlp, "logs"),
        "disable_builtin_labels": True,
        "buffer_size_bytes": _BYTES,
        "buffer_flush_interval": _EVERY,
        "resource_attributes": {"values": _pairs(_resource(otlp))},
        # Without the query: it is the caller's, and may be private.
        "body": {"string_value": "%REQ(:METHOD)% %PATH(NQ:ORIG_OR_PATH)% %RESPONSE_CODE%"},
        "attributes": {"values": _pairs(_LINE)},
    }
    return [{"name": _ACCESS_LOG, "typed_config": config}]


_LINE = {
    "http.request.method": "%REQ(:METHOD)%",
    "url.path": "%PATH(NQ:ORIG_OR_PATH)%",
    "http.response.status_code": "%RESPONSE_CODE%",
    "http.response.size": "%BYTES_SENT%",
    "labline.duration_ms": "%DURATION%",
    "labline.release": "%RESP(X-LABLINE-RELEASE)%",
    "labline.request.id": "%REQ(X-REQUEST-ID)%",
    "labline.gateway.flags": "%RESPONSE_FLAGS%",
    "labline.gateway.details": "%RESPONSE_CODE_DETAILS%",
}


def sinks(otlp: Otlp) -> list[Json]:
    """Return where Envoy's own figures go; nothing where metrics are not sent."""
    if not otlp.endpoint("metrics"):
        return []
    config = {
        "@type": f"{_TYPES}.extensions.stat_sinks.open_telemetry.v3.SinkConfig",
        "http_service": _service(otlp, "metrics"),
        "resource_detectors": _detectors(otlp),
        "prefix": "envoy",
        "emit_tags_as_attributes": True,
        "use_tag_extracted_name": True,
        "custom_metric_conversions": _only(_FIGURES),
    }
    return [{"name": "envoy.stat_sinks.open_telemetry", "typed_config": config}]


def without(config: Any) -> Any:
    """Return a part of Envoy's configuration without all that this module adds to it."""
    if isinstance(config, list):
        return [without(each) for each in config if not _is_ours(each)]
    if isinstance(config, dict):
        return {name: without(each) for name, each in config.items() if name != "tracing"}
    return config


def _is_ours(item: Any) -> bool:
    return isinstance(item, dict) and item.get("name") == _ACCESS_LOG


def _only(names: str) -> Json:
    """Return the matcher that drops what is not named so: there are hundreds of figures."""
    name = {
        "name": "stat_full_name_match_input",
        "typed_config": {
            "@type": f"{_TYPES}.extensions.matching.common_inputs.stats.v3.StatFullNameMatchInput"
        },
    }
    pattern = {"google_re2": {}, "regex": names}
    wanted = {"input": name, "value_match": {"safe_regex": pattern}}
    drop = {
        "name": "drop",
        "typed_config": {
            "@type": f"{_TYPES}.extensions.stat_sinks.open_telemetry.v3.SinkConfig.DropAction"
        },
    }
    rule = {
        "predicate": {"not_matcher": {"single_predicate": wanted}},
        "on_match": {"action": drop},
    }
    return {"matcher_list": {"matchers": [rule]}}


def _resource(otlp: Otlp) -> Mapping[str, str]:
    return otlp.resource(SERVICE, {"service.instance.id": SERVICE})


def _detectors(otlp: Otlp) -> list[Json]:
    name = "envoy.tracers.opentelemetry.resource_detectors.static_config"
    kind = "extensions.tracers.opentelemetry.resource_detectors.v3"
    config = {
        "@type": f"{_TYPES}.{kind}.StaticConfigResourceDetectorConfig",
        "attributes": dict(_resource(otlp)),
    }
    return [{"name": name, "typed_config": config}]


def _service(otlp: Otlp, signal: Signal) -> Json:
    uri = {"uri": otlp.endpoint(signal), "cluster": _name(signal), "timeout": _TIMEOUT}
    headers = [
        {"header": {"key": name, "value": f"%ENVIRONMENT({_variable(signal, number)})%"}}
        for number, name in enumerate(otlp.references(signal))
    ]
    return {"http_uri": uri, "request_headers_to_add": headers}


def _pairs(values: Mapping[str, str]) -> list[Json]:
    return [{"key": name, "value": {"string_value": value}} for name, value in values.items()]


def _name(signal: Signal) -> str:
    return f"otlp-{signal}"


def _variable(signal: Signal, number: int) -> str:
    return f"LABLINE_OTLP_{signal.upper()}_{number}"


def _cluster(otlp: Otlp, signal: Signal, url: SplitResult) -> Json:
    host, secure = url.hostname or "", url.scheme == "https"
    port = url.port or (443 if secure else 80)
    address = {"socket_address": {"address": host, "port_value": port}}
    return {
        "name": _name(signal),
        "type": "STRICT_DNS",
        "connect_timeout": "2s",
        "load_assignment": {
            "cluster_name": _name(signal),
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
        # What waits for a collector that is slow must not pile up.
        "circuit_breakers": {"thresholds": [{"max_requests": 8, "max_pending_requests": 8}]},
        **({"transport_socket": _tls(host, otlp.authorities or _usual())} if secure else {}),
    }


def _tls(host: str, authorities: str) -> Json:
    trusted = {"trusted_ca": {"filename": authorities}}
    kind = "IP_ADDRESS" if _is_address(host) else "DNS"
    names = [{"san_type": kind, "matcher": {"exact": host}}]
    context = {"validation_context": {**trusted, "match_typed_subject_alt_names": names}}
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": f"{_TYPES}.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            # TLS asks for hosts by name only (RFC 6066).
            **({"sni": host} if kind == "DNS" else {}),
            "common_tls_context": context,
        },
    }


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _usual() -> str:
    """Return the file of certificate authorities that the SDK's exporters use."""
    import certifi

    return certifi.where()
