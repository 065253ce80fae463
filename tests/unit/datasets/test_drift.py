"""The population stability index, against its textbook values and against chance."""

import numpy as np
import pytest

from labline.datasets.drift import shift
from labline.datasets.profile import binned


def test_the_index_of_equal_shares_is_nothing_and_of_moved_ones_the_textbooks() -> None:
    assert shift([100, 200], [50, 100], 0.99).psi == pytest.approx(0, abs=1e-4)
    # (0.5 - 0.25) ln(0.5 / 0.25) + (0.5 - 0.75) ln(0.5 / 0.75)
    moved = shift([25_000, 75_000], [50_000, 50_000], 0.99).psi
    assert moved == pytest.approx(0.25 * np.log(2) + 0.25 * np.log(1.5), rel=1e-3)


def test_a_bin_that_empties_gives_a_finite_index() -> None:
    assert 0.2 < shift([50, 50], [100, 0], 0.99).psi < 10


def test_chance_alone_goes_over_its_limit_as_rarely_as_asked() -> None:
    generator = np.random.default_rng(3)
    cuts = list(np.quantile(generator.normal(size=10_000), np.linspace(0.1, 0.9, 9)))
    over = 0
    for _ in range(1000):
        before, after = (binned(generator.normal(size=n), cuts) for n in (300, 60))
        found = shift(before, after, certainty=0.99)
        over += found.psi > found.chance
    assert over <= 25
