"""Retrained month after month on those whom it had shown the offer itself, a model keeps finding its targets."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.model.quality_gate import Sample, fitted
from analytics.model.regression import scores

PEOPLE, RETRAININGS, MONTHS_KEPT = 20_000, 8, 6
HOLDOUT, EXPLORE, PAYING = 0.1, 0.05, 0.2
SEEDS = [pytest.param(range(3), 3, id="3 seeds"), pytest.param(range(20), 18, id="20 seeds", marks=pytest.mark.full)]
Rows = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def chances(features: NDArray[np.float64], base: float) -> NDArray[np.float64]:
    """Chance of a click when shown, ``base`` on average."""
    logits = features @ np.array([1.2, 0.5, 0.0])
    shifts = np.linspace(-12, 6, 2001)
    sample = logits[:2000]
    means = (1 / (1 + np.exp(-sample[:, None] - shifts))).mean(axis=0)
    found: NDArray[np.float64] = 1 / (1 + np.exp(-logits - np.interp(base, means, shifts)))
    return found


def targets_by_retraining(seed: int, base: float) -> list[int]:
    """Targets of each model; the first has learned from a month in which everybody was shown the offer."""
    draw = np.random.default_rng(seed)
    features = draw.normal(size=(PEOPLE, 3))
    truth = chances(features, base)
    pays_from = np.quantile(truth, 1 - PAYING)
    held_out = draw.random(PEOPLE) < HOLDOUT
    months: list[Rows] = [(features, (draw.random(PEOPLE) < truth).astype(float), np.ones(PEOPLE))]
    counts = []
    for _ in range(RETRAININGS + 1):
        rows, labels, weights = (np.concatenate(parts) for parts in zip(*months[-MONTHS_KEPT:], strict=True))
        model = fitted(["a", "b", "c"], Sample(rows, labels, weights, labels * 0, None, None))
        target = scores(model, features) > pays_from
        counts.append(int(target.sum()))
        # Only who is shown the offer can click; below the threshold that are the month's explorers.
        shown = (target | (draw.random(PEOPLE) < EXPLORE)) & ~held_out
        chance = np.where(target, 1 - HOLDOUT, (1 - HOLDOUT) * EXPLORE)
        clicked = (draw.random(PEOPLE) < truth).astype(float)
        months.append((features[shown], clicked[shown], 1 / chance[shown]))
    return counts


@pytest.mark.parametrize("base", [0.04, 0.3])
@pytest.mark.parametrize(("seeds", "least"), SEEDS)
def test_targets_stay_within_a_fifth_when_only_shown_people_can_click(seeds: range, least: int, base: float) -> None:
    kept = 0
    for seed in seeds:
        first, *later = targets_by_retraining(seed, base)
        kept += all(abs(count / first - 1) <= 0.2 for count in later)

    assert kept >= least
