"""The kernel *Python 3 (labline)*: ipykernel with labline's extension loaded.

``python -m labline.kernel -f CONNECTION_FILE``; all arguments are ipykernel's own.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Run a kernel until it is shut down, then publish what is still being recorded."""
    # As ipykernel's launcher does: the folder returns to the path once everything is imported.
    if sys.path[0] == "" or Path(sys.path[0]) == Path.cwd():
        del sys.path[0]
    from ipykernel.kernelapp import IPKernelApp

    from labline.kernel import finish

    IPKernelApp.launch_instance(extra_extensions=["labline"])
    finish()


if __name__ == "__main__":
    main()
