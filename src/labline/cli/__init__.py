"""The command ``labline``.

Exit codes: 0 done; 1 the work failed (a cell raised, a gate refused); 2 bad usage or input;
3 a service that labline needs cannot be reached.
"""

from labline.cli.app import main

__all__ = ["main"]
