"""A BentoML service for one MLflow pyfunc model; ``service.json`` says which."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bentoml
from _bentoml_sdk import Service  # type: ignore[import-untyped]
from bento_pyfunc import captures, telemetry
from bento_pyfunc.front import App, Front
from bento_pyfunc.predictor import Predictor
from bento_pyfunc.spec import Spec
from bentoml.models import BentoModel

SPEC = Spec.read(Path(__file__).with_name("service.json"))
FRONT = Front(SPEC)


class FrontedService(Service[Any]):  # type: ignore[misc]
    """A BentoML service with :class:`Front` before BentoML's own app."""

    def to_asgi(self, is_main: bool = True) -> App:
        """Return the app; called once, by whatever serves the service."""
        FRONT.bento = str(self.bento.tag) if self.bento else ""
        own = FRONT.around(super().to_asgi(is_main=is_main))
        return telemetry.around(captures.around(own), SPEC)


@bentoml.service(
    name="pyfunc",
    service_class=FrontedService,
    workers=1,
    logging={"access": {"enabled": False}},
)
class Pyfunc:
    """Predictions of one model on POST /predict."""

    model = BentoModel(SPEC.tag)

    def __init__(self) -> None:
        FRONT.predictor = Predictor.load(Path(self.model.path_of("mlflow_model")), SPEC)

    def __is_ready__(self) -> bool:
        return FRONT.predictor is not None
