"""The Jupyter kernel provisioner ``labline-warm``."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import subprocess
import sys
from collections.abc import Coroutine, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_client.localinterfaces import is_local_ip
from jupyter_client.provisioning import LocalProvisioner
from traitlets import Enum, Float, Integer

from labline.kernel.warm import CAN_FORK, wishes
from labline.kernel.warm.wire import CannotServe, Unwanted

if TYPE_CHECKING:
    from labline.kernel.warm.key import Key
    from labline.kernel.warm.lease import Job

_UNDERSTOOD = {"env", "cwd", "stdin", "stdout", "stderr", "independent", "kernel_id"}
# A kernel that is asked to shut down has ended by then, or takes long anyway.
_SHUTDOWN_GRACE = 0.5


class WarmProvisioner(LocalProvisioner):  # type: ignore[misc]
    """Starts kernels that have imported already; where it cannot, as Jupyter does, and says why.

    They are forks of a zygote, or prestarted spares of this process (``start``).

    Jupyter makes one per kernel, from ``metadata.kernel_provisioner`` of the kernelspec, and calls
    for a start :meth:`pre_launch` and :meth:`launch_kernel`, for the end
    :meth:`shutdown_requested` where the end is orderly; for a restart both. All else is
    :class:`LocalProvisioner`'s, to which a warm kernel looks like a process that it started.

    A project's ``[kernels]`` goes before the kernelspec's ``config``.
    """

    start = Enum(
        [None, wishes.FORKED, wishes.PRESTARTED],
        None,
        help="how; forked if unset, and prestarted where the system cannot fork safely",
    ).tag(config=True)
    spares = Integer(2, min=0, help="kernels that are kept ready").tag(config=True)
    idle = Float(600.0, min=0.0, help="seconds without a kernel until those end").tag(config=True)

    # Locks on the CPUs of a cold kernel; a warm one holds its own.
    _held: tuple[int, ...] | list[int] = ()

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Choose sockets in a folder of this user over TCP ports, which anyone can connect to.

        Called before every start. `super()` writes the connection file.
        """
        if self.parent is not None and os.name == "posix":
            _choose_ipc(self.parent)
            _choose_client(self.parent)
        return dict(await super().pre_launch(**kwargs))

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start the kernel, warm if possible. Called once per start, after :meth:`pre_launch`.

        Raises
        ------
        BadInput
            A limit in the kernel's environment is not a number.
        """
        if os.name == "posix":
            from labline.kernel.warm import limits

            limits.check(kwargs["env"])
            kwargs["env"] = limits.with_pool_sizes(kwargs["env"])
        try:
            self.process = await _finished(asyncio.to_thread(self._lease, cmd, kwargs))
        except CannotServe as reason:
            level = logging.INFO if isinstance(reason, Unwanted) else logging.WARNING
            self.log.log(level, "Starting a cold kernel: %s.", reason.message)
            return await self._launch_cold(cmd, kwargs)
        self.pid = self.pgid = self.process.pid
        self.cwd = kwargs.get("cwd") or Path.cwd()
        return self.connection_info

    async def shutdown_requested(self, restart: bool = False) -> None:
        """Wait for the end, for a moment: whoever asked looks only every tenth of a second.

        What is restarted is to find the memory free.
        """
        if sys.platform == "linux" and self.process is not None:
            if restart and hasattr(self.process, "wait_for_memory"):
                self.process.wait_for_memory()
            await _ended(self.process, _SHUTDOWN_GRACE)

    async def cleanup(self, restart: bool = False) -> None:
        """Let go of what the kernel held. Called after its end, and before a restart."""
        for descriptor in self._held:
            os.close(descriptor)
        self._held = ()
        await super().cleanup(restart=restart)

    def _lease(self, command: list[str], kwargs: Mapping[str, Any]) -> Any:
        from labline.kernel.warm import lease
        from labline.kernel.warm.key import of_kernel

        if strange := kwargs.keys() - _UNDERSTOOD:
            raise CannotServe(f"it is to be started with {', '.join(sorted(strange))}")
        cwd = Path(kwargs.get("cwd") or Path.cwd()).absolute()
        if not cwd.is_dir():
            raise CannotServe(f"{cwd} is not a folder")
        environment = dict(kwargs["env"])
        owner = None if kwargs.get("independent") else os.getpid()
        if owner and os.name == "posix":
            environment["JPY_PARENT_PID"] = str(owner)
        key = of_kernel(command, environment, cwd)
        start = self.start or (wishes.FORKED if CAN_FORK else wishes.PRESTARTED)
        own = wishes.Wishes(warm=True, start=start, spares=self.spares, idle=self.idle)
        wanted = wishes.of_project(Path(key.root), own)
        if not wanted.warm:
            raise Unwanted("[kernels] of the project says so")
        with _streams(kwargs) as (stdout, stderr):
            job = lease.Job(
                connection=_open_connection(self.connection_info),
                connection_file=command[4],
                sockets=_sockets(self.connection_info),
                arguments=command[3:],
                environment=environment,
                cwd=str(cwd),
                umask=_umask(),
                stdout=stdout,
                stderr=stderr,
                owner=owner,
            )
            take = _take_fork if wanted.start == wishes.FORKED else _take_prestarted
            return take(key, job, wanted)

    async def _launch_cold(self, command: list[str], kwargs: dict[str, Any]) -> Any:
        info = await super().launch_kernel(command, **kwargs)
        if sys.platform == "linux":
            from labline.kernel.warm import limits

            self._held = limits.apply(kwargs["env"], self.process.pid)
        return info


def _choose_ipc(manager: Any) -> None:
    from labline.kernel.warm import places

    if manager.transport != "tcp" or not is_local_ip(manager.ip):
        return
    try:
        folder = places.folder()
    except CannotServe:
        return
    manager.transport, manager.cache_ports = "ipc", False
    manager.ip = str(folder / f"k-{secrets.token_hex(4)}")


def _choose_client(manager: Any) -> None:
    from labline.kernel.warm.client import REPLACEMENTS

    manager.client_factory = REPLACEMENTS.get(manager.client_factory, manager.client_factory)


def _open_connection(info: Mapping[str, Any]) -> dict[str, Any] | None:
    if info["transport"] != "ipc" or info.get("curve_secretkey"):
        return None
    key = info["key"]
    return {**info, "key": key.decode() if isinstance(key, bytes) else key}


def _sockets(info: Mapping[str, Any]) -> str:
    return str(info["ip"]) if info["transport"] == "ipc" else ""


def _take_fork(key: Key, job: Job, wanted: wishes.Wishes) -> Any:
    from labline.kernel.warm import lease

    if not CAN_FORK:
        raise Unwanted("this operating system cannot fork safely")
    return lease.take(key, job, spares=wanted.spares, idle=wanted.idle)


def _take_prestarted(key: Key, job: Job, wanted: wishes.Wishes) -> Any:
    from labline.kernel.warm import keeper
    from labline.kernel.warm.kept import Kind

    if job.owner is None:
        raise Unwanted("it is to outlive this process, and prestarted kernels do not")
    kind = Kind(key, binds=job.connection is not None)
    streams = (job.stdout, job.stderr)
    return keeper.of_process().take(kind, job.message, streams, wanted.spares, wanted.idle)


@contextlib.contextmanager
def _streams(kwargs: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    """Provide descriptors of the kernel's stdout and stderr, as Popen understands them."""
    with contextlib.ExitStack() as stack:

        def opened(name: str, own: int) -> int:
            given = kwargs.get(name)
            if given == subprocess.PIPE or (name == "stdout" and given == subprocess.STDOUT):
                raise CannotServe(f"its {name} is to be a pipe")
            if given == subprocess.STDOUT:
                return opened("stdout", 1)
            found = own if given is None else given if isinstance(given, int) else given.fileno()
            if found == subprocess.DEVNULL or not _is_open(found):
                return stack.enter_context(open(os.devnull, "wb")).fileno()  # noqa: PTH123
            return found

        yield opened("stdout", 1), opened("stderr", 2)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _umask() -> int:
    """Return the umask, where possible without setting it, which other threads would see."""
    if sys.platform != "linux":
        os.umask(before := os.umask(0o077))
        return before
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("\nUmask:")[2].split(maxsplit=1)[0], 8)


async def _finished(lease: Coroutine[Any, Any, Any]) -> Any:
    """Return the kernel; if nobody waits for it any more, see to it that it does not stay."""
    task = asyncio.ensure_future(lease)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(_abandon)
        raise


def _abandon(lease: asyncio.Future[Any]) -> None:
    if lease.exception():
        return
    kernel = lease.result()
    if isinstance(kernel, subprocess.Popen):
        kernel.kill()
        kernel.wait()
    else:
        kernel.abandon()


async def _ended(process: Any, timeout: float) -> None:
    """Return when the process has ended, or after the timeout (seconds)."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    while process.poll() is None and (left := deadline - loop.time()) > 0:
        if hasattr(process, "descriptors"):
            await _readable(process.descriptors, left)
        else:
            own = os.pidfd_open(process.pid)
            await _readable([own], left)
            os.close(own)


async def _readable(descriptors: list[int], timeout: float) -> None:
    loop, news = asyncio.get_running_loop(), asyncio.Event()
    for descriptor in descriptors:
        loop.add_reader(descriptor, news.set)
    try:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(news.wait(), timeout)
    finally:
        for descriptor in descriptors:
            loop.remove_reader(descriptor)
