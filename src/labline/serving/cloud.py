"""BentoCloud: where a Bento runs on BentoML's own platform."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labline.errors import BadInput, Failed, Refused, Unreachable
from labline.records import Bento
from labline.settings import Settings

_PROGRAM = Path(__file__).with_name("clouding.py")
_SIGN_IN = (
    "Set BENTO_CLOUD_API_KEY (and BENTO_CLOUD_API_ENDPOINT for an installation of your own), or\n"
    "sign in: BENTOML_HOME={home} bentoml cloud login --api-token TOKEN"
)


@dataclass(frozen=True)
class CloudPlan:
    """How a Bento shall run on BentoCloud. What is not given is BentoCloud's own choice."""

    name: str
    cluster: str | None = None
    #: instances, at least and at most
    least: int | None = None
    most: int | None = None
    instance_type: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        BadInput
            There shall be more instances at least than at most.
        """
        if self.least is not None and self.most is not None and self.least > self.most:
            raise BadInput(
                f"--min {self.least} is more than --max {self.most}.",
                fix="Let the fewest instances be no more than the most.",
            )

    def order(self, bento: Bento) -> dict[str, Any]:
        """Return it as the program takes it."""
        options = {
            "scaling_min": self.least,
            "scaling_max": self.most,
            "instance_type": self.instance_type,
        }
        given = {name: value for name, value in options.items() if value is not None}
        return {"bento": bento.tag, "name": self.name, "cluster": self.cluster, "options": given}


@dataclass(frozen=True)
class CloudDeployment:
    """A deployment on BentoCloud, as BentoCloud tells of it."""

    name: str
    cluster: str
    bento: str
    #: ``MODEL/VERSION``
    model: str
    #: where it answers; empty until it does
    urls: tuple[str, ...]


def deploy(bento: Bento, plan: CloudPlan, settings: Settings) -> CloudDeployment:
    """Push a Bento to BentoCloud and make a deployment serve it; a new one, or that of the name.

    Raises
    ------
    Refused
        Nobody is signed in, or who is signed in may not.
    Unreachable
        BentoCloud does not answer.
    Failed
        BentoCloud would not.
    """
    said = _run(plan.order(bento), settings)
    if "error" in said:
        raise _error(said, settings)
    urls = tuple(said["urls"])
    return CloudDeployment(said["name"], said["cluster"], bento.tag, bento.model, urls)


def _run(order: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    store = {"BENTOML_HOME": str(settings.bentoml_home), "BENTOML_DO_NOT_TRACK": "1"}
    done = subprocess.run(
        [sys.executable, "-P", str(_PROGRAM)],
        input=json.dumps(order),
        env={**os.environ, **store},
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError) as error:
        lines = done.stderr.splitlines() or ["no output"]
        raise Failed(f"BentoML failed: {lines[-1]}", output=done.stderr[-8000:]) from error
    return said


def _error(said: Mapping[str, str], settings: Settings) -> Exception:
    message = said["message"].splitlines()[0]
    if said["error"] == "refused":
        return Refused(
            f"BentoCloud does not let you in: {message}",
            fix=_SIGN_IN.format(home=settings.bentoml_home),
        )
    if said["error"] == "unreachable":
        where = os.environ.get("BENTO_CLOUD_API_ENDPOINT", "BentoCloud")
        return Unreachable(f"{where} does not answer: {message}", fix="Try again later.")
    return Failed(f"BentoCloud did not deploy it: {message}", output=said["message"])
