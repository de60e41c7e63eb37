"""Intervals and tests for shares and means, in closed forms on the standard library; no numpy, no scipy.

Every share is ``successes / trials`` of independent people; counts of clicks or page views of the same person are not
independent, and intervals of them are too narrow. Levels are two-sided.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

NORMAL = NormalDist()
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate between its bounds, in the unit of the measure."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many: ``0 <= successes <= trials``."""

    successes: float
    trials: float

    def __post_init__(self) -> None:
        if not 0 <= self.successes <= self.trials:
            raise ValueError(f"{self.successes} of {self.trials} is no share: successes lie from 0 to the trials")

    @property
    def rate(self) -> float:
        """Successes a trial; NaN of no trials."""
        return self.successes / self.trials if self.trials else math.nan


@dataclass(frozen=True, slots=True)
class Mean:
    """A sample's size, mean and variance (with n - 1)."""

    size: float
    mean: float
    variance: float


def critical_value(confidence: float) -> float:
    """Standard normal quantile that leaves ``1 - confidence`` outside of both sides together.

    Raises:
        ValueError: ``confidence`` is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}, it must lie between 0 and 1")
    return NORMAL.inv_cdf((1 + confidence) / 2)


def wilson(share: Share, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval of a share; 0 to 1 where there are no trials.

    Source: E. B. Wilson 1927, Journal of the American Statistical Association 22.
    """
    z2 = critical_value(confidence) ** 2
    trials, rate = share.trials, share.rate
    if not trials:
        return Interval(math.nan, 0.0, 1.0)
    centre = (rate + z2 / (2 * trials)) / (1 + z2 / trials)
    half = math.sqrt(z2 * (rate * (1 - rate) / trials + z2 / (4 * trials**2))) / (1 + z2 / trials)
    # Rounding must not push the bound of an extreme share past it.
    return Interval(rate, max(0.0, min(rate, centre - half)), min(1.0, max(rate, centre + half)))


def newcombe(before: Share, after: Share, confidence: float = CONFIDENCE) -> Interval:
    """Interval of the difference ``after - before`` of two independent shares, from their Wilson intervals.

    Source: R. G. Newcombe 1998, Statistics in Medicine 17, method 10.
    """
    first, second = wilson(before, confidence), wilson(after, confidence)
    if not before.trials or not after.trials:
        return Interval(math.nan, -1.0, 1.0)
    difference = second.estimate - first.estimate
    low = math.hypot(second.estimate - second.low, first.high - first.estimate)
    high = math.hypot(second.high - second.estimate, first.estimate - first.low)
    return Interval(difference, difference - low, difference + high)


def two_proportions(before: Share, after: Share) -> float:
    """Two-sided p-value of equal rates, by the pooled z-test; 1 where there is nothing to compare."""
    if not before.trials or not after.trials:
        return 1.0
    pooled = (before.successes + after.successes) / (before.trials + after.trials)
    error = math.sqrt(pooled * (1 - pooled) * (1 / before.trials + 1 / after.trials))
    if not error:
        return 1.0
    return 2 * NORMAL.cdf(-abs(after.rate - before.rate) / error)


def welch(before: Mean, after: Mean, confidence: float = CONFIDENCE) -> tuple[Interval, float]:
    """Difference ``after - before`` of two means whose variances may differ: its interval and two-sided p-value.

    Raises:
        ValueError: A sample has fewer than two values.
    Source: B. L. Welch 1947, Biometrika 34; degrees of freedom by Satterthwaite.
    """
    if min(before.size, after.size) < 2:
        raise ValueError(f"samples of {before.size} and {after.size} values; each needs at least 2")
    difference = after.mean - before.mean
    parts = before.variance / before.size, after.variance / after.size
    error = math.sqrt(sum(parts))
    if not error:
        return Interval(difference, difference, difference), float(not difference)
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (before.size - 1) + parts[1] ** 2 / (after.size - 1))
    half = student_quantile((1 + confidence) / 2, freedom) * error
    return Interval(difference, difference - half, difference + half), 2 * student_tail(
        abs(difference) / error, freedom
    )


def student_tail(value: float, freedom: float) -> float:
    """Probability that Student's t with so many degrees of freedom exceeds ``value >= 0``."""
    return incomplete_beta(freedom / 2, 0.5, freedom / (freedom + value * value)) / 2


def student_quantile(probability: float, freedom: float) -> float:
    """Value that Student's t stays below with a probability of at least one half; found by halving."""
    low, high = 0.0, 1.0
    while student_tail(high, freedom) > 1 - probability:
        low, high = high, high * 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if student_tail(middle, freedom) > 1 - probability else (low, middle)
    return (low + high) / 2


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function, by its continued fraction (modified Lentz).

    Source: NIST Digital Library of Mathematical Functions, 8.17(v).
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    tiny, fraction, upper, lower = 1e-300, 1.0, 1.0, 0.0
    for step in range(1000):
        half = step // 2
        if not step:
            term = 1.0
        elif step % 2:
            term = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            term = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        lower = 1 / ((1 + term * lower) or tiny)
        upper = (1 + term / upper) or tiny
        fraction *= upper * lower
        if step and abs(upper * lower - 1) < 1e-15:
            break
    return front * (fraction - 1)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values in the given order: those at most q are findings of which a share of q may be false.

    Source: Y. Benjamini and Y. Hochberg 1995, Journal of the Royal Statistical Society B 57.
    """
    count, least = len(p_values), 1.0
    adjusted = [1.0] * count
    order = sorted(range(count), key=lambda index: p_values[index], reverse=True)
    for rank, index in zip(range(count, 0, -1), order, strict=True):
        least = min(least, p_values[index] * count / rank)
        adjusted[index] = least
    return adjusted


def mean_of_share(share: Share) -> Mean:
    """A share as the mean of zeros and ones.

    Its variance is as if one more had succeeded and one more failed: where few succeed, and none did, it is not too
    certain. Source: A. Agresti and B. Caffo 2000, The American Statistician 54.
    """
    likely = (share.successes + 1) / (share.trials + 2)
    return Mean(share.trials, share.rate, likely * (1 - likely))


def stratified_difference(strata: Iterable[tuple[Mean, Mean]]) -> tuple[float, float]:
    """Difference ``after - before`` over strata, and its standard error; NaN of none.

    Strata weigh ``n1 n2 / (n1 + n2)``: where one side is empty nothing is compared, and where the sides have the same
    proportion everywhere, each person counts alike.
    Source: W. G. Cochran 1954, Biometrics 10; N. Mantel and W. Haenszel 1959.
    """
    total = estimate = variance = 0.0
    for before, after in strata:
        if before.size and after.size:
            weight = before.size * after.size / (before.size + after.size)
            total += weight
            estimate += weight * (after.mean - before.mean)
            variance += weight**2 * (before.variance / before.size + after.variance / after.size)
    return (estimate / total, math.sqrt(variance) / total) if total else (math.nan, math.nan)


POWER = 0.8


def provable_difference(rate: float, before: float, after: float, bound: float, power: float = POWER) -> float:
    """Smallest difference of two shares near ``rate`` that so many people on either side prove with a power.

    Args:
        rate: Of the side that is compared with.
        before: People on that side.
        after: On the other.
        bound: Value of z that proves it: `critical_value`, or the last of `sequential_bounds`.
    Returns:
        Infinity where a side is empty.
    Source: J. L. Fleiss, Statistical Methods for Rates and Proportions, 3rd ed. 2003, chapter 4.
    """
    if not before or not after:
        return math.inf
    return (bound + NORMAL.inv_cdf(power)) * math.sqrt(rate * (1 - rate) * (1 / before + 1 / after))
