"""A month's trial: right as often as it says over simulated months, and silent while it knows too little."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np
import pytest

from logdig.questions.engine.parameters import OfferTerms
from logdig.questions.statistics import provable_difference
from logdig.questions.trials.trial import TRIAL_DAYS, Cell, Look, days_over, looks, trial_month
from logdig.questions.trials.verdict import last_bound, least_holdout, smallest_provable, verdict

OCTOBER = date(2026, 10, 1)
PEOPLE, HELD, EFFECT = 20_000, 0.3, 0.012
RATES = np.array([0.02, 0.03, 0.05, 0.06, 0.09])
"""Of five bands of the score; 5 % in all."""
SAVING = OfferTerms(ad_cost=1.0, offer_value=100.0, holdout_share=HELD)
MONTHS = [pytest.param(40, id="40"), pytest.param(400, id="400", marks=pytest.mark.full)]


@cache
def months(count: int, effect: float) -> list[list[Look]]:
    """Simulated months, each looked at daily."""
    draw = np.random.default_rng(20)
    people = draw.multinomial(PEOPLE // TRIAL_DAYS, [1 / len(RATES)] * len(RATES), (count, TRIAL_DAYS))
    held = draw.binomial(people, HELD)
    sides = {True: held, False: people - held}
    converted = {side: draw.binomial(sides[side], RATES + (0 if side else effect)) for side in sides}
    return [
        looks(
            [
                Cell(
                    day + 1, str(band), side, int(sides[side][month, day, band]), int(converted[side][month, day, band])
                )
                for day in range(TRIAL_DAYS)
                for band in range(len(RATES))
                for side in sides
            ],
            TRIAL_DAYS,
        )
        for month in range(count)
    ]


def claimed(month: list[Look]) -> bool:
    return any(look.effect is not None and (look.effect.low > 0 or look.effect.high < 0) for look in month)


def holds(month: list[Look], truth: float) -> bool:
    """Whether the interval of every look held the truth."""
    return all(look.effect is None or look.effect.low <= truth <= look.effect.high for look in month)


@pytest.mark.parametrize("count", MONTHS)
def test_trial_holds_the_truth_at_every_look_in_nearly_all_months(count: int) -> None:
    for truth in (0.0, EFFECT):
        held = sum(holds(month, truth) for month in months(count, truth))

        assert held >= 0.925 * count


@pytest.mark.parametrize("count", MONTHS)
def test_trial_claims_no_effect_in_nearly_all_months_when_there_is_none(count: int) -> None:
    assert sum(claimed(month) for month in months(count, 0.0)) <= 28 * count / 400


@pytest.mark.parametrize("count", MONTHS)
def test_trial_claims_an_effect_in_most_months_when_it_is_there(count: int) -> None:
    assert sum(claimed(month) for month in months(count, EFFECT)) >= 340 * count / 400


def cells(shown: float, held: float, people: int = 1000) -> list[Cell]:
    """The same people each day, with these shares of conversions."""
    return [
        cell
        for day in range(1, TRIAL_DAYS + 1)
        for cell in (
            Cell(day, "score 1", False, people, round(people * shown)),
            Cell(day, "score 1", True, people, round(people * held)),
        )
    ]


TERMS = OfferTerms(ad_cost=1.0, offer_value=100.0, holdout_share=0.5)


@pytest.mark.parametrize(
    ("shown", "held", "kind", "sentence"),
    [
        (0.10, 0.05, "pays", "It pays, keep it."),
        (0.05, 0.10, "loses", "It loses, stop it."),
        (0.05, 0.05, "costs more", "Whatever it does is worth less than it costs, stop it."),
        (0.062, 0.05, "not yet", "Not yet."),
    ],
)
def test_verdict_is_one_of_four_sentences(shown: float, held: float, kind: str, sentence: str) -> None:
    found = verdict(looks(cells(shown, held), TRIAL_DAYS), TERMS, OCTOBER)

    assert (found.kind, found.warnings) == (kind, ())
    assert found.sentence.startswith(sentence)
    assert "1.00" in found.sentence
    assert (found.decided_on is None) == (kind == "not yet")


def test_verdict_names_the_day_on_which_break_even_would_be_decided_when_it_is_open() -> None:
    month = looks(cells(0.055, 0.05, people=400), 9)

    found = verdict(month, TERMS, OCTOBER)

    assert found.kind == "not yet"
    assert found.due_on is not None
    assert f"decided by {found.due_on}" in found.sentence
    # The people of the days until then prove break-even, those of a day less do not.
    days = (found.due_on - OCTOBER).days - 7
    proven = [provable_difference(0.05, 400 * count, 400 * count, last_bound()) <= 0.01 for count in (days - 1, days)]
    assert proven == [False, True]


def test_verdict_proposes_a_wider_holdout_when_the_month_is_too_short() -> None:
    rows = [cell for day in range(1, 29) for cell in (Cell(day, "", False, 900, 48), Cell(day, "", True, 100, 5))]

    found = verdict(looks(rows, 20), OfferTerms(ad_cost=1, offer_value=100, holdout_share=0.1), OCTOBER)

    assert "A holdout of 20%" in found.sentence


def test_verdict_says_nothing_of_an_effect_when_conversions_are_few() -> None:
    rows = [Cell(1, "", False, 5000, 400), Cell(1, "", True, 200, 19)]

    found = looks(rows, 1)

    assert found[0].effect is None
    assert verdict(found, TERMS, OCTOBER).kind == "too few"
    assert "19 of those held out" in verdict(found, TERMS, OCTOBER).sentence
    assert verdict([], TERMS, OCTOBER).kind == "too few"


def test_verdict_warns_when_the_sides_are_not_split_as_planned() -> None:
    rows = [Cell(1, "", False, 5000, 400), Cell(1, "", True, 400, 30)]

    (warning,) = verdict(looks(rows, 1), OfferTerms(holdout_share=0.1), OCTOBER).warnings

    assert warning.startswith("7.4% are held out where 10% were planned")


def test_strata_take_away_what_differs_between_the_bands() -> None:
    # The holdout was widened while buyers were few: together it looks as if the offer harmed.
    rows = [
        Cell(1, "score 1", False, 2000, 40), Cell(1, "score 1", True, 200, 4),
        Cell(2, "score 5", False, 500, 100), Cell(2, "score 5", True, 1500, 300),
    ]  # fmt: skip

    last = looks(rows, 2)[-1]

    assert last.effect is not None
    assert last.effect.estimate == pytest.approx(0, abs=1e-12)


def test_value_is_that_of_the_means_when_there_is_one_stratum() -> None:
    rows = [Cell(1, "", False, 100, 50, 500.0, 5000.0), Cell(1, "", True, 100, 40, 300.0, 3000.0)]

    (look,) = looks(rows, 1)

    assert look.value is not None
    assert look.value.estimate == pytest.approx(2.0)
    error = ((5000 - 100 * 25) / 99 / 100 + (3000 - 100 * 9) / 99 / 100) ** 0.5
    assert look.value.high - look.value.estimate == pytest.approx(look.bound * error)


@pytest.mark.parametrize(
    ("today", "month", "over"),
    [
        (date(2026, 10, 8), date(2026, 9, 1), 28),
        (date(2026, 10, 9), OCTOBER, 2),
        (date(2026, 10, 31), OCTOBER, 24),
        (date(2026, 11, 4), OCTOBER, 28),
        (date(2026, 1, 3), date(2025, 12, 1), 27),
    ],
)
def test_trial_is_that_of_the_month_with_complete_people(today: date, month: date, over: int) -> None:
    assert trial_month(today) == month
    assert days_over(month, today) == over


def test_holdout_is_the_least_that_decides_break_even() -> None:
    share = least_holdout(20_000, 0.05, 0.012)

    assert share is not None
    assert smallest_provable(20_000, 0.05, share) <= 0.012
    assert share == 0.1 or smallest_provable(20_000, 0.05, share - 0.1) > 0.012
    assert least_holdout(200, 0.05, 0.001) is None
    assert least_holdout(0, 0.05, 0.001) is None


def test_days_with_hardly_anybody_are_no_looks_of_their_own() -> None:
    rows = [Cell(1, "", False, 500, 50), Cell(1, "", True, 500, 50), Cell(2, "", True, 1, 0), Cell(9, "", True, 99, 9)]

    assert [look.day for look in looks(rows, 12)] == [1, 9]
