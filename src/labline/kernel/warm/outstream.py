"""stdout and stderr of a kernel that prints little."""

from __future__ import annotations

from ipykernel.iostream import OutStream


class Stream(OutStream):  # type: ignore[misc]
    """ipykernel's stream, which it flushes four times a cell; that costs where there is something.

    A flush waits for another thread, which sends what was written. Where nothing was written since
    the last one, nobody needs to wait.
    """

    _is_dirty = False

    def write(self, string: str) -> int | None:
        """Write; another thread may flush meanwhile, so the mark comes after the text."""
        try:
            written: int | None = super().write(string)
        finally:
            self._is_dirty = True
        return written

    def flush(self) -> None:
        """Have sent what was written."""
        if self._is_dirty:
            self._is_dirty = False
            super().flush()
