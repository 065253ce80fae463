"""What a cell showed: collected as references while it runs, digested in the writer's thread."""

from __future__ import annotations

import re
from typing import Any

# `<Figure at 0x7f3a>` differs from run to run and says nothing.
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
_LONG = 500_000
_KINDS = ("out_stream", "execute_result", "display_data")


class Outputs:
    """Follow the outputs of one shell.

    IPython (9 and later) keeps streams and results in its history; ipykernel keeps displays out
    of it by default, so those are seen through its display publisher's hook.
    """

    def __init__(self, shell: Any) -> None:
        self._history = getattr(shell.history_manager, "outputs", {})
        self._shell = shell
        self._before: dict[int, int] = {}
        self._displays: list[Any] = []
        self._hooked = hasattr(shell.display_pub, "register_hook")
        if self._hooked:
            shell.display_pub.register_hook(self._see)

    def close(self) -> None:
        """Let go of the shell."""
        if self._hooked:
            self._shell.display_pub.unregister_hook(self._see)

    def mark(self) -> None:
        """Begin a cell."""
        count = self._shell.execution_count
        # IPython files some outputs under this count, some under the one before.
        self._before = {key: len(self._history.get(key, ())) for key in (count - 1, count)}
        self._displays = []

    def taken(self) -> list[Any]:
        """End the cell; return its outputs for :func:`digest`."""
        found: list[Any] = []
        for key, seen in self._before.items():
            for item in self._history.get(key, ())[seen:]:
                known_by_hook = self._hooked and item.output_type == "display_data"
                if item.output_type in _KINDS and not known_by_hook:
                    found.append(item.bundle)
        return found + self._displays

    def _see(self, message: dict[str, Any]) -> dict[str, Any]:
        content = message.get("content", {})
        if message.get("msg_type") == "display_data" and "labline" not in content["transient"]:
            self._displays.append(content["data"])
        return message


def digest(outputs: list[Any]) -> str:
    """Return the SHA-256 of what :meth:`Outputs.taken` returned, empty where it is empty."""
    import hashlib

    if not outputs:
        return ""
    whole = hashlib.sha256()
    for bundle in outputs:
        for kind in sorted(bundle):
            whole.update(f"{kind}\0".encode())
            whole.update(_bytes(bundle[kind]))
    return whole.hexdigest()


def _bytes(content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    text = "".join(content) if isinstance(content, list) else str(content)
    # A regular expression holds up the whole interpreter for as long as it works.
    plain = _ADDRESS.sub("0x", text) if len(text) < _LONG else text
    return plain.encode(errors="replace")
