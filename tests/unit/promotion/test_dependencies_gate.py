"""The gate on what a service is made of, from evidence."""

from typing import Any

import pytest

from labline.packages import Advisory, Package
from labline.promotion import Dependencies, Evidence, Outcome, Subject, Verdict
from labline.promotion.dependencies_gate import DependenciesGate
from labline.promotion.licences import allows
from labline.records import Run
from labline.settings import StageSettings

RUN = Run("f" * 32, "calm-owl", "churn", "FINISHED", 0.0, 1.0, {}, {}, {})
PACKAGES = (
    Package("numpy", "2.4.0", "BSD-3-Clause AND MIT"),
    Package("paint", "1.0", "GPL-3.0-only"),
    Package("Odd_One", "7", ""),
)
ADVISORY = Advisory("PYSEC-7", ("CVE-2026-1",), "numpy", "2.4.0", (), "Reads beyond a buffer.")


def judge(found: Dependencies | None, **rule: Any) -> Verdict:
    evidence = Evidence(Subject("churn", 2, RUN, (), None), dependencies=found)
    return DependenciesGate().judge(evidence, StageSettings(dependencies=rule))


def test_without_rules_what_resolves_passes_and_what_was_not_looked_at_is_said() -> None:
    verdict = judge(Dependencies(PACKAGES))
    assert verdict.passed
    assert verdict.reason == (
        "3 packages resolve together; any licence; no vulnerability database is at hand: not "
        "looked for any"
    )


def test_a_conflict_is_told_in_words_with_its_fix() -> None:
    verdict = judge(Dependencies(error="the model requires a<1. These cannot ...", fix="Loosen."))
    assert (verdict.outcome, verdict.fix) == (Outcome.FAILED, "Loosen.")
    assert judge(None).outcome is Outcome.FAILED


def test_a_denied_licence_names_the_package_and_one_that_is_unknown_is_only_told() -> None:
    verdict = judge(Dependencies(PACKAGES), denied=("GPL-*",))
    assert verdict.outcome is Outcome.FAILED
    assert "1 of 3 packages have a licence that may not be: paint 1.0 (GPL-3.0-only)." in (
        verdict.reason
    )
    passed = judge(Dependencies(PACKAGES), denied=("AGPL-*",))
    assert "licences within the policy, 1 unknown" in passed.reason


def test_with_an_allowed_list_an_unknown_licence_is_refused_until_somebody_tells_it() -> None:
    rule = {"allowed": ("MIT", "BSD-*", "GPL-3.0-only")}
    verdict = judge(Dependencies(PACKAGES), **rule)
    assert "Odd_One 7 (unknown)" in verdict.reason
    assert "dependencies.licences" in verdict.fix
    assert judge(Dependencies(PACKAGES), **rule, licences={"odd-one": "MIT"}).passed


def test_many_packages_are_cut_short_in_words_and_whole_in_the_evidence() -> None:
    many = tuple(Package(f"p{n}", "1", "GPL-2.0-only") for n in range(9))
    verdict = judge(Dependencies(many), denied=("GPL-*",))
    assert "and 4 more" in verdict.reason
    assert len(verdict.evidence["licences"]) == 9


def test_a_known_vulnerability_is_refused_unless_it_is_accepted_by_id_or_alias() -> None:
    found = Dependencies(PACKAGES, (ADVISORY,), "osv.zip (3 days old)", 3)
    verdict = judge(found)
    assert verdict.reason == "1 known vulnerability: PYSEC-7 in numpy 2.4.0."
    assert "not fixed in any version" in verdict.fix
    assert verdict.evidence["advisories"][0]["summary"] == "Reads beyond a buffer."
    for name in ("PYSEC-7", "CVE-2026-1"):
        passed = judge(found, accepted=(name,))
        assert "1 accepted in 3 of them by osv.zip (3 days old)" in passed.reason


def test_what_the_stage_allows_is_said_in_words() -> None:
    rule = {"denied": ("GPL-*",), "vulnerabilities": "osv.zip", "accepted": ("PYSEC-7",)}
    asks = DependenciesGate().asks(StageSettings(dependencies=rule))
    assert asks == [
        "the requirements of model and service can be installed together",
        "no package has a licence of these: GPL-*",
        "osv.zip knows of no vulnerability in any of them, but for PYSEC-7",
    ]


@pytest.mark.parametrize(("expression", "may_be"), [
    ("MIT", True),
    ("mit", True),
    ("GPL-3.0-only", False),
    ("MIT OR GPL-3.0-only", True),
    ("GPL-3.0-only OR MIT", True),
    ("MIT AND GPL-3.0-only", False),
    ("MIT AND (GPL-3.0-only OR Apache-2.0)", True),
    ("GPL-3.0-only OR MIT AND GPL-2.0-only", False),
    ("Apache-2.0 WITH LLVM-exception", True),
    ("(MIT", False),
    ("MIT Apache-2.0", False),
    ("", False),
])  # fmt: skip
def test_an_expression_may_be_where_one_choice_may_be_whole(expression, may_be) -> None:
    assert allows(expression, ("MIT", "Apache-*"), ("GPL-*",)) is may_be
