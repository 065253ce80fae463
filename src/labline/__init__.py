"""labline: a model from a Jupyter notebook to a live, watched, replaceable service.

Importing this package imports nothing heavy; ``labline.Lab`` is loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from labline.lab import Lab

__version__ = "0.1.0"
__all__ = ["Lab", "__version__", "load_ipython_extension"]


def __getattr__(name: str) -> Any:
    if name == "Lab":
        from labline.lab import Lab

        return Lab
    raise AttributeError(f"module 'labline' has no attribute {name!r}")


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics; IPython calls this for ``%load_ext labline``."""
    from labline.magics import register

    register(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "labline"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from labline.server import LablineApp

    return [{"module": "labline.server", "app": LablineApp}]
