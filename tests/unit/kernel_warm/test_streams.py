from __future__ import annotations

import io
import logging
import sys

import pytest

from labline.kernel.warm import streams


def test_what_keeps_a_stream_writes_to_the_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    zygote, kernel = io.StringIO(), io.StringIO()
    monkeypatch.setattr(streams, "_passing", {})
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, zygote)
    streams.install()
    kept, handler = sys.stdout, logging.StreamHandler()
    kept.write("before ")
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, kernel)
    streams.become_the_kernels()
    print("after", file=kept)
    handler.emit(logging.makeLogRecord({"msg": "logged"}))
    kept.close()
    kept.writelines(["still ", "open"])
    assert zygote.getvalue() == "before "
    assert kernel.getvalue() == "after\nlogged\nstill open"


def test_it_is_what_it_passes_to() -> None:
    own = streams.Passing(sys.__stderr__)
    assert (own.fileno(), own.isatty()) == (2, sys.__stderr__.isatty())
    assert (own.encoding, own.errors) == (sys.__stderr__.encoding, sys.__stderr__.errors)
    assert own.writable()
    assert own.buffer is sys.__stderr__.buffer
    assert isinstance(own, io.TextIOBase)
