"""``python -m labline``."""

from labline.cli import main

main()
