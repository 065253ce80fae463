"""A model's files as bytes, for workers that do not see the folder."""

from __future__ import annotations

import io
import shutil
import tarfile
import tempfile
import threading
from functools import lru_cache
from pathlib import Path

# A worker elsewhere may have several threads.
_unpacking = threading.Lock()


def packed(folder: Path) -> bytes:
    """Return the files of a folder as one archive."""
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w") as archive:
        archive.add(folder, arcname=".")
    return kept.getvalue()


def unpacked(content: bytes, digest: str) -> Path:
    """Return a folder of this worker with the files of an archive; one for each digest."""
    with _unpacking:
        folder = _folder(digest)
        if not any(folder.iterdir()):
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                archive.extractall(folder, filter="data")
    return folder


@lru_cache(maxsize=1)
def _folder(digest: str) -> Path:
    import atexit

    made = tempfile.mkdtemp(prefix=f"labline-model-{digest[:12]}-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)
