"""Who is shown which offer: one pure function for the decision service, the jobs and every channel.

An offer would be shown to who is eligible, and whose score pays or who explores this month. Only then the holdout hash
decides between show and holdout, so both groups are alike but for the ad (docs/decide.md says why).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from logdig.config.offers import OfferSettings
from logdig.decide.hashes import draw, explores, is_held_out
from logdig.decide.profiles import NO_COUNTS, Counts, OfferScore, Profile

STALE_AFTER = timedelta(hours=48)
"""Features older than this are not used: twice the default schedule of one run a day."""
AUTO_HOLDOUT = 0.1
"""Holdout of an offer with ``holdout_share = "auto"`` until the job `targets` has chosen one."""

Choice = Literal["show", "suppress", "holdout"]
Reason = Literal[
    "eligible",
    "holdout",
    "no_consent",
    "no_offer",
    "unknown",
    "stale",
    "not_eligible",
    "low_score",
    "capped",
    "over_budget",
    "limited",
    "bot",
    "timeout",
    "unavailable",
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
    """One decision; ``offer`` is the offer considered, None without one.

    ``p_show`` is the chance, before any draw, that this person is shown this offer now; ``explore`` says that only the
    explore draw chose it, not its score; ``band`` is the score's band as the job `targets` cut it, 0 = none.
    """

    decision: Choice
    reason: Reason
    offer: str | None = None
    score: float | None = None
    p_show: float = 0.0
    would_show: bool = False
    explore: bool = False
    band: int = 0
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


def decide(
    profile: Profile | None,
    offers: Sequence[OfferSettings],
    now: datetime,
    *,
    ads_consent: bool,
    counts: Counts = NO_COUNTS,
    over_budget: Collection[str] = (),
) -> Decision:
    """Decide whether a person is shown one of the offers of a placement.

    Args:
        profile: Scores of every offer that the person is eligible for, whatever they are; None when the person is
            unknown.
        offers: Those of one placement, or the one offer of a channel.
        now: In the app's time zone, whose days and months count.
        ads_consent: Whether the person allows ads now.
        counts: What the person was shown so far.
        over_budget: Names of the offers whose budget of the day is spent.
    """
    if not ads_consent:
        return Decision("suppress", "no_consent")
    if not offers:
        return Decision("suppress", "no_offer")
    if profile is None:
        return Decision("suppress", "unknown")
    if now - profile.features_as_of > STALE_AFTER:
        return Decision("suppress", "stale", features_as_of=profile.features_as_of)
    ranked = _ranked(profile, offers)
    refusals = {offer.name: _refusal(profile, offer, now.date(), counts, over_budget) for offer in ranked}
    eligible = [offer for offer in ranked if refusals[offer.name] is None]
    if not eligible:
        return _about(profile, ranked[0], "suppress", refusals[ranked[0].name] or "low_score")
    return _choose(profile, eligible, now.date())


def pays(offer: OfferSettings, known: OfferScore) -> bool:
    """Tell whether a showing is worth more than it costs; without values the job's flag tells (``target_share``)."""
    return known.target if offer.offer_value is None else known.score * offer.offer_value > offer.ad_cost


def holdout_share(offer: OfferSettings, known: OfferScore) -> float:
    """The share held out: the setting's, or what the job chose."""
    if offer.holdout_share != "auto":
        return offer.holdout_share
    return AUTO_HOLDOUT if known.holdout_share is None else known.holdout_share


def _ranked(profile: Profile, offers: Sequence[OfferSettings]) -> list[OfferSettings]:
    """Best first: by what a showing brings where every offer has a value, else by score; equal ones by name."""
    by_gain = all(offer.offer_value is not None for offer in offers)

    def worth(offer: OfferSettings) -> float:
        known = profile.offers.get(offer.name)
        if known is None:
            return float("-inf")
        return known.score * (offer.offer_value or 0.0) - offer.ad_cost if by_gain else known.score

    return sorted(offers, key=lambda offer: (-worth(offer), offer.name))


def _refusal(
    profile: Profile, offer: OfferSettings, day: date, counts: Counts, over_budget: Collection[str]
) -> Reason | None:
    """Say why a person is not eligible for an offer; None if they are. An unknown level or status breaks no rule."""
    if offer.name not in profile.offers:
        return "low_score"
    if profile.level is not None and profile.level >= offer.below_level:
        return "not_eligible"
    if profile.status is not None and profile.status != offer.status:
        return "not_eligible"
    if counts.shown_on(offer.name, day) >= offer.daily_cap:
        return "capped"
    if offer.total_cap is not None and counts.shown(offer.name) >= offer.total_cap:
        return "capped"
    return "over_budget" if offer.name in over_budget else None


def _choose(profile: Profile, eligible: Sequence[OfferSettings], day: date) -> Decision:
    """Choose among eligible offers, best first: the explorer's is drawn evenly, else the best that pays is taken."""
    best = next((offer for offer in eligible if pays(offer, profile.offers[offer.name])), None)
    drawn = max(eligible, key=lambda offer: draw(profile.person, offer.name, day))
    is_explorer = explores(profile.person, drawn.placement, day, drawn.explore_share)
    chosen = drawn if is_explorer else best
    considered = chosen or eligible[0]
    known = profile.offers[considered.name]
    held_out = holdout_share(considered, known)
    # 1 - mean(e): nobody is drawn; e/m: this offer is, and its explorer.
    share = considered.explore_share / len(eligible)
    if considered is best:
        share += 1 - sum(offer.explore_share for offer in eligible) / len(eligible)
    p_show = (1 - held_out) * min(share, 1.0)
    if chosen is None:
        return _about(profile, considered, "suppress", "low_score", p_show)
    is_held = is_held_out(profile.person, chosen.name, held_out)
    choice: tuple[Choice, Reason] = ("holdout", "holdout") if is_held else ("show", "eligible")
    return _about(profile, chosen, *choice, p_show, would_show=True, explore=chosen is not best)


def _about(
    profile: Profile,
    offer: OfferSettings,
    choice: Choice,
    reason: Reason,
    p_show: float = 0.0,
    *,
    would_show: bool = False,
    explore: bool = False,
) -> Decision:
    known = profile.offers.get(offer.name)
    return Decision(
        choice,
        reason,
        offer.name,
        known.score if known else None,
        p_show,
        would_show,
        explore,
        known.band if known else 0,
        known.model_version if known else None,
        profile.features_as_of,
    )
