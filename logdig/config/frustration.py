"""What counts as frustration: ``[frustration]`` of logdig.toml. Source of the defaults: docs/measures.md."""

from __future__ import annotations

import msgspec

from logdig.errors import InvalidSettingError

LEAST_CLICKS = 3
"""A burst is told by three neighbours."""
MOST_MS, MOST_PX, MOST_CLICKS = 86_400_000, 10_000, 1000
LIMITS = {
    "rage_clicks": (LEAST_CLICKS, MOST_CLICKS), "rage_ms": (0, MOST_MS), "rage_px": (0, MOST_PX),
    "dead_ms": (0, MOST_MS), "return_ms": (0, MOST_MS),
}  # fmt: skip
"""Least and greatest value of each key."""


class FrustrationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What counts as frustration; limits are inclusive.

    Args:
        rage_clicks: Least clicks of a burst.
        rage_ms: Any three neighbours lie within so much time ...
        rage_px: ... and within so many px of each other.
        dead_ms: A click was watched at least so long.
        return_ms: Back on the page within so much time of the view of the next one.
    """

    rage_clicks: int = 3
    rage_ms: int = 1000
    rage_px: int = 30
    dead_ms: int = 2500
    return_ms: int = 10_000


def check_frustration(frustration: FrustrationSettings) -> None:
    """Check every limit.

    Raises:
        InvalidSettingError: Names key, value and rule.
    """
    for name, (least, most) in LIMITS.items():
        value = getattr(frustration, name)
        if not least <= value <= most:
            raise InvalidSettingError(f"frustration.{name}", value, f"{least:,} to {most:,}")
