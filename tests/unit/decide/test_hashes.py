"""Shares by hash: sticky and independent."""

import itertools
import json
from datetime import date
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from logdig.decide.hashes import draw, explores, is_held_out, share_of

VECTORS = Path(__file__).resolve().parents[3] / "clicktracker_js" / "test" / "shares.json"
DAY = date(2026, 11, 24)


@settings(max_examples=20)
@given(st.text(min_size=1, max_size=20), st.floats(0, 1), st.floats(0, 1))
def test_holdout_keeps_everyone_held_out_when_the_share_grows(person: str, one: float, two: float) -> None:
    small, large = sorted((one, two))

    assert not is_held_out(person, "UPGRADE", small) or is_held_out(person, "UPGRADE", large)


def test_holdout_takes_its_share_and_differs_by_offer_when_many_are_asked() -> None:
    persons = [f"shop#c#{number}" for number in range(10_000)]

    one = {person for person in persons if is_held_out(person, "A", 0.1)}
    two = {person for person in persons if is_held_out(person, "B", 0.1)}

    # Binomial: 1,000 +- 5 standard deviations of 30; both by chance 100 +- 5 x 10.
    assert 850 < len(one) < 1150
    assert 850 < len(two) < 1150
    assert 50 < len(one & two) < 150


def test_explore_bucket_is_one_month_of_a_placement() -> None:
    persons = [f"shop#c#{number}" for number in range(4000)]

    def bucket(placement: str, day: date) -> set[str]:
        return {person for person in persons if explores(person, placement, day, 0.1)}

    assert bucket("a", date(2026, 11, 1)) == bucket("a", date(2026, 11, 30))
    # By chance 40.
    assert len(bucket("a", DAY) & bucket("a", date(2026, 12, 1))) < 80
    assert len(bucket("a", DAY) & bucket("b", DAY)) < 80


def test_draw_is_even_and_keeps_its_order_when_one_drops_out() -> None:
    names = ("A", "B", "C")
    lots = [{name: draw(f"shop#c#{number}", name, DAY) for name in names} for number in range(3000)]

    wins = [max(lot, key=lambda name: lot[name]) for lot in lots]

    assert all(abs(wins.count(name) - 1000) < 130 for name in names)


def test_share_is_the_trackers_when_the_text_is_the_same() -> None:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))

    assert len(vectors) > 10
    assert [share_of(vector["text"]) for vector in vectors] == [vector["share"] for vector in vectors]


def test_shares_of_different_names_are_independent_in_each_of_2000_pairs() -> None:
    people = [f"shop#c#{number}" for number in range(4000)]
    months = [f"explore:2026-{month:02}:before-song:" for month in range(1, 13)]
    draws = [f"draw:2026-11:ADV_{number}:" for number in range(10)]
    prefixes = ["sample:", "experiment:ADV:", *months, *draws, *(f"holdout:ADV_{number}:" for number in range(40))]
    shares = np.array([[share_of(prefix + person) for person in people] for prefix in prefixes])

    correlations = np.corrcoef(shares)[np.triu_indices(len(prefixes), 1)]

    assert len(correlations) == len(list(itertools.combinations(prefixes, 2))) >= 2000
    # Of so many pairs of independent ones, one in 1,000 runs has five standard deviations.
    assert np.abs(correlations).max() < 5 / len(people) ** 0.5
