"""How far scores have moved since a model was tested."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analytics.model.regression import Numbers

TENTHS = 10
MOVED = 0.25
"""From this population stability index on scores are not distributed as in the test any more."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How scores are distributed: ``edges`` between tenths, rising and distinct, and the shares between."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]


def spread(scores: Numbers, weights: Numbers) -> Spread:
    """Cut scores into tenths of the weight; equal scores are never cut, so there may be fewer."""
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(weights[order])
    places = np.searchsorted(reached, reached[-1] * np.arange(1, TENTHS) / TENTHS)
    edges = np.unique(scores[order][np.minimum(places, len(order) - 1)])
    part = np.searchsorted(edges, scores, side="right")
    shares = np.bincount(part, weights, len(edges) + 1) / reached[-1]
    return Spread(tuple(edges.tolist()), tuple(shares.tolist()))


def stability_index(before: Sequence[float], now: Sequence[float]) -> float:
    """Population stability index of two distributions over the same parts: 0 = equal, above MOVED = moved.

    Source: N. Siddiqi, Credit Risk Scorecards, 2006, chapter 9.
    """
    least = 1e-4
    pairs = [(max(one, least), max(other, least)) for one, other in zip(before, now, strict=True)]
    return sum((other - one) * math.log(other / one) for one, other in pairs)
