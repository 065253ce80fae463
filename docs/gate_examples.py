"""Evidence that each gate passes and evidence that it refuses, for docs/reference/gates.md."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from labline.datasets.profile import profile
from labline.datasets.schema import learn
from labline.packages import Advisory, Package
from labline.promotion import Answer, Dependencies, Evidence, Replay, Service, Subject
from labline.promotion.contract import cases
from labline.records import Run
from labline.settings import FairnessSettings, LatencySettings, MetricSettings, StageSettings

SIGNATURE = {
    "inputs": [{"name": "size", "type": "double"}, {"name": "kind", "type": "string"}],
    "outputs": [{"type": "double"}],
}
HOLDOUT = {
    "rows": [{"size": 1.5, "kind": "cat"}, {"size": 2.5, "kind": "dog"}],
    "predictions": [10.0, 20.0],
}


def _run(**metrics: float) -> Run:
    return Run("f" * 32, "calm-owl", "churn", "FINISHED", 0.0, 1.0, {}, metrics, {})


CANDIDATE = Subject("churn", 2, _run(r2=0.85), (), SIGNATURE)
CHAMPION = Subject("churn", 1, _run(r2=0.84), ("prod",), SIGNATURE)
EVIDENCE = Evidence(CANDIDATE, CHAMPION, Replay({"r2": 0.85}, "e" * 32), holdout=HOLDOUT)
STAGE = StageSettings(
    metric=MetricSettings(name="r2", min=0.8, versus_champion=-0.01),
    latency=LatencySettings(p95_ms=50, memory="512MiB"),
    fairness=FairnessSettings(by=("kind",), difference=0.1),
)
MADE_OF = Dependencies(
    (Package("numpy", "2.4.0", "BSD-3-Clause"), Package("scikit-learn", "1.9.0", "BSD-3-Clause")),
    database="audit.json (2 days old)",
    looked_up=2,
)
ADVISORY = Advisory(
    "PYSEC-2026-7", ("CVE-2026-1234",), "numpy", "2.4.0", ("2.4.1",), "Reads beyond a buffer."
)


@dataclass(frozen=True)
class Example:
    """What a gate passes, and what it refuses."""

    passed: Evidence
    failed: Evidence


def _served(gate: str, **answers: Answer) -> Evidence:
    """Return evidence of a service that gave a gate these answers."""
    given = {f"{gate}/{name}": answer for name, answer in answers.items()}
    return replace(EVIDENCE, service=Service(given, 2.0, memory=200 * 2**20))


def _contract(**other: Answer) -> Evidence:
    """Return evidence of a service that keeps the contract, but for `other`."""
    made = cases(SIGNATURE["inputs"], HOLDOUT, EVIDENCE.max_body_bytes)
    refused = Answer(422, {"title": "The request does not fit the model."})
    right = {
        case.name: refused
        if case.refuse
        else Answer(200, {"predictions": list(case.predictions or [12.0])})
        for case in made
    }
    found = Answer(200, {"asked": 200, "late": False, "seed": 7})
    return _served("contract", **{**right, "search": found, **other})


def _back(value: float) -> Evidence:
    """Return evidence of a champion whose second prediction is 20.0, and which gives `value`."""
    answers = {"rollback/rows": Answer(200, {"predictions": [10.0, value]})}
    previous = Service(answers, 2.0, release="release 3 on /churn")
    return replace(EVIDENCE, previous=previous, previous_holdout=HOLDOUT)


def _data(**moved: object) -> Evidence:
    """Return evidence of a hold-out like its training set, but for the columns in `moved`."""
    generator = np.random.default_rng(0)
    pets = pd.DataFrame(
        {"size": generator.normal(2, 1, 2000), "kind": generator.choice(["cat", "dog"], 2000)}
    )
    price, held = pets["size"] * 8, pets[1500:].assign(**moved)
    known = profile(pets[:1500], "X_train", price[:1500])
    holdout = {"rows": held.to_dict("records"), "labels": price[1500:].tolist()}
    training = {**known, "schema": learn(known["columns"])}
    return replace(EVIDENCE, holdout=holdout, training=training)


def _fair(*kept: int) -> Evidence:
    """Return evidence of a model that keeps so many of 40 cats and of 40 dogs."""
    kinds = ("cat", "dog")
    rows = [{"size": 1.0, "kind": kind} for kind in kinds for _ in range(40)]
    said = [1 if place < most else 0 for most in kept for place in range(40)]
    return replace(EVIDENCE, holdout={"rows": rows, "predictions": said})


def _took(*milliseconds: float) -> Answer:
    return Answer(200, {"predictions": [10.0]}, tuple(value / 1000 for value in milliseconds))


def examples() -> dict[str, Example]:
    """Return an example for each gate that labline brings."""
    bare = replace(EVIDENCE, candidate=replace(CANDIDATE, signature=None))
    worse = replace(EVIDENCE, candidate=replace(CANDIDATE, run=_run(r2=0.7)))
    rerun = replace(EVIDENCE, replay=Replay({"r2": 0.79}, "e" * 32))
    same, other = ({"predictions": [10.0, value]} for value in (20.0, 21.0))
    broken = Answer(500, {"title": "The model failed on this input."})
    untold = replace(EVIDENCE, open_fields=("intended_use", "limitations"))
    return {
        "signature": Example(EVIDENCE, bare),
        "card": Example(EVIDENCE, untold),
        "data": Example(_data(), _data(kind="parrot")),
        "fairness": Example(_fair(20, 22), _fair(10, 30)),
        "metric": Example(EVIDENCE, worse),
        "replay": Example(EVIDENCE, rerun),
        "parity": Example(
            _served("parity", rows=Answer(200, same)), _served("parity", rows=Answer(200, other))
        ),
        "contract": Example(_contract(), _contract(**{"kind an unknown word": broken})),
        "dependencies": Example(
            replace(EVIDENCE, dependencies=MADE_OF),
            replace(EVIDENCE, dependencies=replace(MADE_OF, advisories=(ADVISORY,))),
        ),
        "rollback": Example(_back(20.0), _back(21.0)),
        "latency": Example(
            _served("latency", load=_took(4, 5, 6, 9)),
            _served("latency", load=_took(20, 30, 60, 90)),
        ),
    }
