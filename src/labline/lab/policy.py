"""The policy as surfaces ask for it: is the file right, what does it ask, its JSON Schema."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline.errors import NotFound
from labline.promotion import policy
from labline.promotion.policy import Demand
from labline.settings import POLICY_FILE, find_root

if TYPE_CHECKING:
    from labline.lab.service import Lab
    from labline.records import ModelVersion
    from labline.settings import StageSettings
    from labline.settings.explain import Fault


@dataclass(frozen=True)
class Checked:
    """What a look at a ``labline.toml`` found."""

    path: str
    faults: tuple[Fault, ...]
    #: what it says to no effect
    notes: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        """Whether it can be used."""
        return not self.faults


@dataclass(frozen=True)
class Explained:
    """What a stage asks of a model, in words."""

    stage: str
    demands: tuple[Demand, ...]
    #: ``MODEL/VERSION`` of what holds the stage; only where a model was named
    champion: str | None = None
    #: the champion's metrics
    metrics: dict[str, float] | None = None
    #: whether the version that was named holds the stage already
    held: bool = False


def check(path: Path | None = None) -> Checked:
    """Look at a ``labline.toml`` (default: this project's) without using it.

    Raises
    ------
    NotFound
        There is none.
    """
    found = path or find_root(Path.cwd()) / POLICY_FILE
    if not found.is_file():
        raise NotFound(f"There is no {found}.", fix="labline init writes one.")
    faults = policy.faults(found)
    notes = [] if faults else policy.notes(found)
    return Checked(str(found), tuple(faults), tuple(notes))


def schema() -> dict[str, Any]:
    """Return the JSON Schema of ``labline.toml``, with the gates that are installed."""
    from labline.promotion import gates
    from labline.settings.schema import schema as made

    known = gates.installed()
    says = {name: cleandoc(point.load().__doc__ or "") for name, point in known.items()}
    return made({name: text.splitlines()[0] if text else name for name, text in says.items()})


@dataclass(frozen=True)
class PolicyDesk:
    """Where the policy says what a model would have to show."""

    lab: Lab

    def explain(self, model: str | None = None, *, stage: str | None = None) -> list[Explained]:
        """Return what each stage asks, in the order of the line; or only what `stage` asks.

        Parameters
        ----------
        model
            ``MODEL``, ``MODEL/3`` or ``MODEL@STAGE``: tells also what it would have to beat.

        Raises
        ------
        NotFound
            There is no such stage, or no such model.
        BadSettings
            A gate is not installed.
        """
        rules = self.lab.rules
        chosen = {stage: rules.stage(stage)} if stage else rules.stages
        version = self.lab.version(model) if model else None
        return [self._explain(name, rule, version) for name, rule in chosen.items()]

    def _explain(self, name: str, rule: StageSettings, version: ModelVersion | None) -> Explained:
        demands = tuple(policy.demands(name, rule))
        if version is None:
            return Explained(name, demands)
        held = self.lab.tracking.registry.champion(version.name, name)
        metrics = dict(self.lab.tracking.run(held.run_id).metrics) if held else None
        mine = held is not None and held.version == version.version
        return Explained(name, demands, held.label if held else None, metrics, mine)
