"""A month's trial of people shown an offer against people held out, looked at day by day. Pure.

Intention to treat: a person counts from the first decision of the month that would have shown the offer, on the side
where the holdout put them then, whatever they saw later. Source: docs/offers.md, "The trial of a month".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from logdig.questions.sequential import sequential_bounds
from logdig.questions.statistics import (
    CONFIDENCE,
    Interval,
    Mean,
    Share,
    mean_of_share,
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
CLOCK = tuple(day / TRIAL_DAYS for day in range(1, TRIAL_DAYS + 1))


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
