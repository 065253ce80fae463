"""Model files in MLflow's format: save without guessing, attach to a run, digest."""

from __future__ import annotations

import hashlib
import logging
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline.errors import Failed
from labline.tracking.flavors import Flavor, flavor_of

if TYPE_CHECKING:
    from labline.tracking.client import Tracking

#: key of a model's metadata: column -> its categories, in order
CATEGORIES = "labline.categories"
CONTENT_TAG = "labline.content"
# MLflow adds this file to a copy that is downloaded by its registered name.
_ADDED = {"registered_model_meta"}


class NoSignature(Failed):
    """No signature could be inferred from the data."""


def save(
    model: Any,
    folder: Path,
    *,
    example: Any,
    requirements: Sequence[str],
    code_paths: Sequence[Path] = (),
) -> None:
    """Write `model` to `folder` in MLflow's format, with signature, example and requirements.

    Parameters
    ----------
    example
        Rows (n, columns) as the model takes them; the signature's inputs come from all of them,
        the first five are kept.
    requirements
        Requirement lines; given outright, since MLflow's own inference starts a process that
        takes seconds.

    Raises
    ------
    BadInput
        No flavor saves such a model.
    NoSignature
        MLflow cannot infer a signature from `example`.
    """
    flavor = flavor_of(model)
    options: dict[str, Any] = {
        "path": str(folder),
        "signature": _signature(model, flavor, example),
        "input_example": _head(example),
        "pip_requirements": list(requirements),
        "code_paths": [str(path) for path in code_paths] or None,
        "metadata": _metadata(example),
        flavor.argument: model,
        **flavor.options,
    }
    try:
        with _quiet():
            import_module(f"mlflow.{flavor.name}").save_model(**options)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _metadata(example: Any) -> dict[str, Any] | None:
    """Return what MLflow's schema of the inputs does not say: the categories of columns."""
    columns = example.items() if hasattr(example, "columns") else ()
    found = {
        str(name): _categories(str(name), column.dtype.categories)
        for name, column in columns
        if getattr(column.dtype, "name", "") == "category"
    }
    return {CATEGORIES: found} if found else None


def _categories(name: str, categories: Any) -> list[Any]:
    listed: list[Any] = categories.tolist()
    if not all(isinstance(each, str | bool | int) for each in listed):
        raise NoSignature(
            f"The categories of column {name!r} are {categories.dtype}: JSON has no such values.",
            fix=f'Train with words instead: data["{name}"].astype(str).astype("category").',
        )
    return listed


def _signature(model: Any, flavor: Flavor, example: Any) -> Any:
    from mlflow.models import infer_signature

    try:
        with _quiet():
            return infer_signature(example, flavor.predict(model, example))
    except Exception as error:
        raise NoSignature(
            f"No signature could be inferred from the data: {error}",
            fix="Give --data rows that model.predict takes, with one type a column.",
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    # Hints about skops, integer columns and unpinned pip: labline decides these on purpose.
    logger = logging.getLogger("mlflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _head(example: Any) -> Any:
    return example.head(5) if hasattr(example, "head") else example[:5]


def attach(tracking: Tracking, run_id: str, folder: Path) -> str:
    """Upload a saved model as an output of the run; see ``Tracking.attach_model``."""
    from mlflow.entities import LoggedModelOutput, LoggedModelStatus

    content = digest(folder, but=frozenset({"MLmodel"}))
    known = _attached(tracking, run_id, content)
    if known:
        return known
    run = tracking.client.get_run(run_id)
    made = tracking.client.create_logged_model(
        run.info.experiment_id,
        name=folder.name,
        source_run_id=run_id,
        tags={CONTENT_TAG: content},
    )
    _stamp(folder, run_id, made.model_id, made.artifact_location)
    tracking.client.log_model_artifacts(made.model_id, str(folder))
    tracking.client.finalize_logged_model(made.model_id, LoggedModelStatus.READY)
    tracking.client.log_outputs(run_id, [LoggedModelOutput(made.model_id, step=0)])
    return _remember(tracking, run_id, f"models:/{made.model_id}")


def _remember(tracking: Tracking, run_id: str, model_uri: str) -> str:
    from labline.tracking.client import MODEL_TAG

    tracking.set_tags(run_id, {MODEL_TAG: model_uri})
    return model_uri


def _attached(tracking: Tracking, run_id: str, content: str) -> str | None:
    outputs = tracking.client.get_run(run_id).outputs
    for output in getattr(outputs, "model_outputs", None) or ():
        model = tracking.client.get_logged_model(output.model_id)
        if model.tags.get(CONTENT_TAG) == content and str(model.status) == "READY":
            return _remember(tracking, run_id, f"models:/{output.model_id}")
    return None


def _stamp(folder: Path, run_id: str, model_id: str, place: str) -> None:
    from mlflow.models import Model

    model = Model.load(str(folder))
    model.run_id, model.model_id, model.artifact_path = run_id, model_id, place
    model.save(str(folder / "MLmodel"))


def digest(folder: Path, but: frozenset[str] = frozenset()) -> str:
    """Return the SHA-256 over the names and bytes of a folder's files, in order of name."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or name in _ADDED or name in but or "__pycache__" in path.parts:
            continue
        with path.open("rb") as stream:
            inner = hashlib.file_digest(stream, "sha256").hexdigest()
        whole.update(f"{name}\0{inner}\n".encode())
    return whole.hexdigest()
