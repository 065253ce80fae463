"""The command palette, as somebody uses it by keys."""

from contextlib import suppress

from playwright.sync_api import Page, TimeoutError

#: how often it is opened anew, and how long it is waited for each time, in milliseconds
TIMES = 60
AGAIN = 2_000


def choose(page: Page, name: str) -> None:
    """Run a command by the palette.

    A page that is not ready yet lets the keys pass, or takes the focus away from the palette, which
    then closes.
    """
    palette = page.get_by_role("searchbox", name="Command Palette Section").or_(
        page.get_by_placeholder("SEARCH", exact=True)
    )
    found = page.locator(".lm-CommandPalette-item.lm-mod-active", has_text=name)
    for _ in range(TIMES):
        page.keyboard.press("Control+Shift+C")
        with suppress(TimeoutError):
            palette.fill(name, timeout=AGAIN)
            found.wait_for(timeout=AGAIN)
            break
    while found.is_visible():  # a palette about to draw its list anew lets Enter pass
        page.keyboard.press("Enter")
