"""Gates on the built service: it must be what the notebook had."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from labline.promotion import rivalry
from labline.promotion.answers import equal, shown, told
from labline.promotion.contract import Case, breach, cases
from labline.promotion.evidence import Answer, Ask, Evidence, Question, Search, Service, Verdict
from labline.promotion.gates import Gate
from labline.settings import LatencySettings, StageSettings

_LOG_AGAIN = "Log the model again with held-out data: %log --model model --data X_test,y_test"


class ServiceGate(Gate):
    """A gate that asks the candidate's Bento, booted by itself, over HTTP."""

    needs = frozenset({"service"})

    def unfit(self, evidence: Evidence) -> Verdict | None:
        """Return why there is nothing to judge by, if so: no rows, or no service."""
        service = evidence.service
        if not (evidence.holdout or {}).get("rows"):
            return self.failed("The run keeps no held-out rows to ask with.", _LOG_AGAIN)
        if service is None or service.error:
            return self.failed(
                f"The built service does not run: {service.error if service else 'not tried'}",
                (service.fix if service else "") or "See labline export for what it lacks.",
                log=list(service.log) if service else [],
            )
        return None

    def answer(self, evidence: Evidence, name: str) -> Answer:
        """Return the answer to a question of this gate."""
        assert evidence.service is not None
        return evidence.service.answers[f"{self.name}/{name}"]


class ParityGate(ServiceGate):
    """The built service answers held-out rows over HTTP as the notebook's model did."""

    name = "parity"

    def questions(self, evidence: Evidence, stage: StageSettings) -> list[Question]:
        """Ask with all of the rows, some hundreds at a time."""
        return list(rivalry.asked((evidence.holdout or {}).get("rows") or ()))

    def judge(self, evidence: Evidence, stage: StageSettings) -> Verdict:
        """Compare every prediction with the notebook's."""
        if verdict := self.unfit(evidence):
            return verdict
        assert evidence.holdout is not None
        names = [item.name for item in self.questions(evidence, stage)]
        answers = [self.answer(evidence, name) for name in names]
        answer = next((item for item in answers if item.status != 200), None)
        if answer:
            return self.failed(
                f"The service does not take the notebook's rows: {told(answer)}",
                "The rows must fit the signature, and the model must work on what JSON holds: "
                "plain columns, by name. " + _LOG_AGAIN,
                status=answer.status,
                answer=answer.body,
            )
        given = [one for item in answers for one in item.body["predictions"]]
        return self._compare(evidence.holdout["predictions"], given, evidence, stage)

    def _compare(
        self, notebook: Any, service: Any, evidence: Evidence, stage: StageSettings
    ) -> Verdict:
        tolerance = stage.parity.tolerance
        if len(notebook) != len(service):
            return self.failed(
                f"The service gave {len(service)} predictions for {len(notebook)} rows.",
                "model.predict must return one prediction a row.",
            )
        apart = [
            row
            for row, (ours, theirs) in enumerate(zip(notebook, service, strict=True))
            if not equal(ours, theirs, tolerance)
        ]
        if apart:
            first = apart[0]
            return self.failed(
                f"{len(apart)} of {len(notebook)} predictions differ; row {first}: the notebook "
                f"had {shown(notebook[first])}, the service gives {shown(service[first])}."
                + _retyped(evidence),
                "The model must not depend on what only the notebook has: the order or types of "
                "columns, an index, globals, chance. Or raise parity.tolerance.",
                row=evidence.holdout["rows"][first] if evidence.holdout else None,
                notebook=notebook[first],
                service=service[first],
                differ=len(apart),
                tolerance=tolerance,
            )
        assert evidence.service is not None
        return self.passed(
            f"{len(notebook)} predictions over HTTP equal the notebook's within {tolerance:g}",
            rows=len(notebook),
            boot_seconds=round(evidence.service.boot_seconds, 2),
        )


def _retyped(evidence: Evidence) -> str:
    """Return in words which whole numbers a signature made floats of; empty where it made none.

    MLflow has no type for the whole numbers with nulls of an object column: it says double.
    """
    rows = (evidence.holdout or {}).get("rows") or ()
    names = [
        column["name"]
        for column in (evidence.candidate.signature or {}).get("inputs") or ()
        if column["type"] in ("double", "float") and _whole([row[column["name"]] for row in rows])
    ]
    if not names:
        return ""
    one = names[0]
    return (
        f" Whole numbers with nulls in {', '.join(names)} are floats to the service, 1.0 for 1: "
        f'make them so before training, X["{one}"].astype("float64"), or keep them whole, '
        f'.astype("Int64").'
    )


def _whole(values: Sequence[Any]) -> bool:
    there = [value for value in values if value is not None]
    return 0 < len(there) < len(values) and all(type(value) is int for value in there)


class ContractGate(ServiceGate):
    """Whatever is sent, the built service gives a right answer or a clean 4xx, and in time."""

    name = "contract"
    table = "parity"

    def questions(self, evidence: Evidence, stage: StageSettings) -> list[Question | Search]:
        """Ask with requests made from the signature: one for each known way, then any."""
        named = [Question(case.name, case.body) for case in self._cases(evidence)]
        if not named or not stage.contract.examples:
            return [*named]
        return [*named, Search(_SEARCH, partial(self._search, evidence, stage))]

    def _search(self, evidence: Evidence, stage: StageSettings, ask: Ask) -> Answer:
        # Hypothesis takes its time to be imported.
        from labline.promotion.search import search

        assert evidence.holdout is not None
        inputs = (evidence.candidate.signature or {})["inputs"]
        return search(inputs, evidence.holdout, stage.contract, stage.parity.tolerance, ask)

    def judge(self, evidence: Evidence, stage: StageSettings) -> Verdict:
        """Name the first case that broke, with request and answer."""
        if verdict := self.unfit(evidence):
            return verdict
        made = self._cases(evidence)
        for case in made:
            answer = self.answer(evidence, case.name)
            if wrong := breach(case, answer, stage.parity.tolerance):
                broken = {"case": case.name, "request": case.whole, "wrong": wrong}
                return self._broken({**broken, "status": answer.status, "answer": answer.body})
        return self._searched(evidence, stage, len(made))

    def _searched(self, evidence: Evidence, stage: StageSettings, named: int) -> Verdict:
        """Judge what was made at random, if it was asked for."""
        told: dict[str, Any] = {"asked": 0, "late": False}
        if named and stage.contract.examples:
            told = self.answer(evidence, _SEARCH).body
        if broken := told.get("broken"):
            return self._broken(broken, seed=told["seed"], generated=told["asked"])
        words = f"{named + told['asked']} requests, {told['asked']} of them made at random: each "
        words += "got a right answer or a clean 4xx"
        if told["late"]:
            words += f"; contract.seconds ({stage.contract.seconds:g} s) ended the search early"
        return self.passed(words, cases=named, generated=told["asked"], seed=told.get("seed"))

    def _broken(self, broken: Mapping[str, Any], **numbers: Any) -> Verdict:
        mend = broken["status"] == 0 or broken["status"] >= 500
        numbers |= {name: broken[name] for name in ("case", "request", "status", "answer")}
        return self.failed(
            f"{broken['case']}: {broken['wrong']}", _MEND if mend else _TIGHTEN, **numbers
        )

    def _cases(self, evidence: Evidence) -> list[Case]:
        inputs = (evidence.candidate.signature or {}).get("inputs") or []
        if not inputs or not (evidence.holdout or {}).get("rows"):
            return []
        assert evidence.holdout is not None
        return cases(inputs, evidence.holdout, evidence.max_body_bytes)


_SEARCH = "search"
_MEND = (
    "Make the model take what its signature allows: impute nulls, OneHotEncoder("
    'handle_unknown="ignore"), no assumption on values. Then log it again.'
)
_TIGHTEN = (
    "See request and answer in the evidence. A template of your own must take columns by name "
    "and refuse what it cannot take."
)


class LatencyGate(ServiceGate):
    """The built service starts, answers one-row requests and keeps to its memory as it must."""

    name = "latency"
    example = "latency = { p95_ms = 50, concurrency = 8 }"

    def asks(self, stage: StageSettings) -> list[str]:
        """Say each limit of the stage's ``latency``."""
        rule = stage.latency
        if rule is None:
            return super().asks(stage)
        limits = [
            f"{name} is at most {limit:g} {unit}"
            for name, _, limit, unit in _held_against(rule, {})
            if limit is not None
        ]
        load = f"{rule.requests} requests of one row to the built service"
        return [f"{load}, {rule.concurrency} at a time, are all answered", *limits]

    def questions(self, evidence: Evidence, stage: StageSettings) -> list[Question]:
        """Warm up, then ask with one row over and over."""
        rows, rule = (evidence.holdout or {}).get("rows"), stage.latency
        if not rows or rule is None:
            return []
        body = json.dumps({"rows": rows[:1]}).encode()
        return [
            Question("warm-up", body, rule.concurrency * 4, rule.concurrency),
            Question("load", body, rule.requests, rule.concurrency),
        ]

    def judge(self, evidence: Evidence, stage: StageSettings) -> Verdict:
        """Compare the percentiles with the stage's limits."""
        rule = stage.latency
        if rule is None:
            return self.failed(
                "The stage asks for the latency gate but says nothing of the latency.",
                f"Add {self.example} to the stage in labline.toml.",
            )
        if verdict := self.unfit(evidence):
            return verdict
        answer = self.answer(evidence, "load")
        if answer.failures or len(answer.seconds) < 2:
            return self.failed(
                f"{answer.failures} of {rule.requests} requests failed: {told(answer)}",
                "Look at what the gates parity and contract say.",
                failures=answer.failures,
            )
        assert evidence.service is not None
        return self._limits(answer, evidence.service, rule)

    def _limits(self, answer: Answer, service: Service, rule: LatencySettings) -> Verdict:
        found = {
            **percentiles(answer.seconds),
            "cold start": service.boot_seconds,
            "memory": service.memory / 2**20,
        }
        held = [item for item in _held_against(rule, found) if item[1]]
        words = ", ".join(f"{name} {value:.1f} {unit}" for name, value, _, unit in held)
        numbers = {
            **{f"{name}_ms": round(found[name], 3) for name in ("p50", "p95", "p99")},
            "boot_seconds": round(service.boot_seconds, 2),
            "memory_mb": round(service.memory / 1e6, 1),
            "concurrency": rule.concurrency,
        }
        for name, value, limit, unit in held:
            if limit is not None and value > limit:
                return self.failed(
                    f"{name} is {value:.1f} {unit}, the limit is {limit:g} {unit} ({words}; "
                    f"{rule.concurrency} at a time).",
                    _FASTER.get(name, _FASTER["p95"]),
                    **numbers,
                    limit=limit,
                )
        return self.passed(f"{words}; {rule.concurrency} at a time", **numbers)


_FASTER = {
    "p95": "Make the model smaller or its features cheaper, or raise the limit.",
    "cold start": "Import less where the model is loaded, make it smaller, or raise the limit.",
    "memory": "Make the model smaller, keep less beside it, or raise the limit.",
}
Held = tuple[str, float, float | None, str]


def _held_against(rule: LatencySettings, found: Mapping[str, float]) -> list[Held]:
    """Return name, value, limit and unit of everything that is measured."""
    times = {name: getattr(rule, f"{name}_ms") for name in ("p50", "p95", "p99")}
    memory = None if rule.memory is None else rule.memory / 2**20
    return [
        *((name, found.get(name, 0.0), limit, "ms") for name, limit in times.items()),
        ("cold start", found.get("cold start", 0.0), rule.cold_start, "s"),
        ("memory", found.get("memory", 0.0), memory, "MiB"),
    ]


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return p50, p95 and p99 in milliseconds; takes two values or more."""
    cut = statistics.quantiles(seconds, n=100, method="inclusive")
    return {f"p{share}": cut[share - 1] * 1000 for share in (50, 95, 99)}
