"""What a fork must not share with its siblings although it is only memory: randomness.

Python reseeds ``random`` in every fork itself. What is seeded with a constant at import in a cold
process, as torch is, must stay as it is.
"""

from __future__ import annotations

import multiprocessing.process
import os
import sys


def reseed() -> None:
    """Give this process entropy of its own wherever a library keeps some."""
    if "numpy.random" in sys.modules:
        import numpy.random

        numpy.random.seed()
    if uuid := sys.modules.get("uuid"):
        # uuid1() counts up from the last one.
        vars(uuid)["_last_timestamp"] = None
    multiprocessing.process.current_process().authkey = os.urandom(32)
