"""How good scores are: Brier score, average precision, expected profit, and how sure that is, by resampling.

Everything is computed over rows that are sorted once; a resample is another weight of the same rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.model.regression import Numbers

RESAMPLES = 200
INTERVAL = (2.5, 97.5)
"""Percentiles of the resamples between which a difference lies."""
SEED = 20


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures of one predictor; ``roc_auc`` is None where only one class was met."""

    error: float
    average_precision: float
    brier: float
    roc_auc: float | None


@dataclass(frozen=True, slots=True)
class Range:
    """A figure between its bounds."""

    estimate: float
    low: float
    high: float


class Ranked:
    """Rows from the greatest score on: what rank measures need, whatever rows weigh. Equal scores are one step."""

    def __init__(self, labels: Numbers, scores: Numbers) -> None:
        self._order: NDArray[np.intp] = np.argsort(-scores, kind="stable")
        ordered = scores[self._order]
        first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        self._positive = np.flatnonzero(labels[self._order])
        step = np.searchsorted(first, self._positive, side="right") - 1
        bounds = np.r_[first, len(labels)]
        self._start, self._end = bounds[step], bounds[step + 1]
        # The same bounds, counted in positives.
        self._start_positive = np.searchsorted(self._positive, self._start)
        self._end_positive = np.searchsorted(self._positive, self._end)

    def average_precision(self, weights: Numbers) -> float:
        """Mean precision at the positives; 0 without any. Equal to scikit-learn's."""
        own, everyone, positive = self._running(weights)
        if not positive[-1]:
            return 0.0
        reached = everyone[self._end]
        # A positive that weighs nothing may come before everyone who weighs anything.
        return float((own * positive[self._end_positive] / np.where(reached > 0, reached, 1.0)).sum() / positive[-1])

    def roc_auc(self, weights: Numbers) -> float | None:
        """Chance that a positive is scored above a negative, equal ones half; None where one of them is missing."""
        own, everyone, positive = self._running(weights)
        negative = everyone[-1] - positive[-1]
        if not positive[-1] or not negative:
            return None
        above = everyone[self._end] - positive[self._end_positive] + everyone[self._start]
        above -= positive[self._start_positive]
        return float((own * (negative - above / 2)).sum() / (positive[-1] * negative))

    def _running(self, weights: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Weights of the positives; what all rows, and all positives, before each place weigh."""
        ordered = weights[self._order]
        own = ordered[self._positive]
        return own, _before(ordered), _before(own)


def _before(values: Numbers) -> Numbers:
    sums = np.empty(len(values) + 1)
    sums[0] = 0.0
    np.cumsum(values, out=sums[1:])
    return sums


def metrics(labels: Numbers, scores: Numbers, weights: Numbers | None = None) -> Metrics | None:
    """Measure scores against what happened; None without rows.

    Error counts a score above 0.5 as "will do it".
    """
    if not len(labels):
        return None
    weights = np.ones(len(labels)) if weights is None else weights
    ranked = Ranked(labels, scores)
    return Metrics(
        error=float(np.average((scores > 0.5) != (labels == 1), weights=weights)),
        average_precision=ranked.average_precision(weights),
        brier=float(np.average((scores - labels) ** 2, weights=weights)),
        roc_auc=ranked.roc_auc(weights),
    )


@dataclass(frozen=True, slots=True)
class Money:
    """What an offer costs a person (``ad_cost``), and what a success brings (``offer_value``)."""

    ad_cost: float
    offer_value: float


@dataclass(frozen=True, slots=True)
class Gains:
    """How much better a model is than a simple predictor: Brier score below, average precision above."""

    brier: Range
    average_precision: Range


@dataclass(frozen=True, slots=True)
class Profits:
    """Expected profit a person of the audience: where the score pays, and of showing to all; of none it is 0."""

    model: Range
    over_all: Range
    chosen: float
    """Share of the audience whose score pays."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A model beside simple predictors, by their names; profits are None where money is unknown."""

    gains: dict[str, Gains]
    profits: Profits | None


def compare(
    labels: Numbers,
    weights: Numbers,
    model: Numbers,
    others: dict[str, Numbers],
    money: Money | None,
    resamples: int = RESAMPLES,
) -> Comparison:
    """Compare a model's scores with others', with intervals from resamples of the rows (Poisson bootstrap).

    Args:
        labels: 0 or 1.
        weights: 1 / chance that the row is there.
        model: Its scores.
        others: Scores of simple predictors, by name.
        money: None = profits are not asked.
        resamples: How many.
    """
    order = np.argsort(-model, kind="stable")
    labels, weights, model = labels[order], weights[order], model[order]
    predicted = {"model": model, **{name: scores[order] for name, scores in others.items()}}
    ranked = {name: Ranked(labels, scores) for name, scores in predicted.items()}
    sums = [(scores - labels) ** 2 for scores in predicted.values()]
    if money is not None:
        gain = labels * money.offer_value - money.ad_cost
        sums += [gain * (model * money.offer_value > money.ad_cost), gain]
    columns = np.vstack([*sums, np.ones(len(labels))])

    def figures(counted: Numbers) -> Numbers:
        totals = columns @ counted
        precisions = [one.average_precision(counted) for one in ranked.values()]
        return np.array([*(totals[:-1] / totals[-1]), *precisions])

    drawn = np.random.default_rng(SEED)
    found = np.array([figures(weights * poisson_counts(drawn, len(labels))) for _ in range(resamples)])
    return _compared(figures(weights), found, list(others), money, _chosen(model, weights, money))


POISSON = np.searchsorted(
    np.cumsum([math.exp(-1) / math.factorial(count) for count in range(9)]), (np.arange(2**16) + 0.5) / 2**16
).astype(np.float64)
"""Numbers of a Poisson distribution of mean 1 at 65,536 evenly spaced places."""


def poisson_counts(drawn: np.random.Generator, size: int) -> Numbers:
    """How often each row is in a resample."""
    counts: Numbers = POISSON[drawn.integers(0, 2**16, size, np.uint16)]
    return counts


def _chosen(model: Numbers, weights: Numbers, money: Money | None) -> float:
    if money is None:
        return 0.0
    return float(np.average(model * money.offer_value > money.ad_cost, weights=weights))


def _compared(estimate: Numbers, found: Numbers, others: list[str], money: Money | None, chosen: float) -> Comparison:
    count, columns = len(others) + 1, found.T
    precision = len(columns) - count
    gains = {}
    for place, name in enumerate(others, 1):
        brier = [row[place] - row[0] for row in (estimate, columns)]
        average = [row[precision] - row[precision + place] for row in (estimate, columns)]
        gains[name] = Gains(_range(*brier), _range(*average))
    if money is None:
        return Comparison(gains, None)
    over = [row[count] - row[count + 1] for row in (estimate, columns)]
    return Comparison(gains, Profits(_range(estimate[count], columns[count]), _range(*over), chosen))


def _range(estimate: Numbers, found: Numbers) -> Range:
    low, high = np.percentile(found, INTERVAL)
    return Range(float(estimate), float(low), float(high))
