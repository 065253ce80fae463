"""Put a model in a BentoML store and build the Bento; run as a program of its own.

BentoML takes its store from the environment, changes the working folder and leaves the service's
modules in ``sys.modules``: no process that does anything else should call it. Run with the order
as JSON on standard input and ``BENTOML_HOME`` set.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Build what standard input orders."""
    order = json.load(sys.stdin)
    _store_model(order["model"])
    _build(order["bento"])


def _store_model(order: dict[str, Any]) -> None:
    import bentoml
    from bentoml.models import ModelContext

    # As bentoml.mlflow.import_model leaves it, so that bentoml.mlflow.load_model finds it; that
    # function itself would drop version, run and requirements, and needs all of mlflow.
    context = ModelContext(framework_name="mlflow", framework_versions={"mlflow": order["mlflow"]})
    with bentoml.models.create(
        order["tag"],
        module="bentoml.mlflow",
        context=context,
        labels=order["labels"],
        metadata=order["metadata"],
    ) as model:
        shutil.copytree(order["folder"], Path(model.path) / "mlflow_model")


def _build(order: dict[str, Any]) -> None:
    import bentoml

    bentoml.build(
        order["service"],
        name=order["name"],
        version=order["version"],
        labels=order["labels"],
        build_ctx=order["project"],
        exclude=["example.py", "bentofile.yaml", "__pycache__/"],
        # Locked already: BentoML's own lock would write the index's address into the Bento. Not
        # as a file: BentoML refuses any path with a hidden folder in it, and .labline is one.
        python={"packages": order["requirements"], "lock_packages": False},
        docker={"python_version": order["python"]},
    )


if __name__ == "__main__":
    main()
