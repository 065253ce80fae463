"""Cards of models that were really promoted, and the gate that asks for what people must say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.linear_model import Ridge

from labline.cli.app import labline_command
from labline.errors import BadInput, BadSettings, Conflict
from labline.lab import Lab
from labline.settings.card import CardSettings
from labline.tracking import models

POLICY = """
[project]
name = "numbers"
risk = "high"

[stages.staging]
gates = ["signature"]

[stages.prod]
after = "staging"
gates = ["signature"]
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("cards")
    (folder / "labline.toml").write_text(POLICY)
    made = Lab.from_(folder)
    run = made.tracking.create_run("numbers")
    made.tracking.log_metrics(run.id, {"r2": 0.9})
    numbers = pd.DataFrame(np.arange(12.0).reshape(6, 2), columns=["a", "b"])
    fitted = Ridge().fit(numbers, numbers["a"])
    models.save(fitted, folder / "model", example=numbers, requirements=["scikit-learn"])
    made.tracking.attach_model(run.id, folder / "model")
    made.tracking.end_run(run.id)
    with made.worker():
        made.promote(run.id, to="staging", actor="ada")
        yield made


def type_(lab: Lab, *words: str) -> str:
    done = CliRunner().invoke(
        labline_command, ["-C", str(lab.settings.root), *words], standalone_mode=False
    )
    if done.exception:
        raise done.exception
    return done.output


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, lab: Lab) -> None:
    monkeypatch.chdir(lab.settings.root)


def test_a_high_risk_keeps_prod_closed_until_the_card_is_filled(lab: Lab) -> None:
    assert "card" not in lab.settings.stage("staging").gates
    refused = lab.promote("numbers", to="prod", actor="ada")
    (verdict,) = refused.refusals
    assert verdict.gate == "card"
    for name in CardSettings.model_fields:
        assert name in verdict.reason
    type_(lab, "card", "numbers", "--init")
    file = Path("cards/numbers.toml")
    with pytest.raises(Conflict, match="is there already"):
        type_(lab, "card", "numbers", "--init")
    text = file.read_text().replace('= ""', '= "said"')
    file.write_text(text.replace('standards = "said"', 'standards = ""'))
    (verdict,) = lab.promote("numbers", to="prod", actor="ada").refusals
    assert "does not say standards." in verdict.reason
    file.write_text(text)
    assert lab.promote("numbers", to="prod", actor="ada").promoted


def test_a_card_tells_metrics_lineage_and_history(lab: Lab) -> None:
    text = type_(lab, "card", "numbers@staging")
    assert "# Model card: numbers/1" in text
    assert "| r2 | 0.9 |" in text
    assert "| ada | promoted | numbers/1 -\\> staging |" in text
    page = type_(lab, "card", "numbers", "--technical", "--format", "html")
    assert page.startswith("<!doctype html>")
    assert "Annex IV" in page


def test_a_mistake_in_a_card_names_its_line_and_the_nearest_field(lab: Lab) -> None:
    file = lab.settings.root / "cards" / "other.toml"
    file.parent.mkdir(exist_ok=True)
    from labline.settings.card import load_card

    file.write_text('\nlimitation = "x"\n')
    with pytest.raises(BadSettings, match=r"other.toml:2: .*'limitation'.*'limitations'"):
        load_card(lab.settings.root, "other")
    file.write_text("risks = 3\n")
    with pytest.raises(BadSettings, match=r"other.toml:1: risks: .*string"):
        load_card(lab.settings.root, "other")
    file.write_text("risks = \n")
    with pytest.raises(BadSettings, match="is not valid TOML"):
        load_card(lab.settings.root, "other")


@pytest.mark.parametrize("name", ["../x", "a/3", "a@prod", "..", ""])
def test_a_card_is_only_begun_under_the_name_of_a_model(lab: Lab, name: str) -> None:
    with pytest.raises(BadInput, match="cannot be the name of a model"):
        lab.cards.start(name)
