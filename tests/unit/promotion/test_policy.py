"""What is wrong with a policy, and what it asks, in words."""

from pathlib import Path

import pytest

from labline.promotion import Gate, policy
from labline.promotion.service_gates import LatencyGate
from labline.settings import Settings, StageSettings


def faults(folder: Path, text: str) -> list[str]:
    path = folder / "labline.toml"
    path.write_text(text, encoding="utf-8")
    return [fault.told(path) for fault in policy.faults(path)]


@pytest.mark.parametrize(("text", "says"), [
    ('gates = ["signature", "paritty"]',
     "labline.toml:2: stage 'prod' asks for the gate 'paritty', which is not installed. "
     "Did you mean 'parity'?"),
    ('gates = ["metric"]',
     "labline.toml:2: stage 'prod' asks for the gate 'metric' but does not say what it must "
     'show. Add metric = { name = "roc_auc", min = 0.75 } to the stage.'),
    ('metric = { name = "auc", min = "high" }',
     "labline.toml:2: stages.prod.metric.min: Input should be a valid number, unable to parse "
     "string as a number; it is 'high'."),
    ('metric = { name = "auc", mni = 0.7 }',
     "labline.toml:2: unknown key 'mni'. Did you mean 'min'?"),
    ('gate_timeout = "soon"',
     "labline.toml:2: stages.prod.gate_timeout: 'soon' is not a duration; write for example "
     "'30s', '10m' or '2h'."),
    ('after = "stagin"\n[stages.staging]',
     "labline.toml:2: stage 'prod' comes after 'stagin', which is not a stage. "
     "Did you mean 'staging'?"),
    ('after = "staging"\n[stages.staging]\nafter = "prod"',
     "labline.toml:4: the stages go in a circle: prod -> staging -> prod. Remove one 'after'."),
    ('after = "prod"',
     "labline.toml:2: the stages go in a circle: prod -> prod. Remove one 'after'."),
    ("gates = signature",
     'labline.toml:2: it is not TOML: Invalid value. Text needs quotes: key = "text".'),
])  # fmt: skip
def test_a_fault_names_line_and_fix(text: str, says: str, tmp_path: Path) -> None:
    assert faults(tmp_path, f"[stages.prod]\n{text}\n") == [says]


def test_every_fault_is_named_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        '[stages.a]\nafter = "b"\ngates = ["x", "latency"]\nmetric = 3\n[stages.b]\nafter = "a"\n'
        '[job]\n[jobs]\ntimeout = "soon"\n',
    )
    lines = [int(one.split(":")[1]) for one in found]
    assert (len(found), lines) == (6, [3, 3, 4, 6, 7, 9])


@pytest.mark.parametrize("text", [
    "stages = 3", "[stages]\nprod = 3", "[stages.prod]\ngates = 3\n", "[stages.prod]\nafter = 3",
    "[stages.prod]\ngates = [3]",
])  # fmt: skip
def test_a_policy_of_another_shape_is_told_and_nothing_raises(text: str, tmp_path: Path) -> None:
    assert len(faults(tmp_path, text)) == 1


def test_limits_that_no_gate_judges_by_are_noted(tmp_path: Path) -> None:
    path = tmp_path / "labline.toml"
    path.write_text(
        '[stages.prod]\ngates = ["contract"]\nlatency = { p95_ms = 5 }\nparity = { tolerance = 1 }'
    )
    assert policy.faults(path) == []
    (note,) = policy.notes(path)
    assert note.told(path) == (
        "labline.toml:3: stages.prod.latency is set, but nothing judges by it. "
        "Add 'latency' to the gates of prod."
    )


def words(text: str, folder: Path) -> dict[str, tuple[str, ...]]:
    (folder / "labline.toml").write_text(text)
    stage = Settings.load(folder).stages["prod"]
    return {demand.by: demand.words for demand in policy.demands("prod", stage)}


def test_what_a_stage_asks_is_said_in_words(tmp_path: Path) -> None:
    said = words(
        '[stages.staging]\n[stages.prod]\nafter = "staging"\nsoak = "24h"\n'
        'gates = ["signature", "metric", "latency", "replay"]\n'
        'metric = { name = "auc", min = 0.7, versus_champion = -0.01, slices = ["country"] }\n'
        "latency = { p95_ms = 50 }\napprovals = { required = 2 }\n"
        'rollout = { steps = [5, 100], every = "90m" }\n',
        tmp_path,
    )
    assert list(said) == [
        "after", "signature", "metric", "latency", "replay", "approvals", "rollout",
    ]  # fmt: skip
    assert said["after"] == ("the same version holds staging, and has for 1 day",)
    assert said["metric"] == (
        "auc is at least 0.7",
        "against the champion on the same held-out rows, auc is at most 0.01 worse",
        "in each slice by country with 10 rows or more, auc is at least 0.7",
    )
    assert said["latency"][-1] == "p95 is at most 50 ms"
    assert said["replay"][1] == "relative difference allowed per metric: 1e-06"
    assert said["approvals"] == ("2 people approve within 3 days, none of them the one who asked",)
    assert said["rollout"][0] == "deployed, it gets 5 %, 100 % of the requests, 90 minutes each"


def test_a_gate_of_ones_own_explains_itself() -> None:
    class Sized(Gate):
        """It is small."""

        name = "sized"

    class Quick(Gate):
        """It is quick.

        More for programmers.
        """

        name = "quick"
        table = "latency"

    stage = StageSettings(latency={"p95_ms": 20.0})
    assert Sized().asks(stage) == ["It is small"]
    assert Quick().asks(stage)[:2] == ["It is quick", "most milliseconds for 95 of 100: 20"]
    assert LatencyGate().asks(StageSettings())[0].startswith("The built service starts")
