"""What cells show: the error that ended one, and secrets taken out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

ANSI = re.compile(r"\x1b\[[0-9;]*m")
# A shorter value would be found all over innocent text.
_SHORTEST = 4


def raised(cell: NotebookNode) -> tuple[str, str]:
    """Return name and text of the exception that the cell shows last."""
    errors = [output for output in cell.outputs if output.output_type == "error"]
    if not errors:
        return "CellExecutionError", "it showed no error"
    return str(errors[-1].ename), ANSI.sub("", str(errors[-1].evalue))


def traceback(notebook: NotebookNode) -> str:
    """Return the traceback of the exception that the cells show last, empty if there is none."""
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    errors = [output for output in shown if output.output_type == "error"]
    return _text(errors[-1]).rstrip() if errors else ""


def _text(output: NotebookNode) -> str:
    if output.output_type == "stream":
        text = output.text
    elif output.output_type == "error":
        text = "\n".join(output.traceback)
    else:
        text = output.get("data", {}).get("text/plain", "")
    return ANSI.sub("", text).rstrip("\n") + "\n" if text else ""


def joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Return the outputs with the pieces of each stream, between others, as one.

    The text is what a terminal would show in the end. Which stream comes first is chance in a
    kernel, so it is stdout. nbclient's own way takes time with the square of a line's length.
    """
    whole: list[NotebookNode] = []
    for is_stream, group in itertools.groupby(outputs, lambda one: one.output_type == "stream"):
        pieces = list(group)
        whole += _streams(pieces) if is_stream else pieces
    return whole


def _streams(pieces: Iterable[NotebookNode]) -> list[NotebookNode]:
    from nbformat.v4 import new_output

    texts: dict[str, list[str]] = {}
    for piece in pieces:
        texts.setdefault(piece.name, []).append(piece.text)
    return [
        new_output("stream", name=name, text="\n".join(map(overwritten, text.split("\n"))))
        for name in sorted(texts, reverse=True)
        if (text := "".join(texts[name]))
    ]


def overwritten(line: str) -> str:
    """Return what is left of a line that goes back on itself, as a progress bar does."""
    line = line[line.rstrip("\r").rfind("\r") + 1 :]
    if "\b" not in line:
        return line
    left: list[str] = []
    for letter in line:
        if letter != "\b":
            left.append(letter)
        elif left:
            left.pop()
    return "".join(left)


class Redaction:
    """Replace the values of environment variables by their names.

    Parameters
    ----------
    secrets
        Values by variable.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._names = {
            value: f"env:{name}" for name, value in secrets.items() if len(value) >= _SHORTEST
        }

    def text(self, text: str) -> str:
        """Return `text` without the secrets."""
        for value, name in self._names.items():
            text = text.replace(value, name)
        return text

    def output(self, output: NotebookNode) -> None:
        """Take the secrets out of one output."""
        if not self._names:
            return
        for key in ("text", "evalue"):
            if key in output:
                output[key] = self.text(output[key])
        if "traceback" in output:
            output.traceback = [self.text(line) for line in output.traceback]
        for kind, data in output.get("data", {}).items():
            if isinstance(data, str) and not kind.startswith("image/"):
                output.data[kind] = self.text(data)

    def notebook(self, notebook: NotebookNode) -> None:
        """Take the secrets out of all outputs: some were updated after they were shown."""
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                self.output(output)
