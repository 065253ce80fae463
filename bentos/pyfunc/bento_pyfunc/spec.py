"""``service.json``: what this Bento serves and within which limits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Spec:
    """The facts that the service is made from; see README.md for the file's form."""

    #: registered model and its version
    name: str
    version: int | str
    #: pinned tag in the BentoML model store
    tag: str
    #: SHA-256 of the model's files, as promoted
    digest: str
    #: MLflow's schema of the inputs
    inputs: list[dict[str, Any]]
    #: MLflow's schema of the outputs; may be empty
    outputs: list[dict[str, Any]]
    #: MLflow's schema of the parameters of predict; mostly empty
    params: list[dict[str, Any]]
    #: body of a request that the model can answer; ``None`` without an example
    example: dict[str, Any] | None
    max_body_bytes: int
    max_rows: int
    #: seconds in which a body must have come
    body_timeout: float = 30.0

    @property
    def label(self) -> str:
        """``NAME/VERSION``, as responses say it."""
        return f"{self.name}/{self.version}"

    @classmethod
    def read(cls, path: Path) -> Spec:
        """Read the file.

        Raises
        ------
        FileNotFoundError
            This is the bare template: README.md says how to give it a model.
        """
        if not path.is_file():
            raise FileNotFoundError(
                f"{path} is missing: this is the template, without a model. Run `labline export "
                "MODEL`, or `python example.py` here, to give it one."
            )
        data = json.loads(path.read_text(encoding="utf-8"))
        model, signature = data["model"], data["signature"]
        return cls(
            name=model["name"],
            version=model["version"],
            tag=model["tag"],
            digest=model["digest"],
            inputs=signature["inputs"],
            outputs=signature.get("outputs") or [],
            params=signature.get("params") or [],
            example=data.get("example"),
            **data["limits"],
        )
