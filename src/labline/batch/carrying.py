"""A model's files as bytes, for workers that do not see the folder."""

from __future__ import annotations

import io
import shutil
import tempfile
import threading
import zipfile
from functools import lru_cache
from pathlib import Path

# A worker elsewhere may have several threads.
_unpacking = threading.Lock()


def packed(folder: Path) -> bytes:
    """Return the files of a folder as one archive."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", strict_timestamps=False) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return kept.getvalue()


def unpacked(content: bytes, digest: str) -> Path:
    """Return a folder of this worker with the files of an archive; one for each digest."""
    with _unpacking:
        whole, half = _folder(digest) / "model", _folder(digest) / "half"
        if not whole.exists():
            shutil.rmtree(half, ignore_errors=True)
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                archive.extractall(half)
            half.rename(whole)
    return whole


@lru_cache(maxsize=1)
def _folder(digest: str) -> Path:
    import atexit

    made = tempfile.mkdtemp(prefix=f"labline-model-{digest[:12]}-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)
