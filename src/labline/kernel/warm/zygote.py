"""The process that warm kernels are forked from."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labline.kernel.warm import imports, places, wire
from labline.kernel.warm.fingerprint import Fingerprint
from labline.kernel.warm.heir import Heir
from labline.kernel.warm.pages import Pages
from labline.kernel.warm.spare import Spare

_log = logging.getLogger(__name__)
# What one request, from a process of the same user, may take to arrive.
_REQUEST_TIMEOUT = 1.0
_TICK = 1.0
_MOST_FAILURES = 3
_MOST_LOST_HEIRS = 20
_SETTLED_AFTER = 1.0


@dataclass(frozen=True)
class Options:
    """What a zygote is told at its start."""

    #: digest of its key, which names its socket
    digest: str
    #: module that its kernels run
    module: str
    #: the project; the zygote ends when this folder is gone
    root: str
    #: spares to keep
    spares: int
    #: seconds without a kernel until it ends
    idle: float
    #: seconds that its heir may take for one import
    patience: float = 60.0


@dataclass
class Child:
    """A fork that this zygote is the parent of."""

    pid: int
    #: tells that it ended
    pidfd: int
    #: of a spare: the other end of what it listens to, passed on when it is leased
    channel: socket.socket
    #: of a leased kernel: who wants to know how it ends
    lessee: socket.socket | None = None
    #: of a leased kernel: how its sockets' names begin
    sockets: str = ""

    def close(self) -> None:
        """Drop the descriptors."""
        os.close(self.pidfd)
        self.channel.close()
        if self.lessee:
            self.lessee.close()


class Born(BaseException):
    """Carries a new fork out of the zygote's frames, with what it is to be."""

    def __init__(self, role: Spare | Heir) -> None:
        self.role = role


class Zygote:
    """Serves leases until nobody needs it.

    Lifecycle: :func:`labline.kernel.warm.__main__.main` makes the first one of a process and
    calls :meth:`serve`. In the process itself that returns ``None`` at the end of its life; in a
    fork it returns what the fork is to be. An :class:`Heir` makes the next one.

    A zygote retires when it has an heir, when packages changed, when it was idle or when its
    project is gone: it lets go of its socket and its spares at once and lives on only as the
    parent of the kernels that still run, to tell how they end.

    It has one thread, imports nothing after its construction and never computes.
    """

    def __init__(
        self, options: Options, listener: socket.socket, lock: int, fingerprint: Fingerprint
    ) -> None:
        self.options = options
        listener.setblocking(False)
        self._listener = listener
        self._lock = lock
        self._path = places.folder() / f"z-{options.digest}.sock"
        self._fingerprint = fingerprint
        self._selector = selectors.DefaultSelector()
        self._spares: list[Child] = []
        self._kernels: dict[int, Child] = {}
        self._heir: Child | None = None
        self._importing = ""
        self._deadline = 0.0
        self._known: frozenset[str] = frozenset()
        self._learned_at = 0.0
        self._lost_heirs = 0
        self._failures = 0
        self._used = time.monotonic()
        self._retired = False
        self._pages = Pages()
        self._watch(listener, self._accept)

    def serve(self) -> Spare | Heir | None:
        """Work until the end, or until this process is a fork; its callers' frames unwind."""
        self._fingerprint.take_in_own_code()
        self._learn()
        gc.freeze()
        try:
            while True:
                if not self._retired:
                    self._tick()
                if self._retired and not self._kernels:
                    return None
                self._handle_events()
        except Born as born:
            gc.enable()
            return born.role

    def _handle_events(self) -> None:
        for chosen, _ in self._selector.select(_TICK):
            # An event may have been overtaken by the one before it.
            if self._selector.get_map().get(chosen.fd) is chosen:
                chosen.data()

    def _watch(self, source: Any, call: Callable[[], None]) -> None:
        self._selector.register(source, selectors.EVENT_READ, call)

    # -- leases --------------------------------------------------------------------------------

    def _accept(self) -> None:
        if not self._spares:
            # Before there is a lessee, whose descriptor the fork would have too.
            self._bear_spare()
        try:
            lessee, _ = self._listener.accept()
        except BlockingIOError:
            # An heir that has just taken over was faster.
            return
        lessee.settimeout(_REQUEST_TIMEOUT)
        try:
            request, _ = wire.receive(lessee)
            self._lease(lessee, request)
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            _log.warning("A request could not be served: %s", error)
            lessee.close()

    def _lease(self, lessee: socket.socket, request: dict[str, Any]) -> None:
        if {"stop", "tell"} & set(request):
            self._answer(lessee, request)
            return
        if self._fingerprint.is_stale():
            wire.send(lessee, {"stale": True})
            lessee.close()
            self._retire("installed packages changed")
            return
        if hidden := imports.hidden_by(Path(request["cwd"])):
            wire.send(lessee, {"refused": f"{hidden!r} in {request['cwd']} hides a module"})
            lessee.close()
            return
        self._hand_out(self._spares.pop(0), lessee, request["sockets"])
        self._used, self._failures = time.monotonic(), 0

    def _answer(self, lessee: socket.socket, request: dict[str, Any]) -> None:
        """Do what one does who wants no kernel: look, or end this."""
        with lessee:
            if "tell" in request:
                is_mine = request["tell"] == self.options.root
                wire.send(lessee, self._facts() if is_mine else {})
        if request.get("stop") == self.options.root:
            self._retire("it was told to")

    def _facts(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "module": self.options.module,
            "spares": len(self._spares),
            "kernels": list(self._kernels),
            "imported": len(sys.modules),
        }

    def _hand_out(self, spare: Child, lessee: socket.socket, sockets: str) -> None:
        self._kernels[spare.pid], spare.sockets = spare, sockets
        try:
            wire.send(lessee, {"pid": spare.pid}, [spare.pidfd, spare.channel.fileno()])
        finally:
            # Now the lessee alone holds the spare's other end: if it is gone, the spare ends.
            spare.channel.close()
        spare.lessee = lessee
        self._watch(lessee, lambda: self._forget_lessee(spare))

    def _forget_lessee(self, kernel: Child) -> None:
        if kernel.lessee:
            self._selector.unregister(kernel.lessee)
            kernel.lessee.close()
            kernel.lessee = None

    # -- forks ---------------------------------------------------------------------------------

    def _bear_spare(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        spare = Spare(self.options, theirs, self._known, self._pages)
        self._spares.append(self._fork(ours, spare))
        theirs.close()

    def _bear_heir(self, wanted: list[str]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        own = (self.options, self._listener, self._lock, self._fingerprint)
        self._heir = self._fork(ours, Heir(own, theirs, wanted))
        theirs.close()
        self._importing, self._deadline = "", time.monotonic() + self.options.patience
        self._watch(ours, self._hear_heir)

    def _fork(self, channel: socket.socket, role: Spare | Heir) -> Child:
        gc.disable()
        pid = os.fork()
        if pid == 0:
            try:
                self._disown(keep_listener=isinstance(role, Heir))
                channel.close()
            except BaseException:  # noqa: BLE001 - whatever it is, there must be no second zygote
                os._exit(1)
            raise Born(role)
        gc.enable()
        child = Child(pid, os.pidfd_open(pid), channel)
        self._watch(child.pidfd, lambda: self._ended(child))
        return child

    def _disown(self, *, keep_listener: bool) -> None:
        """In a fork: let go of everything that is the zygote's."""
        self._selector.close()
        children = [*self._spares, *self._kernels.values(), self._heir]
        for child in filter(None, children):
            child.close()
        if not keep_listener:
            self._listener.close()
            os.close(self._lock)

    def _ended(self, child: Child) -> None:
        _, status = os.waitpid(child.pid, 0)
        self._selector.unregister(child.pidfd)
        if child is self._heir:
            self._lose_heir()
        elif self._kernels.pop(child.pid, None):
            self._tell(child, os.waitstatus_to_exitcode(status))
        elif not self._retired:
            self._spares.remove(child)
            self._failures += 1
            _log.warning("A spare ended before its time: %s", os.waitstatus_to_exitcode(status))
        places.unlink_sockets(str(places.folder() / f"s-{child.pid}"))
        child.close()

    def _tell(self, kernel: Child, code: int) -> None:
        """Tell how a kernel ended; its sockets go first, for a restart makes them anew.

        A kernel that told of its own end may have a successor by now.
        """
        if kernel.sockets:
            places.unlink_dead_sockets(kernel.sockets)
        self._used = time.monotonic()
        if kernel.lessee:
            self._selector.unregister(kernel.lessee)
            with contextlib.suppress(OSError):
                wire.send(kernel.lessee, {"exit": code})

    # -- the heir ------------------------------------------------------------------------------

    def _hear_heir(self) -> None:
        heir = self._heir
        if heir is None:
            return
        try:
            message, _ = wire.receive(heir.channel)
        except (EOFError, OSError):
            # It ended, or is about to; _ended() tells.
            self._selector.unregister(heir.channel)
            return
        if "fit" in message:
            self._retire("its heir took over", keep_path=True)
        else:
            self._note(message)

    def _lose_heir(self) -> None:
        heir, self._heir = self._heir, None
        if heir and heir.channel.fileno() in self._selector.get_map():
            self._selector.unregister(heir.channel)
        if heir and not self._retired:
            self._hear_last_words(heir.channel)
            if self._importing:
                self._note_unfit(self._importing, "its import ended the process, or did not end")
        self._learned_at = 0.0
        self._lost_heirs += 1

    def _hear_last_words(self, channel: socket.socket) -> None:
        """Read what the heir said and nobody has read yet, so that the right import is blamed."""
        channel.setblocking(False)
        with contextlib.suppress(EOFError, OSError):
            while True:
                self._note(wire.receive(channel)[0])

    def _note(self, message: dict[str, Any]) -> None:
        if "unfit" in message:
            self._note_unfit(message["unfit"], message["reason"])
        self._importing = message.get("importing", "")
        self._deadline = time.monotonic() + self.options.patience

    def _note_unfit(self, name: str, reason: str) -> None:
        _log.warning("%s is not imported ahead: %s", name, reason)
        imports.note_unfit(Path(self.options.root), name, reason, self._fingerprint.digest)

    # -- time ----------------------------------------------------------------------------------

    def _tick(self) -> None:
        if reason := self._reason_to_retire():
            self._retire(reason)
            return
        if self._heir is None:
            self._look_for_imports()
        elif time.monotonic() > self._deadline:
            os.kill(self._heir.pid, signal.SIGKILL)
        while len(self._spares) < self.options.spares:
            self._bear_spare()

    def _reason_to_retire(self) -> str:
        if not Path(self.options.root).is_dir():
            return "its project is gone"
        if not self._path.exists():
            return "its socket is gone"
        if self._failures >= _MOST_FAILURES:
            return "its spares do not live"
        idle = time.monotonic() - self._used > self.options.idle and not self._kernels
        return "nobody used it" if idle else ""

    def _look_for_imports(self) -> None:
        try:
            changed = imports.place(Path(self.options.root)).stat().st_mtime
        except OSError:
            return
        # The next cell may import more.
        is_settled = time.time() - changed > _SETTLED_AFTER
        if changed != self._learned_at and is_settled and self._lost_heirs < _MOST_LOST_HEIRS:
            self._learned_at = changed
            if wanted := self._learn().wanted(self._fingerprint.digest):
                self._bear_heir(wanted)

    def _learn(self) -> imports.Learned:
        """Read what is known of imports; spares get a set that they need not make themselves."""
        learned = imports.read(Path(self.options.root))
        self._known = frozenset({*sys.modules, *learned.modules, *learned.unfit})
        return learned

    def _retire(self, reason: str, *, keep_path: bool = False) -> None:
        _log.warning("The zygote %s retires: %s", os.getpid(), reason)
        self._retired = True
        self._selector.unregister(self._listener)
        self._listener.close()
        if not keep_path:
            self._path.unlink(missing_ok=True)
            self._path.with_suffix(".log").unlink(missing_ok=True)
            if self._heir:
                self._dismiss(self._heir)
        os.close(self._lock)
        for spare in self._spares:
            self._dismiss(spare)
        self._spares.clear()

    def _dismiss(self, child: Child) -> None:
        os.kill(child.pid, signal.SIGKILL)
        self._ended(child)
