"""Start kernels for jobs: warm where they can be, over sockets that only this user can reach."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline.errors import BadNotebook, nearest
from labline.kernel.recorder import DRIVEN
from labline.kernel.warm import limits
from labline.kernel.warm.key import NO_HISTORY, NO_SLEEP, WITH_LABLINE

if TYPE_CHECKING:
    from nbformat import NotebookNode

DEFAULT = "python3"
_PROVISIONER = "labline-warm"
_PLAIN = ("ipykernel_launcher", "labline.kernel")


def kernel_name(notebook: NotebookNode, name: str, asked: str | None = None) -> str:
    """Return the name of the kernel that was asked for, or the notebook's, if it can run.

    Raises
    ------
    BadNotebook
        It is not installed, or of another language than Python.
    """
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    wanted = asked or notebook.metadata.get("kernelspec", {}).get("name") or DEFAULT
    manager = KernelSpecManager()
    try:
        spec = manager.get_kernel_spec(wanted)
    except NoSuchKernel as error:
        raise BadNotebook(
            f"{name} wants the kernel {wanted!r}, which is not installed here.",
            fix=f"{nearest(wanted, manager.find_kernel_specs())} Choose a kernel in JupyterLab "
            "and save the notebook, or install that one.",
        ) from error
    if spec.language.lower() not in ("", "python"):
        raise BadNotebook(
            f"{name} wants the kernel {wanted!r}, which is for {spec.language}.",
            fix="Only Python notebooks are run. Choose a Python kernel in JupyterLab and save the "
            "notebook.",
        )
    return str(wanted)


@contextmanager
def private_manager(kernel: str, *, warm: bool = True) -> Iterator[Any]:
    """Make a kernel manager whose sockets lie in a folder of their own, removed at the end."""
    from labline.jobs.process import KernelProcess
    from labline.kernel.warm.client import CellClient

    start = {
        "kernel_name": kernel,
        "client_factory": CellClient,
        **({"kernel_spec_manager": warm_specs()} if warm else {}),
    }
    # Not below .labline: the path of a socket may have about a hundred characters.
    folder = Path(tempfile.mkdtemp(prefix="labline-"))
    try:
        if os.name == "posix":
            yield KernelProcess(
                **start,
                transport="ipc",
                ip=str(folder / "k"),
                connection_file=str(folder / "k.json"),
            )
        else:
            yield KernelProcess(**start, transport_encryption="auto")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def arguments(manager: Any) -> list[str]:
    """Return what is added to the command of a job's kernel.

    What a job runs is not what its user typed, so it is not in the history of IPython. nbclient
    does the same for the kernel that is called ``python3``; and a cell need not wait until the one
    before it is on the disk.
    """
    if not loads_labline(manager):
        return []
    loads = [WITH_LABLINE] if manager.kernel_spec.argv[2] == _PLAIN[0] else []
    return [NO_HISTORY, NO_SLEEP, *loads]


def loads_labline(manager: Any) -> bool:
    """Whether a job's kernel loads labline by itself, with :func:`arguments`."""
    return is_own(manager.kernel_spec.argv)


def environment(added: Mapping[str, str], cpus: int | None = None) -> dict[str, str]:
    """Return this process's environment with `added`, for a kernel that belongs to a job."""
    limit = {limits.CPUS: str(cpus)} if cpus else {}
    told = {"PYDEVD_DISABLE_FILE_VALIDATION": "1", DRIVEN: "1"}
    given = {**os.environ, **told, **limit, **added}
    return limits.with_pool_sizes(given)


@contextmanager
def held_to(environment: Mapping[str, str], provisioner: Any) -> Iterator[None]:
    """Hold a kernel to its CPUs, by its environment, within the block; a warm one does itself."""
    from labline.kernel.warm.provisioner import WarmProvisioner

    pid = getattr(provisioner, "pid", None)
    cpus = environment.get(limits.CPUS)
    if not cpus or not pid or sys.platform != "linux" or isinstance(provisioner, WarmProvisioner):
        yield
        return
    locks = limits.apply({limits.CPUS: cpus}, pid)
    try:
        yield
    finally:
        for lock in locks:
            os.close(lock)


def warm_specs() -> Any:
    """Return the installed kernelspecs; this interpreter's plain kernel is the warm one.

    Whether it does start warm is up to ``[kernels]``. A kernelspec that names a provisioner keeps
    it, and other interpreters and languages are left alone.
    """
    from jupyter_client.kernelspec import KernelSpecManager

    class Specs(KernelSpecManager):  # type: ignore[misc]
        def get_kernel_spec(self, kernel_name: str) -> Any:
            spec = super().get_kernel_spec(kernel_name)
            if is_own(spec.argv):
                # A new one each time: jupyter_client adds to it.
                warm = {"kernel_provisioner": {"provisioner_name": _PROVISIONER}}
                spec.metadata = {**warm, **spec.metadata}
            return spec

    return Specs()


def is_own(command: Sequence[str]) -> bool:
    """Whether `command` starts a plain Python kernel of this very environment."""
    if len(command) != 5 or command[1] != "-m" or command[2] not in _PLAIN:
        return False
    version = sys.version_info
    # What jupyter_client takes for the interpreter that it runs in itself.
    if command[0] in ("python", f"python{version[0]}", f"python{version[0]}.{version[1]}"):
        return True
    # Links stay: the interpreters of several environments may be links to one file.
    return os.path.abspath(command[0]) == os.path.abspath(sys.executable)  # noqa: PTH100
