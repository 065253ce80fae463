"""What the gate on dependencies judges: packages, licences, known vulnerabilities."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from labline.errors import LablineError, Refused
from labline.packages import Package
from labline.records import ModelVersion

if TYPE_CHECKING:
    from labline.lab.service import Lab
    from labline.promotion.evidence import Dependencies, Subject


def look(lab: Lab, candidate: Subject, stage: str) -> Dependencies:
    """Return what a candidate's service would be made of; what is wrong is told, not raised.

    Raises
    ------
    Unreachable
        MLflow or the package index is away.
    """
    from labline.promotion.evidence import Dependencies

    try:
        return _look(
            lab,
            candidate,
            lab.rules.stage(stage).dependencies.vulnerabilities,
        )
    except LablineError as error:
        if error.exit_code == 3:
            raise
        return Dependencies(error=error.message, fix=error.fix)


def _look(lab: Lab, candidate: Subject, file: str | None) -> Dependencies:
    from labline.promotion.evidence import Dependencies
    from labline.serving import preflight
    from labline.serving.advisories import Database
    from labline.serving.licences import Licences

    database = Database.read(lab.settings.root / file) if file else None
    pins = preflight.pins(*source(lab, candidate), lab.settings)
    licences = Licences(lab.settings.state / "envs")
    packages = tuple(Package(name, version, licences.of(name, version)) for name, version in pins)
    if database is None or file is None:
        return Dependencies(packages)
    named = f"{file} ({_age(lab.settings.root / file)})"
    return Dependencies(packages, tuple(database.of(pins)), named, len(database.known(pins)))


def _age(path: Path) -> str:
    """Say how old a file is: an old database knows nothing of what was found since."""
    days = int((time.time() - path.stat().st_mtime) // 86400)
    return "of today" if days <= 0 else f"{days} {'day' if days == 1 else 'days'} old"


def source(lab: Lab, candidate: Subject) -> tuple[Path, ModelVersion]:
    """Return a candidate's files, and the version that it is, or is going to be.

    Before it is registered it gets the number that comes next, so that in most cases deploying
    finds its Bento built.

    Raises
    ------
    Refused
        Its run has no model.
    """
    registry = lab.tracking.registry
    if candidate.version is not None:
        known = registry.version(f"{candidate.model}/{candidate.version}")
        return registry.fetch(known), known
    versions = registry.versions(candidate.model, missing_ok=True)
    number = max((item.version for item in versions), default=0) + 1
    uri = candidate.run.model_uri
    if uri is None:
        raise Refused("The run has no model.", fix="Log one: %log --model model --data X,y")
    version = ModelVersion(candidate.model, number, candidate.run.id, uri, (), time.time())
    return registry.fetch(version), version
