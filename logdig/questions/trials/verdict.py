"""Did an offer pay? What a month's trial says, in one of four sentences, and what it could prove. Pure.

Source: docs/offers.md, "The trial of a month".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal

from logdig.questions.engine.parameters import OfferTerms
from logdig.questions.sequential import sequential_bounds
from logdig.questions.statistics import NORMAL, Interval, provable_difference
from logdig.questions.trials.trial import CLOCK, LEAST_CONVERSIONS, TRIAL_DAYS, WINDOW_DAYS, Look

SPLIT_P = 0.001
"""Below this p-value of the planned split the sides are not as planned."""
HOLDOUTS = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Shares that ``holdout_share = "auto"`` chooses from."""

Kind = Literal["pays", "loses", "costs more", "not yet", "too few"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What can be said.

    Args:
        kind: ``pays``, ``loses``, ``costs more``, ``not yet``, ``too few``.
        sentence: For the owner.
        decided_on: Day on which it was first so; None = it is open.
        due_on: Day on which break-even would be decided; None = decided, or it cannot be told.
        provable: Smallest effect that TRIAL_DAYS prove at this pace; None = it cannot be told.
        warnings: Why the trial may not be trusted.
    """

    kind: Kind
    sentence: str
    decided_on: date | None = None
    due_on: date | None = None
    provable: float | None = None
    warnings: tuple[str, ...] = field(default=())


def verdict(found: Sequence[Look], terms: OfferTerms, first: date) -> Verdict:
    """Say what a trial shows: it pays, it loses, it costs more than it brings, or not yet and until when.

    Args:
        found: Of `looks`.
        terms: Of the offer.
        first: First day of the trial's month.
    """
    if not found:
        return Verdict("too few", f"Nothing is known yet: nobody's {WINDOW_DAYS} days are over.")
    last, even = found[-1], terms.break_even
    if last.effect is None:
        return replace(_too_few(last), warnings=_warnings(last, terms))
    provable = _provable(last, TRIAL_DAYS)
    for look in found:
        effect = look.effect
        kind = effect and _kind(effect, even)
        if effect and kind:
            on = first + timedelta(days=look.day + WINDOW_DAYS)
            sentence = f"{SENTENCES[kind]} {_effect_words(effect, even)}"
            return Verdict(kind, sentence, on, None, provable, _warnings(last, terms))
    due = _due(last, even, first)
    sentence = f"Not yet. {_effect_words(last.effect, even)} {_due_words(last, even, due, first)}"
    return Verdict("not yet", sentence, None, due, provable, _warnings(last, terms))


SENTENCES: Mapping[Kind, str] = {
    "pays": "It pays, keep it.",
    "loses": "It loses, stop it.",
    "costs more": "Whatever it does is worth less than it costs, stop it.",
}


def _kind(effect: Interval, even: float) -> Kind | None:
    if effect.low > even:
        return "pays"
    if effect.high < 0:
        return "loses"
    return "costs more" if effect.high < even else None


def _too_few(look: Look) -> Verdict:
    counted = f"{look.shown.converted:,} of those shown it and {look.held.converted:,} of those held out"
    return Verdict(
        "too few",
        f"Too few to say anything: {counted} reached a goal, and at least {LEAST_CONVERSIONS} on each side must.",
    )


def _effect_words(effect: Interval, even: float) -> str:
    words = (
        f"Of 100 people {100 * effect.estimate:+.2f} more reach a goal with the offer "
        f"({100 * effect.low:+.2f} to {100 * effect.high:+.2f})"
    )
    return f"{words}; it pays from {100 * even:.2f} on." if even else f"{words}."


def _due_words(look: Look, even: float, due: date | None, first: date) -> str:
    if due is None:
        return "So small an effect cannot be proven at this pace."
    what = "Break-even" if even else "An effect of this size"
    end = first + timedelta(days=TRIAL_DAYS + WINDOW_DAYS)
    if due <= end:
        return f"{what} would be decided by {due}."
    share = least_holdout(_monthly(look), look.held.share.rate, even) if even else None
    wider = f" A holdout of {share:.0%} would decide it within a month." if share else ""
    return f"{what} would be decided by {due} at this pace, after the month's trial ends.{wider}"


def _monthly(look: Look) -> float:
    return (look.shown.people + look.held.people) * TRIAL_DAYS / look.day


def _provable(look: Look, days: float) -> float | None:
    scale, rate = days / look.day, look.held.share.rate
    if not 0 < rate < 1:
        return None
    return provable_difference(rate, look.held.people * scale, look.shown.people * scale, last_bound())


def _due(look: Look, even: float, first: date) -> date | None:
    """Day on which an effect as large as break-even, or else as the one seen, could be proven."""
    wanted = even or abs(look.effect.estimate if look.effect else 0.0)
    now = _provable(look, look.day)
    if not wanted or now is None:
        return None
    days = math.ceil(look.day * (now / wanted) ** 2)
    if days > 3650:
        return None
    return first + timedelta(days=max(days, look.day + 1) + WINDOW_DAYS)


def last_bound() -> float:
    """z that the last of daily looks at a trial must reach."""
    return sequential_bounds(CLOCK)[-1]


def smallest_provable(people: float, rate: float, holdout: float) -> float:
    """Smallest additional share that converts which a trial proves with a power of 80 %; infinity of nobody.

    Args:
        people: Who enter in TRIAL_DAYS.
        rate: Share that converts anyway, 0 to 1.
        holdout: Share held out.
    """
    return provable_difference(rate, people * holdout, people * (1 - holdout), last_bound())


def least_holdout(people: float, rate: float, break_even: float) -> float | None:
    """Least share of HOLDOUTS with which a trial decides break-even; None where not even a half does.

    Args:
        people: Who enter in TRIAL_DAYS.
        rate: Share that converts anyway, 0 to 1.
        break_even: Additional share that must convert, above 0.
    """
    if not people or not 0 < rate < 1:
        return None
    fits = (share for share in HOLDOUTS if smallest_provable(people, rate, share) <= break_even)
    return next(fits, None)


def _warnings(look: Look, terms: OfferTerms) -> tuple[str, ...]:
    """Say when the sides are not split as planned."""
    planned, people = terms.holdout_share, look.held.people + look.shown.people
    if planned is None or not 0 < planned < 1 or not people:
        return ()
    z = (look.held.people - people * planned) / math.sqrt(people * planned * (1 - planned))
    if 2 * NORMAL.cdf(-abs(z)) >= SPLIT_P:
        return ()
    seen = look.held.people / people
    return (
        f"{seen:.1%} are held out where {planned:.0%} were planned: decisions are missing, or the setting was changed "
        "this month; do not trust the effect.",
    )
