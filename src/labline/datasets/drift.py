"""How far one sample has moved from another, and how far chance alone would move it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: added to each count, so that an empty bin has a logarithm (Jeffreys' prior)
_HALF = 0.5


@dataclass(frozen=True)
class Shift:
    """How far counts in the same bins have moved."""

    #: population stability index: 0 for equal shares, above 0.2 by custom a shift worth a look
    psi: float
    #: what the index exceeds by chance alone as rarely as was asked, for samples of this size
    chance: float


def shift(expected: Sequence[float], found: Sequence[float], certainty: float) -> Shift:
    """Return the population stability index of two histograms over the same bins.

    ``sum((q - p) * ln(q / p))`` over the shares p and q; Siddiqi, *Credit Risk Scorecards* (2006),
    has the rule of thumb that 0.1 to 0.25 is a moderate shift. Where nothing has moved, the index
    divided by ``1/n + 1/m`` is distributed as chi-squared with one degree of freedom less than
    there are bins: Yurdakul and Naranjo, "Statistical properties of the population stability
    index", *Journal of Risk Model Validation* 14(4), 2020. Few rows therefore give large values
    by chance.

    Parameters
    ----------
    expected, found
        Counts, (bins,) each.
    certainty
        Probability that an index which chance alone makes stays below ``chance``.
    """
    import numpy as np
    from scipy.stats import chi2

    before, after = (np.asarray(counts, dtype=float) for counts in (expected, found))
    sizes = 1 / max(before.sum(), 1.0) + 1 / max(after.sum(), 1.0)
    p, q = ((counts + _HALF) / (counts + _HALF).sum() for counts in (before, after))
    index = float(((q - p) * np.log(q / p)).sum())
    freedom = max(len(before) - 1, 1)
    return Shift(index, float(chi2.ppf(certainty, freedom)) * float(sizes))


def chance_excess(before: float, now: float, rows: tuple[int, int], certainty: float) -> float:
    """Return by how much a share may grow from one sample to another by chance alone.

    The bound of the one-sided test of two proportions with pooled variance: Fleiss, Levin and
    Paik, *Statistical Methods for Rates and Proportions* (3rd edition, 2003), section 3.

    Parameters
    ----------
    before, now
        The share in each sample.
    rows
        How large the samples are.
    certainty
        Probability that chance stays below the bound.
    """
    from scipy.stats import norm

    first, second = rows
    pooled = (before * first + now * second) / (first + second)
    variance = pooled * (1 - pooled) * (1 / first + 1 / second)
    return float(norm.ppf(certainty)) * math.sqrt(variance)


def chance_outside(seen: int, rows: int, certainty: float) -> float:
    """Return which share of new values lies outside the range of `seen` ones by chance alone.

    The share of a population outside the range of a sample is distributed as Beta(2, seen - 1),
    whatever the population: Wilks, "Determination of sample sizes for setting tolerance limits",
    *Annals of Mathematical Statistics* 12 (1941). The count in `rows` new values is then
    beta-binomial.

    Parameters
    ----------
    certainty
        Probability that chance stays at or below what is returned.
    """
    from scipy.stats import betabinom

    return float(betabinom.ppf(certainty, rows, 2, max(seen - 1, 1))) / rows
