"""Part of the day by the hour where a person is."""

from __future__ import annotations

DAY_PARTS = {"morning": (5, 12), "afternoon": (12, 17), "evening": (17, 22), "night": (22, 5)}
"""First hour of each part, and the first hour after it; the night goes over midnight. Source: docs/model.md."""


def day_part(hour: int) -> str:
    """Name of the part that an hour, 0 to 23, lies in."""
    return next((name for name, (first, end) in DAY_PARTS.items() if first <= hour < end), "night")
