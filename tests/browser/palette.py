"""The command palette, as somebody uses it by keys."""

from contextlib import suppress

from playwright.sync_api import Locator, Page, TimeoutError

#: how often it is opened anew, and how long it is waited for each time, in milliseconds
TIMES = 60
AGAIN = 2_000
#: how long what a command opens is waited for before the keys count as gone astray
OPENS = 30_000


def choose(page: Page, name: str, opens: Locator) -> None:
    """Run a command by the palette; return when what it `opens` is there.

    A page that is not ready yet lets the keys pass, or takes the focus away from the palette, which
    then closes; whoever sits before it would do it again.
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
            while found.is_visible():  # a palette about to draw its list anew lets Enter pass
                page.keyboard.press("Enter")
            opens.wait_for(timeout=OPENS)
            return
    raise AssertionError(f"the palette does not run {name!r}")
