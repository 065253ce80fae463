"""What a model card and a technical documentation say, heading by heading; pure."""

from __future__ import annotations

from labline.lab.card.document import Document, Part, Text
from labline.lab.card.facts import Facts


def model_card(facts: Facts) -> Document:
    """Return the model card."""
    return Document(
        f"Model card: {facts.version.label}",
        _subtitle(facts),
        (
            Part("Intended use", (facts.words("intended_use"),)),
            Part("Limits", (facts.words("limitations"),)),
            Part("Metrics", (facts.metrics(), facts.judged())),
            Part("Data", tuple(facts.data())),
            Part("What it takes and returns", (facts.interface(),)),
            Part("Lineage", (facts.lineage(),)),
            Part("Environment", (facts.surroundings(),)),
            Part("History", (facts.history(),)),
        ),
    )


def technical(facts: Facts) -> Document:
    """Return the technical documentation under the headings of the EU AI Act's Annex IV.

    Regulation (EU) 2024/1689, Annex IV, points 1 to 9; the headings are in our own words.
    """
    words = facts.words
    general = ("intended_use", "provider", "interaction", "instructions")
    return Document(
        f"Technical documentation: {facts.version.label}",
        f"{_subtitle(facts)}. Headings of Annex IV of Regulation (EU) 2024/1689; what labline has "
        "recorded is filled in, the rest is a person's to say.",
        (
            Part("1. General description", (*map(words, general), facts.interface())),
            Part("2a. Development: method and design", (words("design_choices"), facts.lineage())),
            Part("2b. Development: data", (words("data_origin"), *facts.data())),
            Part("2c. Development: computing resources", (facts.surroundings(),)),
            Part("2d. Development: human oversight", (words("human_oversight"),)),
            Part("2e. Development: planned changes", (words("predetermined_changes"),)),
            Part("2f. Development: validation and tests", (facts.metrics(), facts.judged())),
            Part("2g. Development: cybersecurity", (words("cybersecurity"),)),
            Part(
                "3. Monitoring, functioning and control: performance and its limits",
                (words("limitations"), words("risks")),
            ),
            Part("4. Why these metrics", (words("metric_choice"),)),
            Part("5. Risk management system", (words("risk_management"),)),
            Part("6. Changes through its life", (facts.history(),)),
            Part("7. Standards applied", (words("standards"),)),
            Part("8. EU declaration of conformity", (words("declaration"),)),
            Part("9. Monitoring after it is in use", (words("monitoring_plan"), _watching())),
        ),
    )


def _watching() -> Text:
    return Text("What is served and by whose word is in the ledger: labline ledger show.")


def _subtitle(facts: Facts) -> str:
    stages = (
        f"holds {', '.join(facts.version.stages)}" if facts.version.stages else "holds no stage"
    )
    return f"Risk: {facts.risk}; {stages}"
