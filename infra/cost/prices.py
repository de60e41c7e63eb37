"""The price list and how its kinds of prices are read."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from logdig.errors import InputError

PRICES = Path(__file__).resolve().parent / "prices.toml"


PRICED_REGION = "us-east-1"
"""Region of the price list."""


def price_note(region: str) -> str:
    """Say whose prices the list has; other regions differ by some percent."""
    whose = f"list prices of {PRICED_REGION} of {read_prices()['date']}, without free tiers"
    return whose if region == PRICED_REGION else f"{whose}; {region} has prices of its own"


def read_prices(path: Path = PRICES) -> dict[str, Any]:
    """Read the price list."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def stepped(steps: Sequence[Sequence[float]], amount: float) -> float:
    """Price an amount by steps of (upper bound, price of one)."""
    cost = below = 0.0
    for bound, price in steps:
        cost += max(0.0, min(amount, bound) - below) * price
        below = bound
    return cost


def interpolate(points: Sequence[Sequence[float]], at: float) -> float:
    """Read a value between points of (at, value), beyond the last with its slope."""
    for (left, low), (right, high) in pairwise(points):
        if at <= right or (right, high) == tuple(points[-1]):
            return float(low + (at - left) * (high - low) / (right - left))
    raise InputError("a price list needs two points or more")
