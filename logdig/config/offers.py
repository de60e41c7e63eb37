"""What is promoted, to whom, and at what price: settings and their rules. Source: docs/decide.md."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any, Literal

import msgspec

from logdig.errors import InvalidSettingError

NAME_CHARACTERS = 128
"""Of an ad's name, which is the offer's; PLACEMENT_CHARACTERS: both as the wire contract has them."""
PLACEMENT_CHARACTERS = 64
MOST_INT = 2**31 - 1
"""Levels and statuses are 32-bit columns."""
MOST_MONEY = 1e9
MOST_BUDGETS = 9
"""Offers of one placement with a budget: a decision reads 100 items at most, two of the person and ten a budget."""
SMS_CHARACTERS = 640
"""Four messages in one; longer ones are cut up and paid by the piece."""
TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


class SmsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One message a person, to those whom the offer's policy would show it (docs/sms.md)."""

    text: str
    when: Literal["target", "listen"] = "target"
    dry_run: bool = True
    campaign: str = ""
    quiet_from: str = "21:00"
    quiet_until: str = "09:00"
    most_a_day: int = 1000


class OfferSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One offer: what success is, who may see it, how often, and what a showing and a success are worth.

    ``offer_value`` and ``ad_cost`` are in one currency, for one success and one showing. ``holdout_share`` is a share,
    or ``auto``: the job `targets` then chooses it and writes it into the profiles.
    """

    name: str
    placement: str = "before-song"
    below_level: int = 2
    status: int = 1
    goal: str = ""
    horizon_days: int = 7
    offer_value: float | None = None
    ad_cost: float = 0.0
    target_share: float = 0.2
    explore_share: float = 0.05
    holdout_share: float | Literal["auto"] = 0.1
    daily_cap: int = 3
    total_cap: int | None = None
    daily_budget: float | None = None
    max_error: float | None = None
    segments_app: str = ""
    sms: SmsSettings | None = None


LIMITS: dict[str, tuple[float, float]] = {
    "below_level": (-MOST_INT, MOST_INT),
    "status": (-MOST_INT, MOST_INT),
    "horizon_days": (1, 90),
    "offer_value": (0, MOST_MONEY),
    "ad_cost": (0, MOST_MONEY),
    "target_share": (0, 1),
    "explore_share": (0, 1),
    "holdout_share": (0, 1),
    "daily_cap": (0, MOST_INT),
    "total_cap": (0, MOST_INT),
    "daily_budget": (0, MOST_MONEY),
    "max_error": (0, 1),
    "sms.most_a_day": (0, MOST_INT),
}
"""Least and greatest value of each number."""


def check_offers(offers: Sequence[OfferSettings], apps: Collection[str], goals: Collection[str]) -> None:
    """Check every offer.

    Args:
        offers: All of them.
        apps: Whose customers may be written to Redis under the names of 2016.
        goals: Names of the goals.
    Raises:
        InvalidSettingError: Names key, value and rule.
    """
    names = [offer.name for offer in offers]
    for index, offer in enumerate(offers):
        key = f"offers[{index}]"
        if names.count(offer.name) > 1:
            raise InvalidSettingError(f"{key}.name", offer.name, "used twice; names must differ")
        _check_text(f"{key}.name", offer.name, NAME_CHARACTERS)
        _check_text(f"{key}.placement", offer.placement, PLACEMENT_CHARACTERS)
        for name, (least, greatest) in LIMITS.items():
            value = _value(offer, name)
            if isinstance(value, (int, float)) and not least <= value <= greatest:
                raise InvalidSettingError(f"{key}.{name}", value, f"{least:,} to {greatest:,.0f}")
        if offer.daily_budget is not None:
            _check_budget(f"{key}.daily_budget", offer, offers[:index])
        if offer.goal and offer.goal not in goals:
            raise InvalidSettingError(f"{key}.goal", offer.goal, "the name of one of [[goals]]")
        if offer.segments_app and offer.segments_app not in apps:
            rule = "the name of one of [[apps]], with profile_store = 'redis'"
            raise InvalidSettingError(f"{key}.segments_app", offer.segments_app, rule)
        if offer.sms:
            _check_sms(f"{key}.sms", offer.sms)
    segments = [index for index, offer in enumerate(offers) if offer.segments_app]
    if len(segments) > 1:
        rule = "one offer only: the names of 2016 hold no offer"
        raise InvalidSettingError(f"offers[{segments[1]}].segments_app", offers[segments[1]].segments_app, rule)


def _check_budget(key: str, offer: OfferSettings, others: Sequence[OfferSettings]) -> None:
    if not offer.ad_cost:
        raise InvalidSettingError(key, offer.daily_budget, "needs ad_cost above 0: a budget is spent by showings")
    budgets = [other for other in others if other.placement == offer.placement and other.daily_budget is not None]
    if len(budgets) >= MOST_BUDGETS:
        rule = f"at most {MOST_BUDGETS} offers of one placement have a budget; give this one another placement"
        raise InvalidSettingError(key, offer.daily_budget, rule)


def _check_sms(key: str, sms: SmsSettings) -> None:
    if not 1 <= len(sms.text) <= SMS_CHARACTERS:
        raise InvalidSettingError(f"{key}.text", sms.text, f"1 to {SMS_CHARACTERS} characters")
    if sms.campaign:
        _check_text(f"{key}.campaign", sms.campaign, NAME_CHARACTERS)
    for name in ("quiet_from", "quiet_until"):
        if not TIME_OF_DAY.fullmatch(getattr(sms, name)):
            raise InvalidSettingError(f"{key}.{name}", getattr(sms, name), "a time of day, HH:MM")


def _check_text(key: str, text: str, most: int) -> None:
    if not 1 <= len(text) <= most or re.search(r"[\x00-\x1f\x7f]", text):
        raise InvalidSettingError(key, text, f"1 to {most} characters, none of them a control character")


def _value(offer: OfferSettings, name: str) -> Any:
    """The value of a key, None where it or its table is not set."""
    value: Any = offer
    for part in name.split("."):
        value = getattr(value, part) if value is not None else None
    return value
