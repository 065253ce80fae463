"""Deployment: the platform (circus), the gateway (Envoy), endpoints, their releases and keys.

What is recorded in the database decides what runs: the gateway's files and the instances are made
from it each time, so a platform that is started again brings back what was deployed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labline.deployment.certificates import trusted
    from labline.deployment.comparing import Comparison
    from labline.deployment.endpoints import Endpoints
    from labline.deployment.gateway import envoy_binary
    from labline.deployment.keys import ApiKey, public_keys
    from labline.deployment.platform import Platform
    from labline.deployment.processes import listens, pick_ports
    from labline.deployment.proof import again, require_live
    from labline.deployment.status import EndpointStatus, InstanceStatus, PlatformStatus, Share
    from labline.deployment.trials import Trial, check_instances, check_percent
    from labline.deployment.web import send

# Loaded on first use: the daemon lives in this package too, and should stay small.
_PLACES = {
    "ApiKey": "keys",
    "Comparison": "comparing",
    "EndpointStatus": "status",
    "Share": "status",
    "Trial": "trials",
    "again": "proof",
    "require_live": "proof",
    "check_instances": "trials",
    "check_name": "names",
    "check_percent": "trials",
    "Endpoints": "endpoints",
    "InstanceStatus": "status",
    "Platform": "platform",
    "PlatformStatus": "status",
    "envoy_binary": "gateway",
    "listens": "processes",
    "pick_ports": "processes",
    "public_keys": "keys",
    "send": "web",
    "trusted": "certificates",
}

__all__ = [
    "ApiKey",
    "Comparison",
    "EndpointStatus",
    "Endpoints",
    "InstanceStatus",
    "Platform",
    "PlatformStatus",
    "Share",
    "Trial",
    "again",
    "check_instances",
    "check_name",
    "check_percent",
    "envoy_binary",
    "listens",
    "pick_ports",
    "public_keys",
    "require_live",
    "send",
    "trusted",
]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
