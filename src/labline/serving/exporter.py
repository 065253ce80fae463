"""From a model folder to a built Bento."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from labline.errors import Failed
from labline.records import Bento, ModelVersion
from labline.serving import delivery, places, requirements, templates
from labline.serving.model_folder import ModelFolder
from labline.settings import Settings
from labline.tracking import models

logger = logging.getLogger(__name__)

# Part of the tag: changed when the exporter makes another Bento of the same material.
_FORMAT = 1
_LIMITS = {"max_body_bytes", "max_rows", "body_timeout"}
_BUILDER = Path(__file__).with_name("builder.py")

Json = dict[str, Any]


def export(
    folder: Path, model: ModelVersion, *, settings: Settings, output: Path | None = None
) -> Bento:
    """Build the Bento of a model version.

    The same version, template and settings give the same Bento; it is built once.

    Parameters
    ----------
    folder
        The model in MLflow's format.
    output
        Where to copy the Bento: a folder, or a file ``*.bento``.

    Raises
    ------
    Refused
        The model has no signature or one that cannot be served, its requirements contradict the
        service's, or `output` holds something else.
    Failed
        BentoML could not build it; nothing is left of the try.
    """
    plan = Plan.of(folder, model, settings)
    with places.alone(settings.bentoml_home / "tmp" / f"{plan.slug}-{plan.version}.lock"):
        if not plan.place.is_dir():
            _make(plan, settings)
    bento = Bento(plan.tag, str(plan.place), model.label, plan.digest)
    if output is not None:
        delivery.deliver(bento, output)
    return bento


@dataclass(frozen=True)
class Plan:
    """What is going to be built; all of it is known before anything is made."""

    model: ModelVersion
    facts: ModelFolder
    #: SHA-256 of the model's files
    digest: str
    template: Path
    #: requirement lines, unlocked
    wanted: tuple[str, ...]
    limits: Json
    home: Path
    slug: str
    version: str

    @classmethod
    def of(cls, folder: Path, model: ModelVersion, settings: Settings) -> Plan:
        """Read and check everything that the Bento is made from."""
        facts = ModelFolder.read(folder, model.label)
        template = templates.find(settings.serving.template)
        wanted = requirements.combine(facts, templates.requirements(template))
        limits = settings.serving.model_dump(include=_LIMITS)
        digest = model.digest or models.digest(folder)
        material = [
            _FORMAT, model.label, model.run_id, digest, templates.digest(template), wanted, limits,
            facts.python, metadata.version("bentoml"),
        ]  # fmt: skip
        mark = hashlib.sha256(json.dumps(material).encode()).hexdigest()[:12]
        return cls(
            model, facts, digest, template, tuple(wanted), limits,
            settings.bentoml_home, _slug(model.name), f"{model.version}-{mark}",
        )  # fmt: skip

    @property
    def tag(self) -> str:
        """Tag of the Bento and of its model in the BentoML store."""
        return f"{self.slug}:{self.version}"

    @property
    def place(self) -> Path:
        """Folder of the Bento in the store."""
        return self.home / "bentos" / self.slug / self.version


def _slug(name: str) -> str:
    # BentoML: lower-case letters, digits and -._ inside, at most 63 characters.
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower())[:63].strip("-._") or "model"


def _make(plan: Plan, settings: Settings) -> None:
    logger.info("resolving the requirements of %s", plan.model.label)
    locked = requirements.lock(plan.wanted, plan.facts, cwd=settings.root)
    logger.info("building the Bento %s", plan.tag)
    stage = plan.home / "tmp" / f"{plan.slug}-{plan.version}"
    places.remove(stage)
    try:
        project = _write_project(plan, stage / "project", locked)
        _run_builder(plan, project, stage / "home")
        for store in ("models", "bentos"):
            _publish(plan, stage / "home" / store, plan.home / store)
    finally:
        places.remove(stage)


def _write_project(plan: Plan, project: Path, locked: str) -> Path:
    for path in templates.files(plan.template):
        target = project / path.relative_to(plan.template)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    spec = json.dumps(_spec(plan), indent=2, allow_nan=False) + "\n"
    (project / "service.json").write_text(spec, encoding="utf-8")
    (project / "requirements.txt").write_text("\n".join(plan.wanted) + "\n", encoding="utf-8")
    (project / "requirements.lock.txt").write_text(locked, encoding="utf-8")
    return project


def _spec(plan: Plan) -> Json:
    return {
        "model": {
            "name": plan.model.name,
            "version": plan.model.version,
            "tag": plan.tag,
            "run_id": plan.model.run_id,
            "digest": plan.digest,
        },
        "python": plan.facts.python,
        "signature": {
            "inputs": plan.facts.inputs,
            "outputs": plan.facts.outputs,
            "params": plan.facts.params or None,
        },
        "example": plan.facts.example,
        "limits": plan.limits,
    }


def _run_builder(plan: Plan, project: Path, home: Path) -> None:
    environment = {**os.environ, "BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "1"}
    home.mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-P", str(_BUILDER)],
        input=json.dumps(_order(plan, project)),
        env=environment,
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    logger.debug("BentoML: %s", done.stderr)
    if done.returncode:
        raise Failed(
            f"BentoML could not build {plan.tag}: {_last_line(done.stderr)}",
            fix="The whole output is in the error's details (--json) and in the log.",
            output=done.stderr[-8000:],
        )


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "no output")


def _order(plan: Plan, project: Path) -> Json:
    model = plan.model
    labels = {"model": model.name, "model_version": str(model.version), "run_id": model.run_id}
    return {
        "model": {
            "tag": plan.tag,
            "folder": str(plan.facts.path.resolve()),
            "mlflow": plan.facts.mlflow_version,
            "labels": labels,
            "metadata": {
                **labels,
                "digest": plan.digest,
                "source": model.source,
                "requirements": list(plan.facts.requirements),
            },
        },
        "bento": {
            "service": "service.py",
            "name": plan.slug,
            "version": plan.version,
            "labels": {**labels, "digest": plan.digest},
            "project": str(project),
            "requirements": (project / "requirements.lock.txt").read_text("utf-8").splitlines(),
            "python": plan.facts.python,
        },
    }


def _publish(plan: Plan, made: Path, store: Path) -> None:
    """Move one item into the store whole; it is on the same file system."""
    target = store / plan.slug / plan.version
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        (made / plan.slug / plan.version).rename(target)
    with places.staged(target.parent / "latest") as latest:
        latest.write_text(plan.version, encoding="utf-8")
