from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from labline.kernel.warm import process as _process
from labline.kernel.warm import wire
from labline.kernel.warm.process import UNKNOWN, WarmProcess

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere kernels start cold")
Made = tuple[WarmProcess, subprocess.Popen[bytes], socket.socket, socket.socket]


@pytest.fixture
def made() -> Iterator[Made]:
    """Provide a process, its parent's view of it, and the ends of its parent and its own."""
    child = subprocess.Popen(["sleep", "60"])
    zygote, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    kernel, channel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    yield WarmProcess(child.pid, os.pidfd_open(child.pid), ours, channel), child, zygote, kernel
    zygote.close()
    kernel.close()
    child.kill()
    child.wait()


def test_a_process_runs_until_its_parent_tells_how_it_ended(made: Made) -> None:
    process, child, zygote, _ = made
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.05)
    process.terminate()
    wire.send(zygote, {"exit": child.wait()})
    assert process.wait(timeout=20) == process.poll() == -signal.SIGTERM


def test_signals_to_the_ended_are_ignored(made: Made) -> None:
    process, child, zygote, _ = made
    process.kill()
    wire.send(zygote, {"exit": child.wait()})
    assert process.wait() == -signal.SIGKILL
    process.send_signal(signal.SIGINT)
    process.kill()


def test_the_end_is_seen_without_a_parent_that_tells(made: Made) -> None:
    process, child, zygote, _ = made
    zygote.close()
    assert process.poll() is None
    process.kill()
    child.wait()
    assert process.wait(timeout=20) in (-signal.SIGKILL, UNKNOWN)


def test_a_parent_that_is_silent_is_waited_for_only_a_moment(made: Made) -> None:
    process, child, _, _ = made
    process._zygote.settimeout(0.2)
    process.kill()
    child.wait()
    start = time.monotonic()
    assert process.poll() in (-signal.SIGKILL, UNKNOWN)
    assert time.monotonic() - start < 5


def test_the_word_of_the_kernel_is_enough(made: Made) -> None:
    process, child, _, kernel = made
    wire.send(kernel, {"exit": 3})
    assert process.poll() == 3
    assert child.poll() is None


def test_the_last_word_of_a_kernel_counts_that_ends_while_it_is_listened_for(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, child, zygote, kernel = made
    zygote.close()
    has_news = _process._has_news

    def end_afterwards(descriptors: list[int], timeout: float | None = 0) -> bool:
        found = has_news(descriptors, timeout)
        if descriptors == [process.channel.fileno()] and child.poll() is None:
            wire.send(kernel, {"exit": 0})
            child.kill()
            child.wait()
        return found

    monkeypatch.setattr(_process, "_has_news", end_afterwards)
    assert process.wait(20) == 0


def test_the_word_of_the_kernel_is_not_enough_where_its_memory_is_needed(made: Made) -> None:
    process, child, zygote, kernel = made
    process.wait_for_memory()
    kernel.close()
    assert process.poll() is None
    process.kill()
    wire.send(zygote, {"exit": child.wait()})
    assert process.poll() == -signal.SIGKILL


def test_a_kernel_that_falls_silent_is_not_dead(made: Made) -> None:
    process, child, zygote, kernel = made
    kernel.close()
    assert process.poll() is None
    process.terminate()
    wire.send(zygote, {"exit": child.wait()})
    assert process.wait(20) == -signal.SIGTERM
