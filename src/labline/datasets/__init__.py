"""Tables: what one is called, what it holds, and whether another is like it."""

from labline.datasets.tables import NotATable, describe, to_frame

__all__ = ["NotATable", "describe", "to_frame"]
