"""One ad decision from one profile: show an offer, suppress it, or hold the person out. Pure.

Order of the rules: consent, offer, profile, freshness, score, cap, holdout (docs/decide.md says why).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from logdig.config.offers import OfferSettings
from logdig.decide.profiles import OfferScore, Profile

STALE_AFTER = timedelta(hours=48)
"""Features older than this are not used (design 4.6): twice the default schedule of one run a day."""

Choice = Literal["show", "suppress", "holdout"]
Reason = Literal[
    "eligible", "holdout", "no_consent", "no_offer", "unknown", "stale", "low_score", "capped", "timeout", "unavailable"
]
GENERAL_REASONS: Mapping[Reason, str] = {
    "eligible": "offer",
    "no_consent": "no_consent",
    "no_offer": "no_offer",
    "timeout": "timeout",
    "unavailable": "unavailable",
}
"""Reasons that a browser may get; every reason about the person becomes NOT_SELECTED."""
NOT_SELECTED = "not_selected"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision; ``offer`` is the offer considered, None without one."""

    decision: Choice
    reason: Reason
    offer: str | None = None
    score: float | None = None
    model_version: str | None = None
    features_as_of: datetime | None = None

    @property
    def ad(self) -> str | None:
        """Name of the ad to play, only when it may be shown."""
        return self.offer if self.decision == "show" else None

    @property
    def general_reason(self) -> str:
        """The reason without anything about the person."""
        return GENERAL_REASONS.get(self.reason, NOT_SELECTED)


def decide(profile: Profile | None, offers: Sequence[OfferSettings], now: datetime, *, ads_consent: bool) -> Decision:
    """Decide whether a person is shown one of the offers of a placement.

    Args:
        profile: None when the person is unknown.
        offers: Those of the asked placement; the best-scored one that passes its rules is taken.
        now: Timezone-aware.
        ads_consent: Whether the visitor allows ads now.
    """
    if not ads_consent:
        return Decision("suppress", "no_consent")
    if not offers:
        return Decision("suppress", "no_offer")
    if profile is None:
        return Decision("suppress", "unknown")
    if now - profile.features_as_of > STALE_AFTER:
        return Decision("suppress", "stale", features_as_of=profile.features_as_of)
    ranked = sorted(offers, key=lambda offer: _score(profile, offer), reverse=True)
    decisions = [_decide_offer(profile, offer, now) for offer in ranked]
    return next((decision for decision in decisions if decision.decision != "suppress"), decisions[0])


def is_held_out(person: str, offer: str, share: float) -> bool:
    """Tell whether a person is in the control group of an offer, which never sees it.

    Sticky: depends on person and offer only, so it needs no state; with a greater share everyone held out stays so.

    Args:
        share: 0 (nobody) to 1 (everybody).
    """
    return share_of(f"holdout:{offer}:{person}") < share


def share_of(text: str) -> float:
    """Give a number from 0 to below 1 for a text, the same as the tracker's ``shareOf`` (``lib/hash.js``) does.

    Those of texts that have a part in common are independent of each other, so that samples, experiments and holdouts
    are. Multiplicative hashing, then the finalizer of MurmurHash3.
    """
    bits = 0
    for letter in text:
        bits = ((bits ^ ord(letter)) * 0x9E3779B1) & 0xFFFFFFFF
    for shift, multiplier in ((15, 1), (16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        bits = ((bits ^ (bits >> shift)) * multiplier) & 0xFFFFFFFF
    return (bits ^ (bits >> 16)) / 2**32


def _score(profile: Profile, offer: OfferSettings) -> float:
    known = profile.offers.get(offer.name)
    return known.score if known else -1.0


def _decide_offer(profile: Profile, offer: OfferSettings, now: datetime) -> Decision:
    known = profile.offers.get(offer.name)
    if known is None:
        return Decision("suppress", "low_score", offer.name, features_as_of=profile.features_as_of)
    choice, reason = _choose(profile, known, offer, now)
    return Decision(choice, reason, offer.name, known.score, known.model_version, profile.features_as_of)


def _choose(profile: Profile, known: OfferScore, offer: OfferSettings, now: datetime) -> tuple[Choice, Reason]:
    if known.score < offer.min_score:
        return "suppress", "low_score"
    if _is_capped(profile, offer, now):
        return "suppress", "capped"
    if is_held_out(profile.person, offer.name, offer.holdout_share):
        return "holdout", "holdout"
    return "show", "eligible"


def _is_capped(profile: Profile, offer: OfferSettings, now: datetime) -> bool:
    # A count of another day says nothing about today.
    if now.date() != profile.features_as_of.date():
        return False
    return profile.shown_today.get(offer.name, 0) >= offer.daily_cap
