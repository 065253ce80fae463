"""What a kernel prints, and the flush that has nothing to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import zmq
from ipykernel.iostream import IOPubThread
from jupyter_client.session import Session

from labline.kernel.warm.outstream import Stream


class Heard:
    """A stream, the socket of who listens, and how often the thread that sends was woken."""

    def __init__(self, context: zmq.Context[Any]) -> None:
        publisher = context.socket(zmq.PUB)
        publisher.linger = 0
        port = publisher.bind_to_random_port("tcp://127.0.0.1")
        self.listener = context.socket(zmq.SUB)
        self.listener.linger = 0
        self.listener.subscribe(b"")
        self.listener.connect(f"tcp://127.0.0.1:{port}")
        self.thread = IOPubThread(publisher)
        self.thread.start()
        self.session = Session(key=b"k")
        self.stream = Stream(self.session, self.thread, "stdout", watchfd=False)
        self.woken = 0
        while not self.listener.poll(50):  # a subscription takes a moment
            publisher.send_multipart([b"", b"hello"])
        publisher.send_multipart([b"", b"ready"])
        while self.listener.recv_multipart() != [b"", b"ready"]:
            pass
        self._schedule, self.thread.schedule = self.thread.schedule, self._counted

    def _counted(self, call: Any) -> None:
        self.woken += 1
        self._schedule(call)

    def text(self, size: int) -> str:
        """Return what arrives, once it is so many letters, and what comes right after."""
        found = ""
        while self.listener.poll(100 if len(found) >= size else 60_000):
            _, parts = self.session.feed_identities(self.listener.recv_multipart())
            found += self.session.deserialize(parts)["content"]["text"]
        return found


@pytest.fixture
def heard() -> Iterator[Heard]:
    context: zmq.Context[Any] = zmq.Context()
    made = Heard(context)
    yield made
    made.thread.stop()
    made.thread.close()
    made.listener.close()
    context.term()


def test_a_flush_sends_what_was_written(heard: Heard) -> None:
    heard.stream.write("a line\n")
    heard.stream.flush()
    assert heard.text(7) == "a line\n"


def test_a_flush_of_nothing_wakes_nobody(heard: Heard) -> None:
    heard.stream.flush()
    assert heard.woken == 0
    heard.stream.write("a line\n")
    heard.stream.flush()
    woken = heard.woken
    assert woken
    heard.stream.flush()
    assert heard.woken == woken


def test_what_is_written_after_a_flush_is_sent_by_the_next(heard: Heard) -> None:
    for line in ("one\n", "two\n"):
        heard.stream.write(line)
        heard.stream.flush()
    assert heard.text(8) == "one\ntwo\n"
