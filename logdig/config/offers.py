"""What is promoted, and to whom: settings and their rules. Source: docs/decide.md."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from logdig.errors import InvalidSettingError

NAME_CHARACTERS = 128
"""Of an ad's name, which is the offer's; PLACEMENT_CHARACTERS: both as the wire contract has them."""
PLACEMENT_CHARACTERS = 64
MOST_INT = 2**31 - 1
"""Levels and statuses are 32-bit columns."""


class OfferSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One offer: the ad whose click is the label, who may see it, and how often (docs/decide.md)."""

    name: str
    placement: str = "before-song"
    below_level: int = 2
    status: int = 1
    holdout_share: float = 0.1
    daily_cap: int = 3
    min_score: float = 0.5


def check_offers(offers: Sequence[OfferSettings]) -> None:
    """Check every offer.

    Raises:
        InvalidSettingError: Names key, value and rule.
    """
    names = [offer.name for offer in offers]
    for index, offer in enumerate(offers):
        if names.count(offer.name) > 1:
            raise InvalidSettingError(f"offers[{index}].name", offer.name, "used twice; names must differ")
        for key, most in (("name", NAME_CHARACTERS), ("placement", PLACEMENT_CHARACTERS)):
            text = getattr(offer, key)
            if not 1 <= len(text) <= most or re.search(r"[\x00-\x1f\x7f]", text):
                rule = f"1 to {most} characters, none of them a control character"
                raise InvalidSettingError(f"offers[{index}].{key}", text, rule)
        limits = {"holdout_share": (0, 1), "min_score": (0, 1), "daily_cap": (0, MOST_INT)}
        limits |= dict.fromkeys(("below_level", "status"), (-MOST_INT, MOST_INT))
        for key, (least, greatest) in limits.items():
            value = getattr(offer, key)
            if not least <= value <= greatest:
                raise InvalidSettingError(f"offers[{index}].{key}", value, f"{least:,} to {greatest:,}")
