"""A model is code: it is booted only if its files are those that were deployed."""

from __future__ import annotations

from pathlib import Path

from labline.deployment.releases import Stored
from labline.errors import BootFailed
from labline.tracking.models import digest
from labline.tracking.registry import ModelAltered


def check(stored: Stored) -> None:
    """Return if the model that a release would boot with is the one that was deployed.

    Raises
    ------
    BootFailed
        Its Bento is not there: it was removed, or the project moved.
    ModelAltered
        Its files are others, by their digest.
    """
    bento, plan = Path(stored.instances[0].command.cwd), stored.plan
    if not bento.is_dir():
        raise BootFailed(
            f"Release {stored.release.id} of {stored.release.endpoint} is not booted: its Bento "
            f"{bento} is not there.",
            fix=f"Build and deploy it again: labline deploy {plan.model}",
            folder=str(bento),
        )
    folder = _model(bento)
    # Where there is none the release cannot boot, and says so itself.
    if not folder.is_dir() or (found := digest(folder)) == plan.digest:
        return
    raise ModelAltered(
        f"Release {stored.release.id} of {stored.release.endpoint} is not booted: the files of "
        f"{plan.model} in its Bento were altered after it was deployed. Their digest is "
        f"{found[:12]}, deployed was {plan.digest[:12]}.",
        fix=f"Remove {bento} and {folder.parent}, then build and deploy it again from "
        f"the registry: labline deploy {plan.model}",
        folder=str(folder),
    )


def _model(bento: Path) -> Path:
    """Return where a BentoML store keeps the model of a Bento that labline built."""
    store, name, version = bento.parent.parent.parent, bento.parent.name, bento.name
    return store / "models" / name / version / "mlflow_model"
