"""Fit the pictures that the browser tests took for ``docs/tour.md``: ``make tour``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parent
TAKEN = DOCS.parent / "build" / "screenshots"
WIDTH = 1280
COLOURS = 256


def main() -> None:
    """Write each picture that the tour shows, small enough for a repository."""
    names = re.findall(r"\(tour/([\w-]+\.png)\)", (DOCS / "tour.md").read_text(encoding="utf-8"))
    missing = [name for name in names if not (TAKEN / name).is_file()]
    if missing:
        sys.exit(f"{TAKEN} has no {', '.join(missing)}. Run: pytest tests/browser")
    (DOCS / "tour").mkdir(exist_ok=True)
    for name in names:
        with Image.open(TAKEN / name) as taken:
            small = taken.convert("RGB")
            small.thumbnail((WIDTH, WIDTH))
            small.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE).save(
                DOCS / "tour" / name, optimize=True
            )


if __name__ == "__main__":
    main()
