"""Who scores: this process, Dask workers of our own, or those of a scheduler elsewhere."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from labline.batch import carrying
from labline.batch.plan import Piece
from labline.batch.scoring import Done, Work, score
from labline.errors import BadInput, Conflict, Failed, Unreachable

#: seconds until a scheduler must have answered, and have a worker
_PATIENCE = 15
#: what must be the same on both sides, beside what the model needs
_SAME = ("labline", "distributed", "mlflow", "numpy", "pandas", "pyarrow")


def here(work: Work, pieces: Iterable[Piece]) -> Iterator[Done]:
    """Score in this process."""
    from labline.tracking import loading

    for piece in pieces:
        yield score(work, piece, loading.load(work.folder, work.digest))


def on_cpus(work: Work, pieces: Sequence[Piece], workers: int, scratch: Path) -> Iterator[Done]:
    """Score in processes of this machine, one thread each.

    Only they can talk to one another: over loopback, with a certificate that is never on disk.
    """
    import dask
    from distributed import Client, LocalCluster

    # No pages are served: they would tell everybody on the machine what is done here.
    routes: dict[str, list[str]] = {
        f"distributed.{one}.http.routes": [] for one in ("scheduler", "worker", "nanny")
    }
    with (
        dask.config.set(routes),
        _environment_kept(),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            security=True,
            local_directory=str(scratch),
            silence_logs=50,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield from _all(client, functools.partial(_score, work), pieces)


@contextmanager
def _environment_kept() -> Iterator[None]:
    """Take back what Dask sets for its workers: it does so in the process that starts them.

    Each takes one thread for its arithmetic; a notebook that scored would keep to that.
    """
    import dask

    others = ("PYTHONHASHSEED", "__DASK_PARENT_PID")
    names = {*others, *dask.config.get("distributed.nanny.pre-spawn-environ")}
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def elsewhere(
    work: Work, pieces: Sequence[Piece], address: str, needs: Iterable[str]
) -> Iterator[Done]:
    """Score with the workers of a Dask scheduler, which see the same files.

    Raises
    ------
    Unreachable
        It does not answer, or has no workers.
    Conflict
        A worker has another Python, or other packages.
    """
    with _client(address) as client:
        names = sorted({*_SAME, *needs})
        mine, theirs = facts(names), client.run(facts, names, on_error="return")
        if told := differences(mine, theirs):
            raise Conflict(
                f"Workers of {address} are not as this machine: {told}.",
                fix="Install the same Python and packages there: labline and those of the model.",
            )
        model = client.scatter(carrying.packed(work.folder), broadcast=True, hash=False)
        yield from _all(client, functools.partial(_score_carried, work), pieces, model)


@contextmanager
def _client(address: str) -> Iterator[Any]:
    from distributed import Client

    try:
        client = Client(address, timeout=_PATIENCE)
    except ValueError as error:
        raise BadInput(
            f"{address!r} is no address of a scheduler: {error}.",
            fix="Write tcp://HOST:8786 or tls://HOST:8786",
        ) from error
    except (OSError, TimeoutError) as error:
        raise Unreachable(
            f"The Dask scheduler at {address} does not answer.",
            fix="Start it (dask scheduler), or correct --scheduler or [batch] scheduler.",
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
        except TimeoutError as error:
            raise Unreachable(
                f"The Dask scheduler at {address} has no workers.",
                fix=f"Start some, where the same files are seen: dask worker {address}",
            ) from error
        yield client


def facts(names: Iterable[str]) -> dict[str, str]:
    """Return the Python and the versions of packages of the process that is asked."""
    import platform

    found = {"Python": ".".join(platform.python_version_tuple()[:2])}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "missing"
    return found


def differences(mine: Mapping[str, str], theirs: Mapping[str, Any]) -> str:
    """Return how workers differ from this process, in words; empty where none does.

    Parameters
    ----------
    theirs
        Facts by the worker's address; an exception where it could not say them.
    """
    told = []
    for address, found in theirs.items():
        if isinstance(found, BaseException):
            told.append(f"{address} cannot import labline ({found})")
            continue
        wrong = [f"{name} {found.get(name)} for {value}"
                 for name, value in mine.items() if found.get(name) != value]  # fmt: skip
        if wrong:
            told.append(f"{address} has {', '.join(wrong)}")
    return "; ".join(told[:3]) + (f"; and {len(told) - 3} more" if len(told) > 3 else "")


def _score(work: Work, piece: Piece) -> Done:
    from labline.tracking import loading

    return score(work, piece, loading.load(work.folder, work.digest))


def _score_carried(work: Work, piece: Piece, model: bytes) -> Done:
    from labline.tracking import loading

    folder = carrying.unpacked(model, work.digest)
    return score(work, piece, loading.load(folder, work.digest))


def _all(client: Any, call: Any, pieces: Sequence[Piece], *more: Any) -> Iterator[Done]:
    """Yield what comes of each piece, in whatever order; the first error ends all."""
    from distributed import as_completed
    from distributed.scheduler import KilledWorker

    futures = {client.submit(call, piece, *more, pure=False): piece for piece in pieces}
    try:
        for future in as_completed(list(futures)):
            yield future.result()
            future.release()
    except KilledWorker as error:
        piece = futures[future]
        raise Failed(
            f"Workers died over {piece.path}"
            + (f", row groups {piece.groups[0]} to {piece.groups[-1]}." if piece.groups else "."),
            fix="They most likely ran out of memory: fewer --workers leave more to each.",
        ) from error
    finally:
        client.cancel(list(futures))


def cpus() -> int:
    """Return the CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
