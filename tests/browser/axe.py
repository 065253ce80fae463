"""What axe finds on a part of a page."""

import json
from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "extension" / "node_modules" / "axe-core" / "axe.min.js"


def assert_accessible(page: Page, part: str) -> None:
    """Fail if axe finds anything in a part of the page."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("part => axe.run(part).then(done => done.violations)", part)
    told = [(one["id"], one["help"], [node["html"] for node in one["nodes"]]) for one in found]
    assert not told, json.dumps(told, indent=1)
