"""Statistics: equal to statsmodels, to published bounds, and right as often as they say."""

from __future__ import annotations

import random
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from logdig.questions.sequential import sequential_bounds
from logdig.questions.statistics import (
    Mean,
    Share,
    benjamini_hochberg,
    newcombe,
    two_proportions,
    welch,
    wilson,
)

LEVELS = st.sampled_from([0.8, 0.9, 0.95, 0.99])
VALUES = st.lists(st.floats(-1000, 1000).map(lambda value: round(value, 3)), min_size=2, max_size=40)


@st.composite
def shares(draw: st.DrawFn) -> Share:
    trials = draw(st.integers(1, 100_000))
    return Share(draw(st.integers(0, trials)), trials)


def mean_of(values: list[float]) -> Mean:
    return Mean(len(values), float(np.mean(values)), float(np.var(values, ddof=1)))


@given(shares(), LEVELS)
def test_wilson_equals_statsmodels(share: Share, level: float) -> None:
    interval = wilson(share, level)

    low, high = proportion_confint(share.successes, share.trials, 1 - level, method="wilson")
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-9)


@given(shares(), shares(), LEVELS)
def test_newcombe_equals_statsmodels(before: Share, after: Share, level: float) -> None:
    interval = newcombe(before, after, level)

    low, high = confint_proportions_2indep(
        after.successes,
        after.trials,
        before.successes,
        before.trials,
        method="newcomb",
        compare="diff",
        alpha=1 - level,
    )
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-9)


@given(shares(), shares())
def test_two_proportions_equals_statsmodels_where_rates_vary(before: Share, after: Share) -> None:
    successes = before.successes + after.successes

    p_value = two_proportions(before, after)

    if successes in (0, before.trials + after.trials):
        assert p_value == 1
    else:
        counts = [after.successes, before.successes]
        assert p_value == pytest.approx(proportions_ztest(counts, [after.trials, before.trials])[1], abs=1e-9)


@given(VALUES, VALUES, LEVELS)
def test_welch_equals_statsmodels_where_values_vary(before: list[float], after: list[float], level: float) -> None:
    if np.ptp(before) < 0.01 or np.ptp(after) < 0.01:
        return
    interval, p_value = welch(mean_of(before), mean_of(after), level)

    compared = CompareMeans(DescrStatsW(after), DescrStatsW(before))
    assert p_value == pytest.approx(compared.ttest_ind(usevar="unequal")[1], abs=1e-9)
    low, high = compared.tconfint_diff(1 - level, usevar="unequal")
    assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-7, abs=1e-7)


def test_welch_is_certain_when_no_value_varies() -> None:
    assert welch(Mean(3, 2, 0), Mean(4, 2, 0))[1] == 1
    assert welch(Mean(3, 2, 0), Mean(4, 5, 0))[1] == 0
    with pytest.raises(ValueError, match="at least 2"):
        welch(Mean(1, 2, 0), Mean(4, 5, 0))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_benjamini_hochberg_equals_statsmodels(p_values: list[float]) -> None:
    assert benjamini_hochberg(p_values) == pytest.approx(list(multipletests(p_values, method="fdr_bh")[1]))


def test_sequential_bounds_equal_the_published_ones_of_five_looks() -> None:
    # R's gsDesign, sfLDOF, one-sided 0.025.
    assert sequential_bounds((0.2, 0.4, 0.6, 0.8, 1.0)) == pytest.approx(
        (4.8769, 3.3570, 2.6803, 2.2898, 2.0310), abs=1e-3
    )
    assert sequential_bounds((1.0,)) == pytest.approx((1.959964,), abs=1e-5)


def test_sequential_bounds_of_very_early_looks_are_as_wide_as_the_spending_function_says() -> None:
    edge = NormalDist().inv_cdf(1 - 0.05 / 4)

    for share in (0.05, 0.01):
        # One look spends twice what lies beyond edge / sqrt(share); out there a factor of 2 is little.
        first, last = sequential_bounds((share, 1.0))
        assert first == pytest.approx(edge / share**0.5, rel=0.02)
        assert first < edge / share**0.5
        assert last == pytest.approx(1.959964, abs=1e-5)
    assert sequential_bounds((0.001, 1.0))[0] > 37


def test_sequential_bounds_claim_falsely_in_at_most_five_percent_when_looked_at_daily() -> None:
    shares = tuple(day / 28 for day in range(1, 29))
    bounds = sequential_bounds(shares)
    source = np.random.default_rng(20)
    runs = 40_000
    scores = np.cumsum(source.normal(0, (1 / 28) ** 0.5, (runs, 28)), axis=1) / np.sqrt(shares)

    claimed = (np.abs(scores) >= np.array(bounds)).any(axis=1).mean()

    # Three standard errors around the level.
    assert claimed == pytest.approx(0.05, abs=3 * (0.05 * 0.95 / runs) ** 0.5)


@pytest.mark.parametrize("looks", [(), (0.0, 1.0), (0.5, 0.5), (0.5, 0.4), (0.5, 1.1)])
def test_sequential_bounds_are_refused_when_shares_do_not_rise_to_at_most_one(looks: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="shares must rise"):
        sequential_bounds(looks)


def test_newcombe_holds_the_truth_as_often_as_it_says_when_people_are_independent() -> None:
    source = random.Random(4)
    held = 0
    for _ in range(1000):
        before, after = (Share(sum(source.random() < rate for _ in range(300)), 300) for rate in (0.05, 0.08))
        interval = newcombe(before, after)
        held += interval.low <= 0.03 <= interval.high

    # 95 % less three standard errors of 1,000 runs.
    assert held >= 930


def test_share_is_refused_when_successes_exceed_trials() -> None:
    with pytest.raises(ValueError, match="is no share"):
        Share(3, 2)
    assert wilson(Share(0, 0)).high == 1
    assert newcombe(Share(0, 0), Share(1, 2)).low == -1
    assert two_proportions(Share(0, 0), Share(1, 2)) == 1
