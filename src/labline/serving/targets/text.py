"""Objects as YAML that people read and patch."""

from __future__ import annotations

from typing import Any

import yaml


class _Plain(yaml.SafeDumper):
    """Writes what stands twice twice: anchors are hard to read and to patch."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def as_yaml(data: Any) -> str:
    """Return `data` as YAML, without anchors, in its own order."""
    text: str = yaml.dump(data, Dumper=_Plain, sort_keys=False, width=100)
    return text
