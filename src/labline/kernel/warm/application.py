"""ipykernel's application, halted where the job comes in."""

from __future__ import annotations

import contextlib
import errno
import gc
import importlib
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ipykernel import kernelapp
from ipykernel.kernelapp import IPKernelApp
from traitlets import DottedObjectName, Type

from labline.kernel.warm import asking, imports, limits, places, reseeding, streams
from labline.kernel.warm.kernel import ForkedKernel
from labline.kernel.warm.key import NO_HISTORY, NO_SLEEP, WITH_LABLINE
from labline.kernel.warm.source import Source

_PORTS = ("shell_port", "stdin_port", "iopub_port", "hb_port", "control_port")
_BIND_TIMEOUT = 5.0


class SpareApp(IPKernelApp):  # type: ignore[misc]
    """Builds the kernel ahead and becomes the kernel that is asked for.

    ``initialize()`` is ipykernel's. Its steps run in their order; up to ``init_kernel`` nothing
    depends on the job but the sockets. Where these are local files, they are made under names of
    this process and renamed later, and the wait for the job is in ``init_path``: what follows
    (path, shell, extensions, startup files) runs in the job's environment and folder. Where they
    are not, or are encrypted, the wait is in the first step, ``init_connection_file``.
    """

    kernel_class = Type(ForkedKernel)
    outstream_class = DottedObjectName("labline.kernel.warm.outstream.Stream")

    #: where the job comes from, as the next three set by :func:`run_kernel`
    source: ClassVar[Source]
    #: the project
    root: ClassVar[Path]
    #: modules that need not be learned
    known: ClassVar[frozenset[str]]

    def parse_command_line(self, argv: Any = None) -> None:
        """Do nothing: a spare has no arguments, and it takes 10 ms to find that out."""

    def init_connection_file(self) -> None:
        """Listen under a name of this process; ipykernel calls this first."""
        # Anything but 0: the hint how to stop a kernel in a terminal is not for this one.
        self.parent_handle = 1
        if self.source.binds:
            self.transport, self.ip = "ipc", str(places.folder() / f"s-{os.getpid()}")
            return
        gc.collect()
        self.connection_file = self._wait()["connection_file"]
        super().init_connection_file()

    def init_poller(self) -> None:
        """Do nothing: the owner is known later, or watched already."""

    def write_connection_file(self, **changes: Any) -> None:
        """Write nothing where the sockets' names are not the owner's yet."""
        if not self.source.binds:
            super().write_connection_file(**changes)

    def init_sockets(self) -> None:
        """Bind for this user alone."""
        with _private():
            super().init_sockets()

    def init_heartbeat(self) -> None:
        """Bind for this user alone; the heartbeat's thread does so in its own time."""
        with _private():
            super().init_heartbeat()
            path, deadline = Path(f"{self.ip}-{self.hb_port}"), time.monotonic() + _BIND_TIMEOUT
            while self.transport == "ipc" and not path.exists() and time.monotonic() < deadline:
                time.sleep(0.001)

    def init_path(self) -> None:
        """Become the kernel of the job."""
        kernelapp.IPKernelApp = IPKernelApp
        asking.attach()
        if self.source.binds:
            self._rehearse()
            self._take_connection(self._wait())
        self._take_shell()
        self.source.say({"ready": True})
        super().init_path()

    def _wait(self) -> Mapping[str, Any]:
        """Wait for the job, and let this process be its own."""
        try:
            job, descriptors = self.source.hear()
        except (EOFError, OSError):
            if self.source.binds:
                places.unlink_sockets(self.ip)
            os._exit(0)
        self._take_process(job, descriptors)
        return job

    def _rehearse(self) -> None:
        """Do what a kernel does when it is leased and when it ends; nobody waits for it here.

        What runs for the first time is slow: a fork copies the memory that it writes to, page by
        page.
        """
        kernel = self.kernel
        kernel.shell.run_cell("pass", store_history=False, silent=True)
        kernel._process_children()
        self.control_thread.io_loop.add_callback(_greet, self.iopub_thread)
        reseeding.reseed()
        gc.collect()
        gc.freeze()

    # -- what the process is -------------------------------------------------------------------

    def _take_process(self, job: Mapping[str, Any], descriptors: Sequence[int]) -> None:
        # Libraries set variables where they are unset, for themselves and for child processes.
        added = {name: os.environ[name] for name in os.environ.keys() - self.source.environment}
        os.environ.clear()
        os.environ.update({**added, **job["environment"]})
        if hasattr(time, "tzset"):
            time.tzset()
        os.umask(job["umask"])
        os.chdir(job["cwd"])
        sys.argv = [sys.argv[0], *job["arguments"]]
        _take_streams(*descriptors[:2])
        self._held = limits.apply(os.environ)
        reseeding.reseed()
        self.poller = self.source.watch(job["sockets"], descriptors[2:])

    # -- who the kernel is ---------------------------------------------------------------------

    def _take_connection(self, job: Mapping[str, Any]) -> None:
        info = job["connection"]
        for port in _PORTS:
            _move(Path(f"{self.ip}-{getattr(self, port)}"), Path(f"{info['ip']}-{info[port]}"))
            setattr(self, port, info[port])
        self.ip, self.connection_file = info["ip"], job["connection_file"]
        self.session.key = info["key"].encode()
        self.session.signature_scheme = info["signature_scheme"]
        self._ports = {port.removesuffix("_port"): info[port] for port in _PORTS}
        self.kernel.record_ports({port: info[port] for port in _PORTS})

    def _take_shell(self) -> None:
        """Redo what the shell took from the environment when it was built."""
        shell = self.kernel.shell
        shell.init_environment()
        shell.starting_dir = os.getcwd()  # noqa: PTH109
        shell.history_manager.dir_hist[:] = [Path.cwd()]
        self._take_options(shell)
        if name := os.environ.get("JPY_SESSION_NAME"):
            shell.user_ns["__session__"] = name
        streams.become_the_kernels()
        self._learned: set[str] = set()
        shell.events.register("post_run_cell", self._learn)

    def _take_options(self, shell: Any) -> None:
        """Do what a job's options ask for; they came after all that would read them."""
        if NO_HISTORY in sys.argv:
            shell.history_manager.enabled = False
        if NO_SLEEP in sys.argv:
            self.kernel._execute_sleep = 0.0
        if WITH_LABLINE in sys.argv:
            self.extra_extensions = ["labline"]

    def _learn(self, _: Any) -> None:
        """Remember what a cell imported; IPython calls this after each."""
        new = [name for name in imports.beyond(self.known) if name not in self._learned]
        if new:
            self._learned.update(new)
            with contextlib.suppress(OSError):
                imports.learn(new, self.root)


# What it logs and how it is configured is not to tell it from its base.
SpareApp.__name__ = IPKernelApp.__name__


def run_kernel(module: str, source: Source, root: Path, known: frozenset[str]) -> None:
    """Run `module` as ``python -m`` would, with :class:`SpareApp` for ipykernel's application.

    Parameters
    ----------
    known
        Modules that need not be learned.
    """
    SpareApp.source, SpareApp.root = source, root
    SpareApp.known = ForkedKernel.inherited = known
    kernelapp.IPKernelApp = SpareApp
    # As python -m has it; whoever needs it gone removes it.
    sys.path.insert(0, os.getcwd())  # noqa: PTH109
    sys.argv = [_kernel_file(module)]
    if module == "ipykernel_launcher":
        del sys.path[0]
        SpareApp.launch_instance()
    else:
        importlib.import_module(f"{module}.__main__").main()


def _kernel_file(module: str) -> str:
    """Return what ``sys.argv[0]`` is for ``python -m MODULE``."""
    found = importlib.import_module(module)
    path = str(found.__file__)
    return str(Path(path).with_name("__main__.py")) if hasattr(found, "__path__") else path


def _move(own: Path, wanted: Path) -> None:
    """Let a socket be found under another name."""
    try:
        own.rename(wanted)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        wanted.symlink_to(own)


def _greet(thread: Any) -> None:
    """Have the calling thread make its way to the one that publishes."""
    thread.schedule(lambda: None)


def _take_streams(stdout: int, stderr: int) -> None:
    """Write to the job's stdout and stderr, at the level of the operating system.

    ipykernel has replaced both by pipes that it reads, and kept a copy of what was there before,
    to which it writes all that arrives in the pipes.
    """
    for stream, given in (("stdout", stdout), ("stderr", stderr)):
        current = getattr(sys, stream)
        original = getattr(sys, f"__{stream}__")
        target = getattr(current, "_original_stdstream_copy", original.fileno())
        # Child processes have what is theirs, and not what is ipykernel's.
        os.dup2(given, target, target in (1, 2))
        os.close(given)


@contextlib.contextmanager
def _private() -> Iterator[None]:
    before = os.umask(0o177)
    try:
        yield
    finally:
        os.umask(before)
