"""The gate on what a service is made of: it resolves, its licences may be, nothing is known bad."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labline.packages import Advisory, Package
from labline.promotion.evidence import Dependencies, Evidence, Verdict
from labline.promotion.gates import Gate
from labline.promotion.licences import allows
from labline.settings import DependenciesSettings, StageSettings

_FEW = 5


class DependenciesGate(Gate):
    """Model and service resolve together, to packages of allowed licences, none known as bad."""

    name = "dependencies"
    needs = frozenset({"dependencies"})

    def asks(self, stage: StageSettings) -> list[str]:
        """Say what the stage's ``dependencies`` allow."""
        return list(_asked(stage.dependencies))

    def judge(self, evidence: Evidence, stage: StageSettings) -> Verdict:
        """Refuse for the first of: a conflict, a licence, a vulnerability."""
        found, rule = evidence.dependencies, stage.dependencies
        if found is None or found.error:
            return self.failed(
                found.error if found else "The dependencies were not looked at.",
                found.fix if found else "Report this as a bug of labline.",
            )
        numbers: dict[str, Any] = {
            "packages": len(found.packages),
            "looked_up": found.looked_up,
            "database": found.database,
        }
        return (
            self._licences(found, rule, numbers)
            or self._vulnerabilities(found, rule, numbers)
            or self.passed(_told(found, rule), **numbers)
        )

    def _licences(
        self, found: Dependencies, rule: DependenciesSettings, numbers: Mapping[str, Any]
    ) -> Verdict | None:
        wrong = {
            _label(package): licence or "unknown"
            for package in found.packages
            if not _may_be(licence := _licence(package, rule), rule)
        }
        if not wrong:
            return None
        words = _few(f"{name} ({licence})" for name, licence in wrong.items())
        return self.failed(
            f"{len(wrong)} of {len(found.packages)} packages have a licence that may not be: "
            f"{words}.",
            "Do without them, or allow the licence in dependencies.allowed. One that is unknown "
            "can be told: dependencies.licences = { NAME = \"MIT\" }.",
            **numbers,
            licences=wrong,
        )  # fmt: skip

    def _vulnerabilities(
        self, found: Dependencies, rule: DependenciesSettings, numbers: Mapping[str, Any]
    ) -> Verdict | None:
        open_ = [item for item in found.advisories if not _accepted(item, rule)]
        if not open_:
            return None
        first = open_[0]
        fixed = f"fixed in {', '.join(first.fixed)}" if first.fixed else "not fixed in any version"
        return self.failed(
            f"{len(open_)} known {'vulnerability' if len(open_) == 1 else 'vulnerabilities'}: "
            f"{_few(f'{item.id} in {item.package} {item.version}' for item in open_)}.",
            f"{first.package}: {fixed}. Require it and log the model again, or name the id in "
            "dependencies.accepted.",
            **numbers,
            advisories=[
                {"id": item.id, "package": item.package, "version": item.version,
                 "fixed": list(item.fixed), "summary": item.summary}
                for item in open_
            ],
        )  # fmt: skip


def _asked(rule: DependenciesSettings) -> Iterator[str]:
    yield "the requirements of model and service can be installed together"
    if rule.allowed:
        yield f"every package has a licence of these: {', '.join(rule.allowed)}"
    if rule.denied:
        yield f"no package has a licence of these: {', '.join(rule.denied)}"
    if rule.vulnerabilities:
        but = f", but for {', '.join(rule.accepted)}" if rule.accepted else ""
        yield f"{rule.vulnerabilities} knows of no vulnerability in any of them{but}"


def _licence(package: Package, rule: DependenciesSettings) -> str:
    told = {name.lower().replace("_", "-"): said for name, said in rule.licences.items()}
    return told.get(package.name.lower().replace("_", "-"), package.licence)


def _may_be(licence: str, rule: DependenciesSettings) -> bool:
    # A licence that nobody knows is not among those allowed; that it is denied, nobody can say.
    return allows(licence, rule.allowed, rule.denied) if licence else not rule.allowed


def _accepted(advisory: Advisory, rule: DependenciesSettings) -> bool:
    return bool({advisory.id, *advisory.aliases} & {*rule.accepted})


def _told(found: Dependencies, rule: DependenciesSettings) -> str:
    """Say what was found, and what was not looked at."""
    count = len(found.packages)
    unknown = sum(not _licence(package, rule) for package in found.packages)
    licences = "licences within the policy" if rule.allowed or rule.denied else "any licence"
    if rule.denied and unknown:
        licences += f", {unknown} unknown"
    if not found.database:
        known = "no vulnerability database is at hand: not looked for any"
    else:
        accepted = len(found.advisories)
        known = f"{accepted} accepted" if accepted else "no known vulnerability"
        known += f" in {found.looked_up} of them by {found.database}"
    return f"{count} packages resolve together; {licences}; {known}"


def _label(package: Package) -> str:
    return f"{package.name} {package.version}"


def _few(words: Iterator[str]) -> str:
    every = list(words)
    more = f" and {len(every) - _FEW} more" if len(every) > _FEW else ""
    return ", ".join(every[:_FEW]) + more
