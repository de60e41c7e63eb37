"""Bounds for experiments that are looked at more than once: group-sequential tests, on the standard library."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from statistics import NormalDist

from logdig.questions.statistics import CONFIDENCE, NORMAL

GRID = 240
"""Points of the density between the bounds; bounds hold to three decimals (compared with published ones)."""
MOST_DEVIATIONS = 38.0
"""Beyond it nothing is left of a normal distribution that a float could hold."""
FARTHEST = 8.5
"""Standard deviations beyond which a normal density adds nothing to three decimals."""


@lru_cache(maxsize=64)
def sequential_bounds(
    shares: tuple[float, ...], alpha: float = 1 - CONFIDENCE, clock: tuple[float, ...] | None = None
) -> tuple[float, ...]:
    """Bounds of the z-value at each look, so that looking often claims falsely with a probability of alpha in all.

    Args:
        shares: Of the planned information (people, where each counts alike) at each look, rising, the last at most 1.
            With a ``clock`` the end need not be known: people themselves, in any unit.
        alpha: Two-sided; each side spends half of it, by the O'Brien-Fleming type function.
        clock: What alpha is spent by, if not by information: the part of the planned time at each look.
    Returns:
        One bound a look: a value of z at or beyond it, on either side, ends the experiment.
    Raises:
        ValueError: The shares, or the clock, do not rise from above 0 to at most 1.
    Source: K. K. G. Lan and D. L. DeMets 1983, Biometrika 70, and 1989, Statistics in Medicine 8 (calendar time);
        integration as P. Armitage and others 1969.
    """
    spending = shares if clock is None else clock
    if not shares or len(shares) != len(spending) or spending[-1] > 1 or not (_rises(shares) and _rises(spending)):
        raise ValueError(f"looks at {shares}: shares must rise from above 0 to at most 1")
    edge = NORMAL.inv_cdf(1 - alpha / 4)
    information = shares if clock is None else tuple(share / shares[-1] for share in shares)
    bounds: list[float] = []
    density: list[tuple[float, float]] = [(0.0, 1.0)]
    spent, last = 0.0, 0.0
    for share, time in zip(information, spending, strict=True):
        spend = 2 * _below(-edge / math.sqrt(time))
        step = math.sqrt(share - last)
        bound = _bound(density, NormalDist(0, step), spend - spent)
        bounds.append(bound / math.sqrt(share))
        density = _density(density, step, min(bound, FARTHEST * math.sqrt(share)))
        spent, last = spend, share
    return tuple(bounds)


def _rises(values: Sequence[float]) -> bool:
    return values[0] > 0 and all(after > before for before, after in pairwise(values))


def _below(value: float) -> float:
    """Share of a normal distribution below a value, far down too, where `NormalDist.cdf` is 0."""
    return math.erfc(-value / math.sqrt(2)) / 2


def _bound(density: list[tuple[float, float]], step: NormalDist, spend: float) -> float:
    """Value of the score that is passed upwards with the probability to spend."""

    def passed(score: float) -> float:
        return math.fsum(weight * _below((place - score) / step.stdev) for place, weight in density)

    low, high = 0.0, MOST_DEVIATIONS * step.stdev + max(place for place, _ in density)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if passed(middle) > spend else (low, middle)
    return (low + high) / 2


def _density(density: list[tuple[float, float]], step: float, bound: float) -> list[tuple[float, float]]:
    """Places of the score below both bounds after the next step, each with its probability (Simpson's rule).

    The sides are alike, so one is computed; of the steps only those that can be taken.
    """
    width, half, reach = 2 * bound / GRID, GRID // 2, FARTHEST * step
    scale, factor = -0.5 / step**2, 1 / (step * math.sqrt(2 * math.pi))
    side = []
    for number in range(half + 1):
        place = number * width
        near = density[bisect_left(density, (place - reach,)) : bisect_left(density, (place + reach,))]
        mass = math.fsum(weight * math.exp(scale * (place - origin) ** 2) for origin, weight in near)
        simpson = width / 3 * (1 if number == half else 4 if (number + half) % 2 else 2)
        side.append((place, simpson * factor * mass))
    return [(-place, weight) for place, weight in reversed(side[1:])] + side
