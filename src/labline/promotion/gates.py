"""Gates: pure checks of a candidate, one class each.

A gate of your own is a subclass of :class:`Gate` under the entry-point group ``labline.gates``;
name it in a stage's ``gates`` and it is asked like those below.
"""

from __future__ import annotations

import contextlib
import math
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from inspect import cleandoc
from typing import Any, ClassVar

from labline.errors import BadSettings, nearest
from labline.promotion.evidence import Evidence, Outcome, Question, Search, Verdict
from labline.settings import StageSettings
from labline.settings.section import Section
from labline.settings.units import lasting


class Gate:
    """One check of a candidate for a stage.

    The promotion workflow makes one instance per promotion, collects what :attr:`needs` names,
    and calls :meth:`judge` once. A gate touches nothing: data in, verdict out. An exception in
    :meth:`judge` counts as failed, with the error as the reason, and so does coming to no end
    within the stage's ``gate_timeout``. Gates judge side by side, each in a thread of its own.
    """

    #: the word for it in ``gates = [...]``; must equal the entry point's name
    name: ClassVar[str]
    #: evidence that costs something to collect: ``"replay"``, ``"service"``, ``"training"``,
    #: ``"previous"``, ``"dependencies"``
    needs: ClassVar[frozenset[str]] = frozenset()
    #: the table of a stage that it judges by; the one of its own name, where there is one
    table: ClassVar[str] = ""
    #: that table for a person to begin with, where the gate cannot judge without one
    example: ClassVar[str] = ""

    def asks(self, stage: StageSettings) -> list[str]:
        """Return in words what a model must show; optional, called by ``labline policy explain``.

        Unless overridden: the gate's docstring, and each setting that it judges by.
        """
        says = cleandoc(type(self).__doc__ or self.name).splitlines()[0]
        return [says.rstrip("."), *self._limits_of(stage)]

    def _limits_of(self, stage: StageSettings) -> list[str]:
        rule = getattr(stage, self.table or self.name, None)
        fields = type(rule).model_fields if isinstance(rule, Section) else {}
        return [
            f"{field.description or name}: {_written(value)}"
            for name, field in fields.items()
            if (value := getattr(rule, name)) is not None and value != ()
        ]

    def questions(self, evidence: Evidence, stage: StageSettings) -> Sequence[Question | Search]:
        """Return what to ask the built service; optional, called once before :meth:`judge`.

        Only where :attr:`needs` names ``"service"`` or ``"previous"``, which is then asked in its
        place; `evidence` is complete but for the service.
        """
        return []

    def judge(self, evidence: Evidence, stage: StageSettings) -> Verdict:
        """Return the verdict; required, called once, `super()` is not needed."""
        raise NotImplementedError

    def passed(self, reason: str, **numbers: Any) -> Verdict:
        """Return a verdict in the candidate's favour."""
        return Verdict(self.name, Outcome.PASSED, reason, evidence=numbers)

    def failed(self, reason: str, fix: str, **numbers: Any) -> Verdict:
        """Return a verdict against the candidate, with what would change it."""
        return Verdict(self.name, Outcome.FAILED, reason, fix, numbers)


class SignatureGate(Gate):
    """The model says what it takes and returns."""

    name = "signature"

    def judge(self, evidence: Evidence, stage: StageSettings) -> Verdict:
        """Pass where inputs and outputs are known."""
        signature = evidence.candidate.signature or {}
        inputs, outputs = signature.get("inputs") or [], signature.get("outputs") or []
        if not inputs:
            return self.failed(
                f"{evidence.candidate.label} was logged without a signature.",
                "Log it with data: %log --model model --data X_test,y_test. MLflow alone infers "
                "none where an integer column has nulls: cast it to float; %log takes Int64 too.",
            )
        if not outputs:
            return self.failed(
                f"The signature of {evidence.candidate.label} names no outputs.",
                "Log it with data that model.predict takes: %log --model model --data X_test",
                inputs=len(inputs),
            )
        return self.passed(f"{_of(inputs, 'input')}, {_of(outputs, 'output')}", inputs=len(inputs))


class ReplayGate(Gate):
    """The notebook, rerun from top to bottom in a fresh kernel, gives the same metrics."""

    name = "replay"
    needs = frozenset({"replay"})

    def judge(self, evidence: Evidence, stage: StageSettings) -> Verdict:
        """Compare every recorded metric with the rerun's; a mismatch names the cells behind it."""
        verdict = self._compare(evidence, stage)
        cells = evidence.replay.cells if evidence.replay else ""
        if verdict.passed or not cells:
            return verdict
        return replace(
            verdict,
            reason=f"{verdict.reason} As recorded, {cells}.",
            evidence={**verdict.evidence, "cells": cells},
        )

    def _compare(self, evidence: Evidence, stage: StageSettings) -> Verdict:
        replay = evidence.replay
        if replay is None or replay.error:
            return self.failed(
                f"The replay did not run to its end: {replay.error if replay else 'no replay'}",
                (replay.fix if replay else "")
                or "Restart the kernel, run the notebook from top to bottom, and record again.",
            )
        tolerance = stage.replay.tolerance
        recorded = evidence.candidate.run.metrics
        lost = [name for name in recorded if name not in replay.metrics]
        if lost:
            return self.failed(
                f"The rerun did not log {', '.join(sorted(lost))}.",
                "Log every metric in a cell of the notebook that runs from top to bottom.",
                missing=sorted(lost),
            )
        apart = {
            name: (value, replay.metrics[name])
            for name, value in recorded.items()
            if not _close(value, replay.metrics[name], tolerance)
        }
        if apart:
            words = "; ".join(
                f"{n}: recorded {a:.6g}, rerun {b:.6g}" for n, (a, b) in apart.items()
            )
            return self.failed(
                f"The rerun differs by more than {tolerance:g}: {words}.",
                "Fix the seeds, rerun the notebook from top to bottom, and record again; "
                "or raise replay.tolerance.",
                tolerance=tolerance,
                differs={name: {"recorded": a, "rerun": b} for name, (a, b) in apart.items()},
            )
        metrics = "1 metric" if len(recorded) == 1 else f"{len(recorded)} metrics"
        return self.passed(
            f"{metrics} equal within {tolerance:g} in a fresh kernel",
            run=replay.run_id,
            tolerance=tolerance,
        )


def _written(value: Any) -> str:
    """Return a setting's value as a person would write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_written, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _close(recorded: float, rerun: float, tolerance: float) -> bool:
    if math.isnan(recorded) or math.isnan(rerun):
        return math.isnan(recorded) and math.isnan(rerun)
    return math.isclose(recorded, rerun, rel_tol=tolerance, abs_tol=tolerance)


def installed() -> dict[str, EntryPoint]:
    """Return the gates that are installed, by name; none is loaded."""
    return {point.name: point for point in entry_points(group="labline.gates")}


def load(names: tuple[str, ...], stage: str) -> list[Gate]:
    """Return the gates of a stage, from the entry points.

    Raises
    ------
    BadSettings
        A gate is not installed.
    """
    known = installed()
    for name in names:
        if name not in known:
            raise BadSettings(
                f"Stage {stage!r} asks for the gate {name!r}, which is not installed.",
                fix=nearest(name, known),
            )
    return [known[name].load()() for name in names]


def questions(
    gates: list[Gate], evidence: Evidence, stage: StageSettings, *, of: str = "service"
) -> dict[str, Question | Search]:
    """Return what the gates ask the built service, by ``GATE/NAME``; one that raises asks nothing.

    It is heard of again when it judges without an answer.

    Parameters
    ----------
    of
        ``service``, or ``previous``: what the stage holds now.
    """
    asked: dict[str, Question | Search] = {}
    for gate in (item for item in gates if of in item.needs):
        with contextlib.suppress(Exception):
            asked |= {f"{gate.name}/{item.name}": item for item in gate.questions(evidence, stage)}
    return asked


def judge(gates: list[Gate], evidence: Evidence, stage: StageSettings) -> list[Verdict]:
    """Ask every gate, side by side; one that raises, or comes to no end in time, has failed."""
    asked = [_Asked(gate, evidence, stage) for gate in gates]
    until = time.monotonic() + stage.gate_timeout
    return [one.verdict(until) for one in asked]


class _Asked:
    """A gate that judges in a thread of its own: one that hangs must not hold up the worker."""

    def __init__(self, gate: Gate, evidence: Evidence, stage: StageSettings) -> None:
        self._gate, self._evidence, self._stage = gate, evidence, stage
        self._said: Verdict | None = None
        self._thread = threading.Thread(target=self._judge, name=f"gate-{gate.name}", daemon=True)
        self._thread.start()

    def verdict(self, until: float) -> Verdict:
        """Return what the gate says by then, on the monotonic clock."""
        self._thread.join(max(0.0, until - time.monotonic()))
        return self._said or self._hung()

    def _judge(self) -> None:
        try:
            self._said = self._checked(self._gate.judge(self._evidence, self._stage))
        except BaseException as error:  # noqa: BLE001 - a gate may be anybody's code
            self._said = self._gate.failed(
                f"The gate itself failed: {type(error).__name__}: {error}",
                "Mend the gate; its traceback is in the evidence.",
                traceback=traceback.format_exc(),
            )

    def _checked(self, said: Any) -> Verdict:
        if not isinstance(said, Verdict):
            raise TypeError(f"judge returned a {type(said).__name__}, not a Verdict")
        return said

    def _hung(self) -> Verdict:
        frame = sys._current_frames().get(self._thread.ident or 0)
        where = "".join(traceback.format_stack(frame)) if frame else ""
        return self._gate.failed(
            f"The gate itself came to no end in {self._stage.gate_timeout:g} s.",
            "Mend the gate; where it hangs is in the evidence. Or raise gate_timeout of the stage.",
            traceback=where,
        )


def check_order(evidence: Evidence, stage: StageSettings) -> list[Verdict]:
    """Return the verdicts on ``after``, the stage to hold first, and ``soak``, for how long."""
    if stage.after is None:
        return []
    candidate = evidence.candidate
    if stage.after in candidate.stages:
        held = Verdict("after", Outcome.PASSED, f"{candidate.label} holds {stage.after}")
        return [held] if stage.soak is None else [held, _soak(evidence, stage, stage.soak)]
    return [
        Verdict(
            "after",
            Outcome.FAILED,
            f"{candidate.label} does not hold {stage.after}, which comes first.",
            f"Promote it there, then name it: labline promote {candidate.model}@{stage.after}",
            {"after": stage.after, "stages": list(candidate.stages)},
        )
    ]


def _soak(evidence: Evidence, stage: StageSettings, span: float) -> Verdict:
    """Return the verdict on how long the version has held the stage before."""
    label, since = evidence.candidate.label, evidence.since
    if since is None:
        return Verdict(
            "soak",
            Outcome.FAILED,
            f"The ledger does not say since when {label} holds {stage.after}.",
            f"Let labline promote it there: labline promote {label} --to {stage.after}",
            {"soak": span},
        )
    held, over = evidence.at - since, since + span
    numbers = {"soak": span, "since": since, "over": over}
    if held >= span:
        words = f"{label} has held {stage.after} for {lasting(held)}"
        return Verdict("soak", Outcome.PASSED, words, evidence=numbers)
    then = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(math.ceil(over / 60) * 60))
    return Verdict(
        "soak",
        Outcome.FAILED,
        f"{label} has held {stage.after} for {lasting(held)}; the soak of {lasting(span)} is over "
        f"at {then}.",
        f"Ask again then: labline promote {label} --to STAGE. Or lower soak of the stage.",
        numbers,
    )


def check_approvals(
    verdicts: list[Verdict], actor: str, stage: StageSettings, *, least: int = 0
) -> list[Verdict]:
    """Return the verdict on ``approvals``: how many people must agree once the gates have passed.

    A gate that answers "needs approval" wants one, even if the stage asks for none.

    Parameters
    ----------
    least
        How many must in any case.
    """
    rule = stage.approvals
    asked = any(verdict.outcome is Outcome.NEEDS_APPROVAL for verdict in verdicts)
    required = max(rule.required, int(asked), least)
    if not required:
        return []
    but = f", but not of {actor}, who asked" if rule.four_eyes else ""
    people = "1 person" if required == 1 else f"{required} people"
    return [
        Verdict(
            "approvals",
            Outcome.NEEDS_APPROVAL,
            f"It needs the approval of {people}{but}.",
            "Once it waits: labline approve PROMOTION",
            {"required": required, "four_eyes": rule.four_eyes},
        )
    ]


def _of(items: Sequence[Any], what: str) -> str:
    return f"{len(items)} {what}" if len(items) == 1 else f"{len(items)} {what}s"
