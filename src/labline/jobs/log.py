"""The log of a job: what its cells show, as text, appended to a file as it comes."""

from __future__ import annotations

import codecs
import logging
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from labline.jobs.outputs import ANSI, Redaction, overwritten

#: bytes of one piece, unless asked otherwise
PIECE = 2**18
_HEADER = "[cell {}] {}\n"
# Seconds after which a line that is still being written is shown as far as it goes.
_PATIENCE = 1.0
_RETURN = re.compile(r"\r(?!\n)")


class Log:
    """Appends to a file; readers follow it by :func:`read`.

    A line that goes back on itself, as a progress bar does, is written as a terminal shows it in
    the end, and about once a second on the way there.

    Parameters
    ----------
    path
        The file; what an earlier attempt has written stays.
    redaction
        Takes secrets out.
    """

    def __init__(self, path: Path, redaction: Redaction) -> None:
        self._path = path
        self._redaction = redaction
        self._header = ""
        self._line: list[str] = []
        self._since = 0.0
        self._is_cut = False
        self._is_broken = False
        if path.exists() and path.stat().st_size:
            self._put("\n--- begun again ---\n")

    def begin(self, number: int, name: str) -> None:
        """Begin with a cell; its header is written when it shows something."""
        self.end()
        self._header = _HEADER.format(number, name)

    def message(self, kind: str, content: Mapping[str, Any]) -> None:
        """Append what a kernel's message of some kind shows."""
        if kind == "stream":
            self.write(content["text"])
        elif kind in ("display_data", "execute_result"):
            self._block(content.get("data", {}).get("text/plain", ""))
        elif kind == "error":
            self._block("\n".join(content["traceback"]))

    def _block(self, text: str) -> None:
        self.end()
        self.write(text.rstrip("\n") + "\n" if text else "")

    def write(self, text: str) -> None:
        """Append text, of which the last line may go on later."""
        if not text:
            return
        head, newline, tail = self._redaction.text(text).rpartition("\n")
        if newline:
            self._line.append(head + newline)
            self._flush()
        if tail:
            self._since = self._since if self._line else time.monotonic()
            self._line.append(tail)
        self.tick()

    def tick(self) -> None:
        """Write a line that has waited long for its end as far as it goes."""
        if self._line and time.monotonic() - self._since > _PATIENCE:
            self._flush()

    def end(self) -> None:
        """Write all there is; the next text begins a line."""
        self._flush()
        if self._is_cut:
            self._put("\n")

    def _flush(self) -> None:
        text, self._line = "".join(self._line), []
        if not text:
            return
        starts_anew = self._is_cut and _RETURN.search(text.partition("\n")[0])
        shown = "\n".join(map(overwritten, ANSI.sub("", text).split("\n")))
        self._put(self._header + ("\n" if starts_anew else "") + self._redaction.text(shown))
        self._header = ""

    def _put(self, text: str) -> None:
        self._is_cut = not text.endswith("\n")
        try:
            if not self._is_broken:
                with self._path.open("ab") as file:
                    file.write(text.encode("utf-8", "replace"))
        except OSError:
            # A disk that is full ends the job where it matters: at its notebook.
            self._is_broken = True
            logging.getLogger(__name__).exception("%s is not written any more", self._path)


def note(path: Path, text: str) -> None:
    """Append a line that labline itself has to say."""
    with path.open("a", encoding="utf-8") as file:
        file.write(f"[labline: {text}]\n")


def read(path: Path, offset: int, limit: int = PIECE) -> tuple[str, int]:
    """Return the text from a byte offset on, at most `limit` bytes, and where the next begins.

    A letter that is written only in part is left to the next piece.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            content = file.read(max(4, limit))
    except FileNotFoundError:
        return "", 0
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(content)
    return text, offset + len(content) - len(decoder.getstate()[0])


def skip(path: Path, offset: int, most: int) -> tuple[int, int]:
    """Return where to go on to read at most the last `most` bytes, and how many lines that skips.

    It is the beginning of a line, where there is one so near; `offset` if no more than that
    follows.
    """
    size = path.stat().st_size if path.is_file() else 0
    if size - offset <= most:
        return offset, 0
    with path.open("rb") as file:
        file.seek(offset)
        lines = sum(piece.count(b"\n") for piece in _pieces(file, size - most - offset))
        if file.readline(most).endswith(b"\n"):
            return file.tell(), lines + 1
        return size - most, lines


def _pieces(file: BinaryIO, count: int) -> Iterator[bytes]:
    while count > 0 and (piece := file.read(min(count, PIECE))):
        count -= len(piece)
        yield piece


def tail(path: Path, limit: int) -> tuple[str, int]:
    """Return the last whole lines of at most `limit` bytes, and where the next piece begins."""
    size = path.stat().st_size if path.is_file() else 0
    text, offset = read(path, max(0, size - limit), limit)
    return (text.partition("\n")[2] or text if size > limit else text), offset


def whole(path: Path) -> str:
    """Return all the text there is."""
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
