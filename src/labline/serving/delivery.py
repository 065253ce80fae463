"""Copy a Bento out of the store, complete with its model."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path

from labline.errors import Refused
from labline.records import Bento
from labline.serving import image, places

_DERIVED = shutil.ignore_patterns("__pycache__")


def deliver(bento: Bento, output: Path) -> None:
    """Copy `bento` to the folder or the ``*.bento`` file `output`, which appears whole.

    The copy holds its model, so that ``bentoml serve FOLDER``, ``bentoml containerize`` and
    ``bentoml import FILE`` need nothing else. A folder is the build context of an image, too.

    Raises
    ------
    Refused
        `output` is there and is no Bento.
    """
    if output.suffix == ".bento":
        _archive(bento, output)
    else:
        _folder(bento, output)


def _folder(bento: Bento, output: Path) -> None:
    if output.exists() and not _replaceable(output):
        raise Refused(
            f"{output} is there already and is no Bento.", fix="Name a new or an empty folder."
        )
    with places.staged(output) as copy:
        _copy(bento, copy)
        image.write_context(copy)


def _replaceable(output: Path) -> bool:
    return output.is_dir() and ((output / "bento.yaml").is_file() or not any(output.iterdir()))


def _copy(bento: Bento, target: Path) -> None:
    place = Path(bento.path)
    name, version = place.parent.name, place.name
    shutil.copytree(place, target, ignore=_DERIVED)
    model = place.parents[2] / "models" / name / version
    shutil.copytree(model, target / "models" / name / version)
    (target / "models" / name / "latest").write_text(version, encoding="utf-8")


def _archive(bento: Bento, output: Path) -> None:
    if output.is_dir():
        raise Refused(f"{output} is a folder.", fix="Name a file that ends in .bento.")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as folder:
        copy = Path(folder) / "bento"
        _copy(bento, copy)
        with places.staged(output) as file, tarfile.open(file, "w:xz") as archive:
            archive.add(copy, arcname="")
