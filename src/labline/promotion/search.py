"""Look for a request that breaks the contract, and for the smallest of those that do."""

from __future__ import annotations

import hashlib
import json
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from labline.promotion.contract import Case, breach
from labline.promotion.evidence import Answer, Ask
from labline.settings import ContractSettings


@dataclass
class Hunt:
    """Asks with one generated request after another; of those that break it, hypothesis shrinks.

    Calls come from hypothesis, which must find the same answer when it asks the same again: every
    answer is kept. When the time is up, what was not asked yet counts as right.
    """

    ask: Ask
    tolerance: float
    #: on the monotonic clock
    until: float
    #: seconds that the slowest answer took
    slowest: float = 0.0
    late: bool = False
    _known: dict[bytes, Answer] = field(default_factory=dict)

    @property
    def asked(self) -> int:
        """Different requests that were sent."""
        return len(self._known)

    def breaks(self, case: Case) -> bool:
        """Whether the answer to a case breaks the contract."""
        answer = self.answer(case)
        return answer is not None and bool(breach(case, answer, self.tolerance))

    def answer(self, case: Case) -> Answer | None:
        """Return the answer; ``None`` where there was no time to ask."""
        if case.body not in self._known:
            if time.monotonic() >= self.until:
                self.late = True
                return None
            self._known[case.body] = self.ask(case.body)
        return self._known[case.body]


def search(
    inputs: Sequence[Mapping[str, Any]],
    holdout: Mapping[str, Any],
    rule: ContractSettings,
    tolerance: float,
    ask: Ask,
) -> Answer:
    """Return, as an answer's body, how many requests were asked and the smallest that broke.

    The requests follow from the signature alone: the same model is asked the same, each time.

    Parameters
    ----------
    ask
        Sends a body to the service.
    """
    hunt = Hunt(ask, tolerance, time.monotonic() + rule.seconds)
    found = _smallest(hunt, inputs, holdout, rule)
    told: dict[str, Any] = {"asked": hunt.asked, "late": hunt.late, "seed": _seed(inputs)}
    if found is not None and (answer := hunt.answer(found)) is not None:
        told["broken"] = {
            "case": found.name,
            "wrong": breach(found, answer, tolerance),
            "request": found.whole,
            "status": answer.status,
            "answer": answer.body,
        }
    return Answer(200, told)


def _smallest(
    hunt: Hunt,
    inputs: Sequence[Mapping[str, Any]],
    holdout: Mapping[str, Any],
    rule: ContractSettings,
) -> Case | None:
    import hypothesis
    from hypothesis import Phase, Verbosity, settings
    from hypothesis.errors import NoSuchExample, Unsatisfiable
    from hypothesis.reporting import with_reporter

    from labline.promotion.generated import requests

    how = settings(
        max_examples=rule.examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        verbosity=Verbosity.quiet,
    )
    made = requests(inputs, holdout["rows"], holdout["predictions"])
    with warnings.catch_warnings(), with_reporter(lambda text: None):  # noqa: ARG005
        warnings.simplefilter("ignore")
        try:
            return hypothesis.find(made, hunt.breaks, settings=how, random=Random(_seed(inputs)))
        except (NoSuchExample, Unsatisfiable):
            return None


def _seed(inputs: Sequence[Mapping[str, Any]]) -> int:
    text = json.dumps(list(inputs), sort_keys=True, default=str)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])
