"""What a folder in MLflow's format says of its model, read without MLflow; preflight."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from labline.errors import Refused
from labline.tracking.models import CATEGORIES

#: MLflow data types that travel as one JSON value
COLUMN_TYPES = frozenset(
    {"boolean", "integer", "long", "float", "double", "string", "datetime", "binary"}
)
#: MLflow types of many values -> where their own type stands
_INSIDE = {"array": "items", "map": "values"}
_EXAMPLE_ROWS = 5
_LOG_AGAIN = "Log the model again with --data ROWS, where ROWS is the data that it takes."

Json = dict[str, Any]


@dataclass(frozen=True)
class ModelFolder:
    """The facts that a service is made from."""

    path: Path
    #: MLflow's schema of the inputs, as data
    inputs: tuple[Json, ...]
    outputs: tuple[Json, ...]
    params: tuple[Json, ...]
    #: body of a request that the model can answer; ``None`` without an example
    example: Json | None
    #: requirement lines, as logged
    requirements: tuple[str, ...]
    mlflow_version: str
    #: ``3.11``: Python that the model was saved with
    python: str
    #: module that loads the model, such as ``mlflow.sklearn``
    loader: str

    @classmethod
    def read(cls, path: Path, label: str) -> ModelFolder:
        """Read the folder of the model `label`.

        Raises
        ------
        Refused
            No service can be made from it: no signature, no pyfunc, a type that does not travel.
        """
        try:
            meta = yaml.safe_load((path / "MLmodel").read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise Refused(f"{label} has no file MLmodel in {path}.", fix=_LOG_AGAIN) from error
        pyfunc = meta.get("flavors", {}).get("python_function")
        if not pyfunc:
            raise Refused(
                f"{label} cannot be loaded as a Python function.",
                fix="Log it with an MLflow flavor that has python_function, or as a PythonModel.",
            )
        signature = _signature(meta, label)
        facts = cls(
            path=path,
            inputs=_categorised(signature["inputs"], meta.get("metadata") or {}),
            outputs=signature["outputs"],
            params=signature["params"],
            example=_example(path, meta),
            requirements=_requirements(path),
            mlflow_version=meta.get("mlflow_version", ""),
            python=_python(pyfunc, label),
            loader=pyfunc.get("loader_module", ""),
        )
        _check(facts, label)
        return facts


def _signature(meta: Json, label: str) -> dict[str, tuple[Json, ...]]:
    raw = meta.get("signature") or {}
    parts = {key: tuple(_schema(raw.get(key))) for key in ("inputs", "outputs", "params")}
    if not parts["inputs"]:
        raise Refused(
            f"{label} has no signature, so a service would not know its columns.", fix=_LOG_AGAIN
        )
    return parts


def _categorised(inputs: tuple[Json, ...], metadata: Json) -> tuple[Json, ...]:
    """Return the inputs with the categories of those that have some."""
    found = metadata.get(CATEGORIES) or {}
    return tuple(
        {**item, "categories": found[item["name"]]} if item.get("name") in found else item
        for item in inputs
    )


def _schema(text: str | None) -> list[Json]:
    return json.loads(text) if text else []


def _check(facts: ModelFolder, label: str) -> None:
    for item in facts.inputs:
        wrong = _wrong_tensor(item) if item["type"] == "tensor" else _wrong_column(item)
        if wrong:
            name = item.get("name", "an unnamed input")
            raise Refused(
                f"{label}: {name} {wrong}, which the service cannot take.",
                fix="Log the model with named columns, or with numeric arrays.",
            )
    for item in facts.params:
        if item["type"] not in COLUMN_TYPES:
            raise Refused(f"{label}: parameter {item['name']} has the type {item['type']!r}.")
    if len({item["type"] == "tensor" for item in facts.inputs}) > 1:
        raise Refused(f"{label} mixes columns and arrays in its signature.", fix=_LOG_AGAIN)


def _wrong_column(item: Json) -> str:
    unknown = _unknown_type(item)
    if unknown:
        return f"has the type {unknown!r}"
    return "" if item.get("name") else "is a column without a name"


def _unknown_type(item: Json) -> Any:
    """Return the first type in a column, however deep, that does not travel; else ``None``."""
    kind = item["type"]
    if kind == "object":
        parts = list(item["properties"].values())
    elif kind in _INSIDE:
        parts = [item[_INSIDE[kind]]]
    else:
        return None if isinstance(kind, str) and kind in COLUMN_TYPES else kind
    return next((found for part in parts if (found := _unknown_type(part)) is not None), None)


def _wrong_tensor(item: Json) -> str:
    dtype = item["tensor-spec"]["dtype"]
    numeric = re.match(r"(u?int|float|bool)", dtype)
    return "" if numeric else f"is an array of {dtype!r}"


def _python(pyfunc: Json, label: str) -> str:
    version = str(pyfunc.get("python_version", ""))
    match = re.match(r"(\d+)\.(\d+)", version)
    if not match:
        raise Refused(f"{label} does not say which Python it was saved with.", fix=_LOG_AGAIN)
    if (int(match[1]), int(match[2])) < (3, 11):
        raise Refused(
            f"{label} was saved with Python {version}; services run on 3.11 or newer.",
            fix="Train and log the model again on a newer Python.",
        )
    return match[0]


def _requirements(path: Path) -> tuple[str, ...]:
    file = path / "requirements.txt"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    plain = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in lines)
    # Options such as --extra-index-url name hosts: whoever installs has their own settings.
    return tuple(line for line in plain if line and not line.startswith("-"))


def _example(path: Path, meta: Json) -> Json | None:
    info = meta.get("saved_input_example_info") or {}
    file = path / (info.get("serving_input_path") or "serving_input_example.json")
    if not file.is_file():
        return None
    body = _without_nan(json.loads(file.read_text(encoding="utf-8")))
    return _few_rows(body) if isinstance(body, dict) else None


def _few_rows(body: Json) -> Json:
    split = body.pop("dataframe_split", None)
    if split is not None:
        rows = split["data"][:_EXAMPLE_ROWS]
        return {"rows": [dict(zip(split["columns"], row, strict=True)) for row in rows], **body}
    return {key: value[:_EXAMPLE_ROWS] if isinstance(value, list) else value
            for key, value in body.items()}  # fmt: skip


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def names(items: Iterable[Json]) -> list[str]:
    """Return the names in a schema, in order."""
    return [item["name"] for item in items]
