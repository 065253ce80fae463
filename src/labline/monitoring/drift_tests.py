"""Drift tests: how far counts in bins have moved, and how far chance alone would move them.

The training set's rows are not kept, its counts are: so every test works on counts in the same
bins. Each gives a figure that does not grow with the number of rows, to hold against a threshold,
and what that figure exceeds by chance alone as rarely as is asked.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import ClassVar

from labline.datasets.drift import shift
from labline.errors import BadSettings, nearest

GROUP = "labline.drift_tests"
Counts = Sequence[float]


class DriftTest(ABC):
    """Says how far one sample has moved from another.

    Made once a report, and asked once a column. It touches nothing: counts in, figures out.
    """

    #: the word for it in ``[monitor.drift] test``; must equal the entry point's name
    name: ClassVar[str]
    #: what the figure is called, in words
    figure: ClassVar[str]
    #: what the figure must exceed unless ``[monitor.drift] threshold`` says otherwise
    threshold: ClassVar[float]

    @abstractmethod
    def distance(self, expected: Counts, found: Counts) -> float:
        """Return the figure; called with counts (bins,) of both samples, none of them empty."""

    @abstractmethod
    def chance(self, expected: Counts, found: Counts, certainty: float) -> float:
        """Return what chance alone stays below with this probability; called as `distance` is."""


class Psi(DriftTest):
    """The population stability index; 0.1 to 0.25 is by custom a moderate shift."""

    name = "psi"
    figure = "population stability index"
    threshold = 0.2

    def distance(self, expected: Counts, found: Counts) -> float:
        """Return the index; see :func:`labline.datasets.drift.shift`."""
        return shift(expected, found, 0.5).psi

    def chance(self, expected: Counts, found: Counts, certainty: float) -> float:
        """Return its quantile where nothing has moved."""
        return shift(expected, found, certainty).chance


class KolmogorovSmirnov(DriftTest):
    """The largest distance of the two distribution functions, at the ends of the bins.

    Between the ends it may be larger, so that the test is on the careful side: Conover,
    *Practical Nonparametric Statistics* (3rd edition, 1999), section 6.1, on grouped data. Of
    categories, which have no order, it is the distance in the order in which training names them.
    """

    name = "ks"
    figure = "Kolmogorov-Smirnov distance"
    threshold = 0.1

    def distance(self, expected: Counts, found: Counts) -> float:
        """Return the distance, from 0 to 1."""
        import numpy as np

        p, q = (np.cumsum(counts) / np.sum(counts) for counts in (expected, found))
        return float(np.abs(p - q).max())

    def chance(self, expected: Counts, found: Counts, certainty: float) -> float:
        """Return the quantile of Kolmogorov's limiting distribution."""
        from scipy.stats import kstwobign

        return float(kstwobign.ppf(certainty)) * math.sqrt(_sizes(expected, found))


class ChiSquared(DriftTest):
    """Cohen's w: the root of the squared differences of the shares, over the pooled shares.

    Pearson's statistic of the two samples is w squared, divided by ``1/n + 1/m``. By Cohen,
    *Statistical Power Analysis for the Behavioral Sciences* (1988), section 7.2, 0.1 is small and
    0.3 is medium.
    """

    name = "chi2"
    figure = "Cohen's w"
    threshold = 0.3

    def distance(self, expected: Counts, found: Counts) -> float:
        """Return w."""
        import numpy as np

        a, b = (np.asarray(counts, dtype=float) for counts in (expected, found))
        there = a + b > 0
        pooled = (a + b)[there] / (a.sum() + b.sum())
        gaps = (a / a.sum() - b / b.sum())[there]
        return float(np.sqrt((gaps**2 / pooled).sum()))

    def chance(self, expected: Counts, found: Counts, certainty: float) -> float:
        """Return the root of chi-squared's quantile, scaled to the samples."""
        return math.sqrt(_chi2(expected, certainty) * _sizes(expected, found))


class JensenShannon(DriftTest):
    """The Jensen-Shannon distance, from 0 to 1.

    The root of the divergence in bits: Endres and Schindelin, "A new metric for probability
    distributions", *IEEE Transactions on Information Theory* 49(7), 2003. For near samples the
    divergence is an eighth of chi-squared, in nats.
    """

    name = "js"
    figure = "Jensen-Shannon distance"
    threshold = 0.1

    def distance(self, expected: Counts, found: Counts) -> float:
        """Return the distance."""
        from scipy.spatial.distance import jensenshannon

        return float(jensenshannon(expected, found, base=2))

    def chance(self, expected: Counts, found: Counts, certainty: float) -> float:
        """Return its quantile where nothing has moved."""
        nats = _chi2(expected, certainty) * _sizes(expected, found) / 8
        return math.sqrt(nats / math.log(2))


def _sizes(expected: Counts, found: Counts) -> float:
    return 1 / sum(expected) + 1 / sum(found)


def _chi2(counts: Counts, certainty: float) -> float:
    from scipy.stats import chi2

    return float(chi2.ppf(certainty, max(len(counts) - 1, 1)))


def find(name: str) -> DriftTest:
    """Return the test of this name, from the entry points.

    Raises
    ------
    BadSettings
        None is installed.
    """
    known = {point.name: point for point in entry_points(group=GROUP)}
    if name not in known:
        raise BadSettings(
            f"[monitor.drift] asks for the test {name!r}, which is not installed.",
            fix=nearest(name, known),
        )
    made: DriftTest = known[name].load()()
    return made
