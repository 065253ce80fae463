"""A browser test that fails leaves a picture of its page."""

from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Error

PICTURES = Path(__file__).parents[2] / "build" / "screenshots"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if report.failed and page:
        with suppress(Error):
            page.screenshot(path=PICTURES / f"failed-{item.name}.png")
    return report
