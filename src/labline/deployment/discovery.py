"""The files that Envoy watches: each holds a discovery response and is put in place as a whole.

The daemon writes one of them too: nothing here knows settings or the database.

References: Envoy v3 API, ``service.discovery.v3.DiscoveryResponse``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from labline.deployment.places import Places

_TYPES = "type.googleapis.com/envoy"
#: kind of a file -> what the items in it are
_KINDS = {
    "lds": "config.listener.v3.Listener",
    "cds": "config.cluster.v3.Cluster",
    "rds": "config.route.v3.RouteConfiguration",
    "rtds": "service.runtime.v3.Runtime",
}

Json = dict[str, Any]


def resources(kind: str, items: Iterable[Json]) -> Json:
    """Return the discovery response that a watched file holds; equal content, equal version."""
    typed = [{"@type": f"{_TYPES}.{_KINDS[kind]}", **item} for item in items]
    text = json.dumps(typed, sort_keys=True)
    return {"version_info": hashlib.sha256(text.encode()).hexdigest()[:12], "resources": typed}


def hand_over(places: Places, kind: str, items: Iterable[Json]) -> str:
    """Put a watched file in place and return its version."""
    content = resources(kind, items)
    write(places.resource(kind), content)
    return str(content["version_info"])


def write(path: Path, content: Json) -> None:
    """Put a file in place as a whole; one that says the same already is left alone."""
    text = json.dumps(content, indent=1)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    scratch = path.with_suffix(".new")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(path)
