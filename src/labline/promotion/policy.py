"""A policy, read without a model: what is wrong with the file, and what it asks, in words."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from labline.errors import nearest
from labline.promotion import gates
from labline.settings import Settings, StageSettings
from labline.settings.explain import Fault, line_of, of_endpoints, of_order, of_values
from labline.settings.units import lasting


@dataclass(frozen=True)
class Demand:
    """What one gate, or rule, of a stage asks of a model."""

    #: a gate's name, or ``after``, ``approvals``, ``rollout``
    by: str
    #: one sentence each
    words: tuple[str, ...]


# -- what is wrong ---------------------------------------------------------------------------


def faults(path: Path) -> list[Fault]:
    """Return everything that is wrong with a ``labline.toml``, by line."""
    text = path.read_text(encoding="utf-8")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return [_not_toml(error)]
    found = [*_of_stages(data, text)]
    try:
        Settings(root=path.parent, **data)
    except ValidationError as error:
        found += of_values(error, text, Settings)
    except SettingsError as error:
        found.append(Fault(0, "", f"an environment variable LABLINE_... cannot be used: {error}."))
    return sorted(found, key=lambda fault: fault.line)


def _not_toml(error: tomllib.TOMLDecodeError) -> Fault:
    at = re.search(r"\(at line (\d+), column \d+\)", str(error))
    said = str(error).partition(" (at ")[0]
    line = int(at[1]) if at else 0
    return Fault(line, "", f"it is not TOML: {said}.", 'Text needs quotes: key = "text".')


def _of_stages(data: Mapping[str, Any], text: str) -> Iterator[Fault]:
    stages = _tables(data.get("stages"))
    after = {name: stage.get("after") for name, stage in stages.items()}
    yield from of_order(
        {name: before if isinstance(before, str) else None for name, before in after.items()}, text
    )
    served = {name: stage.get("endpoint") for name, stage in stages.items()}
    yield from of_endpoints(
        {name: one if isinstance(one, str) else None for name, one in served.items()}, text
    )
    known = gates.installed()
    for name, stage in stages.items():
        asked = stage.get("gates")
        for gate in asked if isinstance(asked, list) else ():
            yield from _of_gate(gate, name, stage, known, text)


def _of_gate(
    gate: Any, name: str, stage: Mapping[str, Any], known: Mapping[str, Any], text: str
) -> Iterator[Fault]:
    keys = ("stages", name, "gates")
    line, dotted = line_of(text, keys), ".".join(keys)
    if not isinstance(gate, str):
        return
    if gate not in known:
        what = f"stage {name!r} asks for the gate {gate!r}, which is not installed."
        yield Fault(line, dotted, what, nearest(gate, known))
    elif (example := known[gate].load().example) and gate not in stage:
        what = f"stage {name!r} asks for the gate {gate!r} but does not say what it must show."
        yield Fault(line, dotted, what, f"Add {example} to the stage.")


def notes(path: Path) -> list[Fault]:
    """Return what a ``labline.toml`` that can be used says to no effect: nothing judges by it."""
    text = path.read_text(encoding="utf-8")
    known = gates.installed()
    found = []
    for name, stage in _tables(tomllib.loads(text).get("stages")).items():
        asked = [gate for gate in stage.get("gates", ()) if gate in known]
        read = {known[gate].load().table or gate for gate in asked}
        for table in stage:
            if table in known and table not in read:
                keys = ("stages", name, table)
                what = f"{'.'.join(keys)} is set, but nothing judges by it."
                fix = f"Add {table!r} to the gates of {name}."
                found.append(Fault(line_of(text, keys), ".".join(keys), what, fix))
    return found


def _tables(stages: Any) -> dict[str, Mapping[str, Any]]:
    found = stages.items() if isinstance(stages, dict) else ()
    return {name: stage for name, stage in found if isinstance(stage, dict)}


# -- what it asks ----------------------------------------------------------------------------


def demands(name: str, stage: StageSettings) -> list[Demand]:
    """Return what a stage asks of a model, in the order in which it is asked.

    Raises
    ------
    BadSettings
        A gate is not installed.
    """
    asked = [(gate.name, gate.asks(stage)) for gate in gates.load(stage.gates, name)]
    rules = (("approvals", _approvals(stage)), ("rollout", _rollout(stage)))
    found: Iterable[tuple[str, list[str]]] = (("after", _after(stage)), *asked, *rules)
    return [Demand(by, tuple(words)) for by, words in found if words]


def _after(stage: StageSettings) -> list[str]:
    if not stage.after:
        return []
    soak = f", and has for {lasting(stage.soak)}" if stage.soak else ""
    return [f"the same version holds {stage.after}{soak}"]


def _approvals(stage: StageSettings) -> list[str]:
    rule = stage.approvals
    if not rule.required:
        return []
    people = "1 person approves" if rule.required == 1 else f"{rule.required} people approve"
    but = ", none of them the one who asked" if rule.four_eyes else ""
    return [f"{people} within {lasting(rule.expires)}{but}"]


def _rollout(stage: StageSettings) -> list[str]:
    rule = stage.rollout
    if rule is None:
        return []
    steps = ", ".join(f"{step} %" for step in rule.steps)
    slow = f", or p99 above {rule.abort.p99_ms:g} ms" if rule.abort.p99_ms else ""
    return [
        f"deployed, it gets {steps} of the requests, {lasting(rule.every)} each",
        f"more than {100 * rule.abort.error_rate:.3g} % of errors{slow}: it is taken back",
    ]
