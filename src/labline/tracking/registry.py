"""The model registry: versions, and stages kept as MLflow aliases."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline.errors import Failed, NotFound, Refused, nearest
from labline.records import ModelVersion
from labline.tracking.models import digest

if TYPE_CHECKING:
    from labline.tracking.client import Tracking

DIGEST_TAG = "labline.digest"


class ModelAltered(Failed):
    """A model's files are not those that were registered."""


@dataclass(frozen=True)
class Facts:
    """What a model's own files say of it."""

    #: ``{"inputs": [...], "outputs": [...]}`` as MLflow writes it; ``None`` without one
    signature: dict[str, Any] | None
    #: requirement lines
    requirements: tuple[str, ...]
    #: bytes of all files
    size: int


class Registry:
    """Registered models of one MLflow server."""

    def __init__(self, tracking: Tracking) -> None:
        self._tracking = tracking

    @property
    def _client(self) -> Any:
        return self._tracking.client

    def models(self) -> list[str]:
        """Return the names of all registered models."""
        with self._tracking.answering():
            return [item.name for item in self._client.search_registered_models()]

    def register(self, name: str, run_id: str) -> ModelVersion:
        """Register the run's model; a second call for the same model returns the same version.

        Raises
        ------
        Refused
            The run has no model.
        """
        run = self._tracking.run(run_id)
        if not run.model_uri:
            raise Refused(
                f"Run {run.name or run_id} has no model.",
                fix="Log one in the notebook: %log --model model --data X_test,y_test",
            )
        for known in self.versions(name, missing_ok=True):
            if known.run_id == run_id and known.source == run.model_uri:
                return known
        return self._create(name, run_id, run.model_uri)

    def _create(self, name: str, run_id: str, model_uri: str) -> ModelVersion:
        with self._tracking.answering():
            if name not in self.models():
                self._client.create_registered_model(name)
            folder = _download(model_uri)
            made = self._client.create_model_version(
                name,
                model_uri,
                run_id,
                tags={DIGEST_TAG: digest(folder)},
                model_id=model_uri.removeprefix("models:/"),
            )
        return self._version(made, {})

    def versions(self, name: str, *, missing_ok: bool = False) -> list[ModelVersion]:
        """Return all versions of a model, newest first.

        Raises
        ------
        NotFound
            No model of that name is registered.
        """
        with self._tracking.answering():
            if name not in (known := self.models()):
                if missing_ok:
                    return []
                first = "Promote a run first: labline promote best:METRIC --to STAGE"
                raise NotFound(
                    f"No model {name!r} is registered. {nearest(name, known)}",
                    fix="See what is registered: labline models list" if known else first,
                )
            aliases = self._client.get_registered_model(name).aliases
            found = self._client.search_model_versions(f"name = '{_quoted(name)}'")
            versions = [self._version(item, aliases) for item in found]
        return sorted(versions, key=lambda item: item.version, reverse=True)

    def version(self, reference: str, stages: Collection[str] = ()) -> ModelVersion:
        """Return the version that ``NAME`` (newest), ``NAME/3`` or ``NAME@staging`` names.

        Parameters
        ----------
        stages
            Those of the policy; where nothing holds another one, it is told that it is none.

        Raises
        ------
        NotFound
            There is none.
        """
        name, stage, number = split(reference)
        versions = self.versions(name)
        if stage:
            fit = [item for item in versions if stage in item.stages]
            fix = f"Promote one: labline promote {name} --to {stage}"
        elif number:
            fit = [item for item in versions if str(item.version) == number]
            fix = f"{name} has the versions {', '.join(str(v.version) for v in versions)}."
        else:
            fit, fix = versions, "Register one: labline promote best:METRIC --to STAGE"
        if not fit and stage and stages and stage not in stages:
            raise NotFound(
                f"There is no stage {stage!r} in the policy.", fix=nearest(stage, stages)
            )
        if not fit:
            raise NotFound(f"There is no model version {reference!r}.", fix=fix)
        return fit[0]

    def champion(self, name: str, stage: str) -> ModelVersion | None:
        """Return the version that a stage holds now."""
        versions = self.versions(name, missing_ok=True)
        return next((item for item in versions if stage in item.stages), None)

    def holders(self, name: str) -> dict[str, int]:
        """Return which version holds each stage of a model; nothing where there is no such model.

        Unlike :meth:`versions` it is one short question, for those who ask often.
        """
        with self._tracking.answering():
            found = self._client.search_registered_models(f"name = '{_quoted(name)}'")
        return {stage: int(number) for one in found for stage, number in one.aliases.items()}

    def set_stage(self, name: str, version: int, stage: str) -> None:
        """Let a version hold `stage`; the version that held it does no longer."""
        with self._tracking.answering():
            self._client.set_registered_model_alias(name, stage, str(version))

    def clear_stage(self, name: str, stage: str) -> None:
        """Let no version hold `stage`."""
        with self._tracking.answering():
            self._client.delete_registered_model_alias(name, stage)

    def signature(self, model_uri: str) -> dict[str, Any] | None:
        """Return a model's signature as ``{"inputs": [...], "outputs": [...]}``, if it has one."""
        from mlflow.models import Model

        with self._tracking.answering():
            return _schemas(Model.load(str(_download(model_uri))).signature)

    def facts(self, model_uri: str) -> Facts:
        """Return what a model's own files say of it."""
        from mlflow.models import Model

        with self._tracking.answering():
            folder = _download(model_uri)
        wanted = folder / "requirements.txt"
        lines = wanted.read_text(encoding="utf-8").splitlines() if wanted.is_file() else []
        return Facts(
            signature=_schemas(Model.load(str(folder)).signature),
            requirements=tuple(line.strip() for line in lines if line.strip()),
            size=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        )

    def example(self, version: ModelVersion) -> list[dict[str, Any]]:
        """Return the model's input example as rows.

        Raises
        ------
        NotFound
            It was logged without one, or its input has no named columns.
        """
        path = self.fetch(version) / "input_example.json"
        data = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        if "columns" not in data:
            raise NotFound(
                f"{version.label} has no input example with named columns.",
                fix="Log it with a DataFrame: %log --model model --data X_test,y_test",
            )
        return [dict(zip(data["columns"], row, strict=True)) for row in data["data"]]

    def fetch(self, version: ModelVersion) -> Path:
        """Return a local folder with the version's files.

        Raises
        ------
        ModelAltered
            They are not the files that were registered.
        """
        with self._tracking.answering():
            folder = _download(version.source)
        found = digest(folder)
        if version.digest and found != version.digest:
            raise ModelAltered(
                f"The files of {version.label} were altered after registration: their digest is "
                f"{found[:12]}, registered was {version.digest[:12]}.",
                fix="Train and register the model again.",
            )
        return folder

    def _version(self, item: Any, aliases: dict[str, str]) -> ModelVersion:
        return ModelVersion(
            name=item.name,
            version=int(item.version),
            run_id=item.run_id or "",
            source=item.source,
            stages=tuple(sorted(a for a, v in aliases.items() if str(v) == str(item.version))),
            created=item.creation_timestamp / 1000,
            digest=item.tags.get(DIGEST_TAG, ""),
        )


def _schemas(signature: Any) -> dict[str, Any] | None:
    if signature is None:
        return None
    return {
        part: schema.to_dict() if schema else []
        for part, schema in (("inputs", signature.inputs), ("outputs", signature.outputs))
    }


def split(reference: str) -> tuple[str, str, str]:
    """Split a model reference into name, stage and version; the latter two may be empty."""
    name, _, stage = reference.partition("@")
    name, _, number = name.partition("/")
    return name, stage, number


def _download(model_uri: str) -> Path:
    from mlflow.artifacts import download_artifacts

    return Path(download_artifacts(artifact_uri=model_uri))


def _quoted(name: str) -> str:
    return name.replace("'", "\\'")
