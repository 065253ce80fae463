"""Envoy's clusters: how the gateway connects to a release, and when it stops asking it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

#: seconds an idle connection to a release is kept; below the 5 s after which servers close theirs
_IDLE = "3s"
_TYPES = "type.googleapis.com/envoy"

Json = dict[str, Any]


def instance_name(first: str, number: int) -> str:
    """Return the name of an instance's process and log: ``release-7``, ``release-7-2`` ..."""
    return first if number == 1 else f"{first}-{number}"


def cluster_name(release: int, ports: Sequence[int]) -> str:
    """Return the name of a release's cluster; a cluster never changes, a release gets its own."""
    return "-".join(("release", str(release), *map(str, ports)))


def cluster(release: int, ports: Sequence[int], most: int, sockets: Path | None = None) -> Json:
    """Return the Envoy cluster of one release, whose instances listen on ports of the loopback.

    It takes at `most` so many requests at a time. They are reached by Unix sockets where there is
    a folder with them: a request over one costs both sides less.
    """
    name = cluster_name(release, ports)
    first = f"release-{release}"
    hosts = [
        _host(instance_name(first, number), port, sockets) for number, port in enumerate(ports, 1)
    ]
    return {
        "name": name,
        "type": "STATIC",
        # Not the one with the fewest requests: of two, that is always the one that just died, and
        # a request that is tried again would go there again.
        "lb_policy": "ROUND_ROBIN",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": hosts}],
        },
        "typed_extension_protocol_options": _protocol(),
        "health_checks": [_health_check()],
        "outlier_detection": _outliers(),
        "circuit_breakers": {"thresholds": [_limits(most)]},
        "common_lb_config": {
            # With no healthy instance a quick 503 is better than a try.
            "healthy_panic_threshold": {"value": 0},
            # By default an instance that is well again waits a second until it gets requests: if
            # the other one dies meanwhile, there is none.
            "update_merge_window": "0s",
        },
        "ignore_health_on_host_removal": True,
    }


def retries(several: bool) -> Json:
    """Return Envoy's retry policy for a release with one instance, or with several.

    Tried again is what no instance can have begun to work on. With several, so is what was lost
    with the instance that worked on it, since a prediction changes nothing: once, so that a
    request that ends its instance ends one more at most.
    """
    safe = "connect-failure,refused-stream,reset-before-request"
    policy: Json = {
        "retry_on": f"{safe},reset" if several else safe,
        "num_retries": 1 if several else 3,
        "retry_back_off": {"base_interval": "0.05s", "max_interval": "0.5s"},
    }
    return {**policy, **_elsewhere()} if several else policy


def _elsewhere() -> Json:
    kind = "retry.host.previous_hosts.v3.PreviousHostsPredicate"
    predicate = {
        "name": "envoy.retry_host_predicates.previous_hosts",
        "typed_config": {"@type": f"{_TYPES}.extensions.{kind}"},
    }
    # Other requests take turns meanwhile: the turn may be the dead instance's several times.
    return {"retry_host_predicate": [predicate], "host_selection_retry_max_attempts": 64}


def _host(name: str, port: int, sockets: Path | None) -> Json:
    address: Json = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    if sockets:
        address = {"pipe": {"path": str(socket_of(sockets, port))}}
    return {"endpoint": {"address": address, "hostname": name}}


def socket_of(folder: Path, port: int) -> Path:
    """Return the Unix socket of the instance on a port."""
    return folder / f"{port}.sock"


def port_of_socket(path: Path) -> int:
    """Return the port of the instance with this Unix socket."""
    return int(path.stem)


def port_of(address: Mapping[str, Any]) -> int:
    """Return the port of the instance that Envoy knows by an address of either kind."""
    if pipe := address.get("pipe"):
        return port_of_socket(Path(pipe["path"]))
    return int(address["socket_address"]["port_value"])


def _protocol() -> Json:
    kind = "upstreams.http.v3.HttpProtocolOptions"
    return {
        f"envoy.extensions.{kind}": {
            "@type": f"{_TYPES}.extensions.{kind}",
            "common_http_protocol_options": {"idle_timeout": _IDLE},
            "explicit_http_config": {"http_protocol_options": {}},
        }
    }


def _health_check() -> Json:
    return {
        "timeout": "1s",
        "interval": "2s",
        "no_traffic_interval": "0.5s",
        "no_traffic_healthy_interval": "2s",
        "unhealthy_interval": "0.5s",
        "unhealthy_threshold": 3,
        "healthy_threshold": 1,
        "http_health_check": {"path": "/readyz"},
    }


def _outliers() -> Json:
    # Takes effect when several instances share a cluster: a lone one is never ejected.
    return {
        "interval": "1s",
        "base_ejection_time": "5s",
        "max_ejection_time": "60s",
        "max_ejection_percent": 50,
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 3,
        "consecutive_gateway_failure": 5,
        "enforcing_consecutive_gateway_failure": 100,
        # A model that fails on bad rows answers 500; that says nothing about the instance.
        "enforcing_consecutive_5xx": 0,
    }


def _limits(most: int) -> Json:
    return {
        "max_connections": most,
        "max_pending_requests": most,
        "max_requests": most,
        "max_retries": 16,
    }
