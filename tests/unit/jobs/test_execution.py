from __future__ import annotations

import asyncio

from jupyter_core.utils import ensure_event_loop

from labline.jobs import execution


def test_the_loop_is_closed_also_where_asyncio_takes_another_for_this_threads() -> None:
    loop = ensure_event_loop()
    asyncio.set_event_loop(None)
    with execution._loop():
        pass
    assert loop.is_closed()
    with execution._loop():
        assert not ensure_event_loop().is_closed()
