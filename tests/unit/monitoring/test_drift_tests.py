"""Drift tests: what they give, and that chance alone rarely exceeds its bound."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from labline.errors import BadSettings
from labline.monitoring.drift_tests import find

NAMES = ["psi", "ks", "chi2", "js"]


@pytest.mark.parametrize("name", NAMES)
def test_equal_shares_have_not_moved_and_the_figure_does_not_grow_with_rows(name: str) -> None:
    test = find(name)
    assert test.distance([10, 20, 30], [100, 200, 300]) == pytest.approx(0, abs=0.01)
    few = test.distance([500, 500], [200, 800])
    assert test.distance([5000, 5000], [2000, 8000]) == pytest.approx(few, rel=0.02)
    assert few > test.threshold


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rows", [(1000, 250), (300, 5000)])
def test_chance_alone_exceeds_its_bound_as_rarely_as_asked(
    name: str, rows: tuple[int, int]
) -> None:
    test, generator = find(name), np.random.default_rng(7)
    shares = [0.1] * 10
    beyond = 0
    for _ in range(1000):
        before, now = (generator.multinomial(count, shares).tolist() for count in rows)
        beyond += test.distance(before, now) > test.chance(before, now, 0.95)
    assert beyond <= 75, "5 % of 1000, and what a run of such trials may be above it"


def test_the_distance_of_kolmogorov_and_smirnov_is_scipys_where_bins_are_single_values() -> None:
    generator = np.random.default_rng(1)
    one, two = generator.integers(0, 6, 400), generator.integers(1, 7, 300)
    counts = [np.bincount(each, minlength=7).tolist() for each in (one, two)]
    expected = stats.ks_2samp(one, two).statistic
    assert find("ks").distance(*counts) == pytest.approx(expected)


def test_cohens_w_squared_is_pearsons_statistic_over_the_sizes() -> None:
    before, now = [30, 50, 20], [90, 60, 50]
    statistic = stats.chi2_contingency([before, now], correction=False).statistic
    w = find("chi2").distance(before, now)
    assert w**2 == pytest.approx(statistic * (1 / 100 + 1 / 200))


def test_a_test_that_is_not_installed_is_named() -> None:
    with pytest.raises(BadSettings, match=r"'psy', which is not installed") as caught:
        find("psy")
    assert "Did you mean 'psi'?" in caught.value.fix
