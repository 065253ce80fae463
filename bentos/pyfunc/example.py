"""Give this template a small model: train it, put it in the BentoML store, write service.json.

``labline export`` does the same with a registered model, and locks its requirements.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import bentoml
import mlflow
import pandas as pd
from sklearn.linear_model import LinearRegression


def main() -> None:
    """Write ``service.json`` beside this file."""
    flats = pd.DataFrame({"rooms": [1.0, 2.0, 3.0, 4.0], "area": [30.0, 55.0, 70.0, 110.0]})
    model = LinearRegression().fit(flats, [500.0, 800.0, 1000.0, 1500.0])
    signature = mlflow.models.infer_signature(flats, model.predict(flats))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        mlflow.sklearn.save_model(
            model, path, signature=signature, serialization_format="cloudpickle"
        )
        stored = bentoml.mlflow.import_model("flats", str(path))
    spec = {
        "model": {"name": "flats", "version": 1, "tag": str(stored.tag), "digest": ""},
        "signature": {
            "inputs": signature.inputs.to_dict(),
            "outputs": signature.outputs.to_dict(),
            "params": None,
        },
        "example": {"rows": [{"rooms": 2, "area": 48.5}]},
        "limits": {"max_body_bytes": 1_000_000, "max_rows": 1000},
    }
    place = Path(__file__).with_name("service.json")
    place.write_text(json.dumps(spec, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
