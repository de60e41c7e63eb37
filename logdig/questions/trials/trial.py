"""Did an offer pay? A month's trial of people shown an offer against people held out. Pure.

Intention to treat: a person counts from the first decision of the month that would have shown the offer, on the side
where the holdout put them then, whatever they saw later. Source: docs/offers.md, "The trial of a month".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal, NamedTuple

from logdig.questions.engine.parameters import OfferTerms
from logdig.questions.statistics import (
    CONFIDENCE,
    NORMAL,
    Interval,
    Mean,
    Share,
    mean_of_share,
    provable_difference,
    sequential_bounds,
    stratified_difference,
)

TRIAL_DAYS = 28
"""Days of a month on which people enter its trial: the 1st to the 28th, so that every month is as long."""
WINDOW_DAYS = 7
"""A goal counts for so long after the decision; only people whose days are over are counted."""
LEAST_CONVERSIONS = 20
"""On each side; with fewer nothing is said."""
THIN = 20
"""Strata with fewer people on a side are taken together."""
LEAST_GROWTH = 0.01
"""A day that adds less to the people so far is no look of its own."""
CUT_SHARE = 0.01
"""Share of the buyers whose value is cut to that of the next one."""
SPLIT_P = 0.001
"""Below this p-value of the planned split the sides are not as planned."""
CLOCK = tuple(day / TRIAL_DAYS for day in range(1, TRIAL_DAYS + 1))
HOLDOUTS = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Shares that ``holdout_share = "auto"`` chooses from."""

Kind = Literal["pays", "loses", "costs more", "not yet", "too few"]


class Cell(NamedTuple):
    """People who entered on one day, in one stratum, on one side; sums over them.

    Args:
        day: Of the month, 1 to TRIAL_DAYS.
        stratum: Explore or not, and band of the score.
        held: They were held out.
        people: How many.
        converted: Of them with a goal in their WINDOW_DAYS.
        value: Of their goals, each person's cut at a stated amount.
        squared: Sum of its squares.
    """

    day: int
    stratum: str
    held: bool
    people: int
    converted: int
    value: float = 0.0
    squared: float = 0.0


@dataclass(frozen=True, slots=True)
class Arm:
    """Sums over the people of one side."""

    people: int = 0
    converted: int = 0
    value: float = 0.0
    squared: float = 0.0

    def plus(self, cell: Cell | Arm) -> Arm:
        """The same with more people."""
        return Arm(
            self.people + cell.people,
            self.converted + cell.converted,
            self.value + cell.value,
            self.squared + cell.squared,
        )

    @property
    def share(self) -> Share:
        """Who converted, of all."""
        return Share(self.converted, self.people)

    @property
    def worth(self) -> Mean:
        """Value a person."""
        if not self.people:
            return Mean(0, math.nan, 0.0)
        mean = self.value / self.people
        spread = max(0.0, self.squared - self.people * mean * mean)
        return Mean(self.people, mean, spread / (self.people - 1) if self.people > 1 else 0.0)


@dataclass(frozen=True, slots=True)
class Look:
    """The trial as it was known when the window of everyone up to ``day`` was over.

    Args:
        day: Of the month; who entered later is not in it.
        shown: Sums over those who were to be shown the offer.
        held: Over those held out.
        bound: z at or beyond which a claim holds, however often is looked.
        effect: Additional share that converts; holds with those of all other looks at once; None below
            LEAST_CONVERSIONS.
        value: Additional value a person; likewise.
    """

    day: int
    shown: Arm
    held: Arm
    bound: float
    effect: Interval | None
    value: Interval | None


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


def trial_month(today: date) -> date:
    """First day of the month whose trial is the newest that anybody has completed by a day."""
    first = today.replace(day=1)
    if today >= first + timedelta(days=WINDOW_DAYS + 1):
        return first
    return (first - timedelta(days=1)).replace(day=1)


def days_over(first: date, last_known: date) -> int:
    """How many of a trial's days have people whose window is over when all up to a day's end is known."""
    return max(0, min(TRIAL_DAYS, (last_known - first).days - WINDOW_DAYS + 1))


def looks(cells: Iterable[Cell], until: int) -> list[Look]:
    """Look at a trial each day on which enough people are new.

    Args:
        cells: Of people whose window is over.
        until: Last day whose people are all complete, of `days_over`.
    """
    cells = sorted(cell for cell in cells if cell.day <= until)
    days, people = _look_days(cells, until)
    if not days:
        return []
    bounds = sequential_bounds(tuple(people), 1 - CONFIDENCE, tuple(CLOCK[day - 1] for day in days))
    found, so_far, waiting = [], dict[str, tuple[Arm, Arm]](), iter(cells)
    cell = next(waiting, None)
    for day, bound in zip(days, bounds, strict=True):
        while cell is not None and cell.day <= day:
            shown, held = so_far.get(cell.stratum, (Arm(), Arm()))
            so_far[cell.stratum] = (shown, held.plus(cell)) if cell.held else (shown.plus(cell), held)
            cell = next(waiting, None)
        found.append(_look(day, so_far, bound))
    return found


def _look_days(cells: Sequence[Cell], until: int) -> tuple[list[int], list[float]]:
    by_day = [0] * (until + 1)
    for cell in cells:
        by_day[cell.day] += cell.people
    days: list[int] = []
    people: list[float] = []
    total = 0.0
    for day in range(1, until + 1):
        total += by_day[day]
        if total > (people[-1] * (1 + LEAST_GROWTH) if people else 0):
            days.append(day)
            people.append(total)
    return days, people


def _look(day: int, strata: Mapping[str, tuple[Arm, Arm]], bound: float) -> Look:
    shown, held = _totals(strata.values())
    effect = value = None
    if min(shown.converted, held.converted) >= LEAST_CONVERSIONS:
        pairs = list(_thick(strata))
        effect = _interval(stratified_difference(_shares(pair) for pair in pairs), bound)
        if shown.value or held.value:
            value = _interval(stratified_difference((held.worth, shown.worth) for shown, held in pairs), bound)
    return Look(day, shown, held, bound, effect, value)


def _shares(pair: tuple[Arm, Arm]) -> tuple[Mean, Mean]:
    shown, held = pair
    return mean_of_share(held.share), mean_of_share(shown.share)


def _interval(found: tuple[float, float], bound: float) -> Interval:
    estimate, error = found
    return Interval(estimate, estimate - bound * error, estimate + bound * error)


def _thick(strata: Mapping[str, tuple[Arm, Arm]]) -> Iterable[tuple[Arm, Arm]]:
    """Strata, with all thin ones as one."""
    thin = []
    for _, pair in sorted(strata.items()):
        if min(arm.people for arm in pair) < THIN:
            thin.append(pair)
        else:
            yield pair
    if thin:
        yield _totals(thin)


def _totals(pairs: Iterable[tuple[Arm, Arm]]) -> tuple[Arm, Arm]:
    shown = held = Arm()
    for one, other in pairs:
        shown, held = shown.plus(one), held.plus(other)
    return shown, held


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
