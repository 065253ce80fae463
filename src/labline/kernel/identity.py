"""Which notebooks this kernel belongs to, told by front ends over a comm.

The protocol, comm target ``labline.identity``. A front end opens one comm for each notebook that it
shows on this kernel, and sends, at the opening and whenever it changes:

``path``
    As the file browser shows it; after a rename or a move the new one.
``root``
    Folder on disk that paths are below (JupyterLab's ``serverRoot``); may be left out.
``version``
    Of labline's front end.
``cells``
    Ids of the notebook's cells; may be left out.
``record``
    ``"on"`` or ``"off"``: switch the recording, as ``%record`` does.

The kernel answers to each, and whenever its recording changes:
``{"version": ..., "recording": {"on": ..., "run": ..., "experiment": ...}}``, with ``"error"``
(``error``, ``message``, ``fix``) where it could not do what was asked. Two notebooks on one kernel
are told apart; the one whose cell is running is meant. A console tells nothing.

JupyterLab lets one connection to a kernel carry comms: the page of a second notebook sends the same
by :func:`labline.kernel.front.tell`, and hears the answer only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline import __version__
from labline.errors import BadInput, LablineError

if TYPE_CHECKING:
    from labline.kernel.recorder import Recorder

TARGET = "labline.identity"


@dataclass
class _Told:
    """One notebook, as its front end told it."""

    #: what it is told by; None where it only asks
    comm: Any = None
    path: Path | None = None
    cells: frozenset[str] = field(default=frozenset())

    def has(self, cell_id: str) -> bool:
        """Whether a cell is this notebook's; where ids were not told, by what is saved."""
        return cell_id in (self.cells or _saved_cells(self.path))


class Identity:
    """The notebooks on this kernel.

    Parameters
    ----------
    recorder
        Whose recording front ends see and switch.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._told: dict[str, _Told] = {}

    def register(self) -> None:
        """Listen for front ends; without a kernel, as in a terminal, there are none."""
        manager = getattr(getattr(self._recorder.shell, "kernel", None), "comm_manager", None)
        if manager is not None:
            manager.register_target(TARGET, self.opened)

    def path(self, cell_id: str = "") -> Path | None:
        """Return the notebook that a cell is in; of several that may be, the one told last."""
        known = [told for told in self._told.values() if told.path is not None]
        mine = [told for told in known if cell_id and told.has(cell_id)]
        chosen = mine or known
        return chosen[-1].path if chosen else None

    # -- front ends ------------------------------------------------------------------------------

    def opened(self, comm: Any, message: Mapping[str, Any]) -> None:
        """Take a front end on; ipykernel calls this for each comm."""
        comm.on_msg(lambda sent: self._hear(comm, sent))
        comm.on_close(lambda _: self.forget(comm.comm_id))
        self._told[comm.comm_id] = _Told(comm)
        self._hear(comm, message)

    def _hear(self, comm: Any, message: Mapping[str, Any]) -> None:
        comm.send(self.tell(comm.comm_id, message.get("content", {}).get("data", {})))

    def tell(self, page: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Take what a page says, and return the answer."""
        try:
            self._take(page, data)
        except LablineError as error:
            return {**self.state(), "error": error.to_dict()}
        return self.state()

    def forget(self, page: str) -> None:
        """Note that a notebook is no longer shown on this kernel."""
        self._told.pop(page, None)

    def _take(self, page: str, data: Mapping[str, Any]) -> None:
        # The notebook that was told last is the one in front.
        told = self._told[page] = self._told.pop(page, _Told())
        if isinstance(cells := data.get("cells"), list):
            told.cells = frozenset(map(str, cells))
        if path := data.get("path"):
            before, told.path = told.path, located(str(path), str(data.get("root") or ""))
            live = self._recorder.recording
            if live is not None and before and told.path and told.path != before:
                live.rename(before, told.path)
        if (record := data.get("record")) is not None:
            self._switch(str(record))

    def _switch(self, record: str) -> None:
        if record == "on":
            self._recorder.start()
        elif record == "off":
            self._recorder.stop()
        else:
            raise BadInput(f"record={record!r} is not on or off.", fix="Send on, or off.")

    def state(self) -> dict[str, Any]:
        """Return what front ends are told."""
        status = self._recorder.status
        recording = {
            "on": status.active,
            "run": status.run_id,
            "experiment": status.experiment,
            "message": status.message,
        }
        return {"version": __version__, "recording": recording}

    def push(self) -> None:
        """Tell every front end how the recording stands."""
        for told in list(self._told.values()):
            if told.comm is not None:
                told.comm.send(self.state())


def located(path: str, root: str) -> Path | None:
    """Return the file that a front end calls `path`; None where it is not on this disk.

    Without `root` it is looked for below this folder and those above it, as a kernel starts in
    its notebook's folder.
    """
    # Shared documents have a drive's name before the path.
    relative = path.partition(":")[2] if ":" in path.split("/", 1)[0] else path
    here = Path.cwd()
    roots = [Path(root).expanduser()] if root else []
    for folder in (*roots, here, *here.parents):
        if (found := folder / relative.lstrip("/")).is_file():
            return found
    return None


def _saved_cells(path: Path | None) -> frozenset[str]:
    try:
        document = json.loads(path.read_text(encoding="utf-8")) if path else {}
        return frozenset(str(cell.get("id", "")) for cell in document.get("cells", []))
    except (OSError, ValueError, AttributeError):
        return frozenset()
