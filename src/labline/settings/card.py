"""``cards/MODEL.toml``: what only a person can say of a model, kept in git."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import Field, ValidationError

from labline.errors import BadSettings
from labline.settings.explain import explain
from labline.settings.section import Section

FOLDER = "cards"
#: what every card should say; the others belong to the technical documentation
BASIC = ("intended_use", "limitations")


class CardSettings(Section):
    """``cards/MODEL.toml``: what only a person can say of a model."""

    intended_use: str = Field("", description="what it is for, for whom, and what it is not for")
    limitations: str = Field("", description="where and for whom it is known to do badly")
    provider: str = Field("", description="who is responsible for it: name and contact")
    interaction: str = Field("", description="hardware and software it works with, and its form")
    instructions: str = Field("", description="where its users find the instructions for use")
    design_choices: str = Field(
        "", description="why it is built so: assumptions, trade-offs, what it optimises"
    )
    data_origin: str = Field(
        "", description="how the data was obtained, selected, labelled and cleaned"
    )
    human_oversight: str = Field("", description="who oversees it, and how they can step in")
    predetermined_changes: str = Field("", description="changes that are planned beforehand")
    cybersecurity: str = Field("", description="how it is protected against tampering and misuse")
    risks: str = Field(
        "", description="foreseeable harm to health, safety and fundamental rights; its sources"
    )
    metric_choice: str = Field("", description="why its metrics are the right ones for this use")
    risk_management: str = Field("", description="the risk management system (Article 9)")
    standards: str = Field("", description="harmonised standards applied, or what is done instead")
    declaration: str = Field("", description="where the EU declaration of conformity is")
    monitoring_plan: str = Field("", description="the plan for monitoring it in use (Article 72)")

    def open_fields(self, risk: str) -> tuple[str, ...]:
        """Return the fields that somebody still has to fill, in order."""
        wanted = type(self).model_fields if risk == "high" else BASIC
        return tuple(name for name in wanted if not getattr(self, name).strip())


def card_file(root: Path, model: str) -> Path:
    """Return where the human part of a model's card is, or would be."""
    return root / FOLDER / f"{model}.toml"


def load_card(root: Path, model: str) -> CardSettings:
    """Read the human part of a model's card; without a file nothing has been said.

    Raises
    ------
    BadSettings
        The file is not TOML, has an unknown key, or a value that is no text.
    """
    path = card_file(root, model)
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    try:
        return CardSettings(**tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"{path} is not valid TOML: {error}") from error
    except ValidationError as error:
        raise explain(error, path, text, CardSettings) from error


def blank_card(model: str) -> str:
    """Return a file to be filled: each field with what it asks."""
    fields = CardSettings.model_fields.items()
    asked = "\n\n".join(f'# {field.description}\n{name} = ""' for name, field in fields)
    return f"# What only a person can say of {model}; see docs/governance.md.\n\n{asked}\n"
