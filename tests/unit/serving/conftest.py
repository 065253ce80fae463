"""The Bento template is a project of its own: its modules are imported from where it lies."""

import sys
from pathlib import Path

TEMPLATE = Path(__file__).parents[3] / "bentos" / "pyfunc"
sys.path.insert(0, str(TEMPLATE))
