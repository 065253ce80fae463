import threading

import pytest
from tests.jobs import until

from labline.jobs.slots import Slots
from labline.workflows import Interrupted


def test_who_waits_gets_a_place_by_priority_then_in_order():
    slots, never, served = Slots(1), threading.Event(), []

    def work(name: str, priority: int) -> None:
        with slots.taken(priority, never):
            served.append(name)

    threads = [
        threading.Thread(target=work, args=given)
        for given in (("usual", 0), ("next", 0), ("urgent", 5))
    ]
    with slots.taken(0, never):
        for number, thread in enumerate(threads, 1):
            thread.start()
            until(lambda number=number: len(slots._waiting) == number)
    for thread in threads:
        thread.join(10)
    assert served == ["urgent", "usual", "next"]


def test_who_is_stopped_while_it_waits_gives_up_its_turn():
    slots, never, stopped = Slots(1), threading.Event(), threading.Event()
    stopped.set()
    with slots.taken(0, never), pytest.raises(Interrupted), slots.taken(9, stopped):
        pytest.fail("there was no place")
    with slots.taken(0, never):
        assert slots._waiting == []
