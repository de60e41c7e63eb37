"""Rules of one ad decision."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.config.offers import OfferSettings
from logdig.decide.profiles import OfferScore, Profile, person_key
from logdig.decide.rules import Decision, decide, is_held_out, share_of

VECTORS = Path(__file__).resolve().parents[3] / "clicktracker_js" / "test" / "shares.json"
NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
OFFER = OfferSettings(name="UPGRADE", min_score=0.5, holdout_share=0.0, daily_cap=3)


def profile(
    *, score: float = 0.8, age: timedelta = timedelta(hours=1), offer: str = "UPGRADE", shown: int | None = None
) -> Profile:
    return Profile(
        person="shop#c#7",
        features_as_of=NOW - age,
        offers={offer: OfferScore(score=score, model_version="m1")},
        shown_today={} if shown is None else {offer: shown},
    )


def reason(one: Profile | None, *offers: OfferSettings, ads_consent: bool = True) -> tuple[str, str]:
    answer = decide(one, offers or (OFFER,), NOW, ads_consent=ads_consent)
    return answer.decision, answer.reason


def test_decide_shows_the_offer_when_every_rule_holds() -> None:
    answer = decide(profile(), [OFFER], NOW, ads_consent=True)

    assert answer == Decision("show", "eligible", "UPGRADE", 0.8, "m1", NOW - timedelta(hours=1))
    assert answer.ad == "UPGRADE"
    assert answer.general_reason == "offer"


@pytest.mark.parametrize("known", [None, profile(), profile(age=timedelta(days=9))])
def test_decide_suppresses_first_of_all_when_ads_are_not_allowed(known: Profile | None) -> None:
    answer = decide(known, [OFFER], NOW, ads_consent=False)

    assert answer == Decision("suppress", "no_consent")


def test_decide_suppresses_when_the_placement_has_no_offer() -> None:
    assert decide(profile(), [], NOW, ads_consent=True) == Decision("suppress", "no_offer")


def test_decide_suppresses_when_the_person_is_unknown() -> None:
    assert reason(None) == ("suppress", "unknown")


@pytest.mark.parametrize(
    "age, expected",
    [
        (timedelta(hours=48), ("show", "eligible")),
        (timedelta(hours=48, milliseconds=1), ("suppress", "stale")),
        (timedelta(minutes=-5), ("show", "eligible")),
    ],
)
def test_decide_suppresses_as_stale_when_features_are_older_than_48_hours(
    age: timedelta, expected: tuple[str, str]
) -> None:
    assert reason(profile(age=age)) == expected


@pytest.mark.parametrize("score, expected", [(0.5, "eligible"), (0.4999, "low_score"), (0.0, "low_score")])
def test_decide_suppresses_when_the_score_is_below_the_offers_minimum(score: float, expected: str) -> None:
    assert reason(profile(score=score))[1] == expected


def test_decide_suppresses_when_the_profile_knows_another_offer_only() -> None:
    free_for_all = OfferSettings(name="UPGRADE", min_score=0.0, holdout_share=0.0)

    assert reason(profile(offer="OTHER"), free_for_all) == ("suppress", "low_score")


@pytest.mark.parametrize(
    "age, shown, expected",
    [
        (timedelta(hours=1), 2, "eligible"),
        (timedelta(hours=1), 3, "capped"),
        (timedelta(hours=1), None, "eligible"),
        (timedelta(hours=14), 3, "eligible"),
    ],
)
def test_decide_caps_showings_only_when_the_count_is_todays(age: timedelta, shown: int | None, expected: str) -> None:
    assert reason(profile(age=age, shown=shown))[1] == expected


def test_decide_holds_out_when_the_share_is_everybody() -> None:
    held = OfferSettings(name="UPGRADE", holdout_share=1.0)

    answer = decide(profile(), [held], NOW, ads_consent=True)

    assert (answer.decision, answer.reason, answer.ad) == ("holdout", "holdout", None)
    assert answer.general_reason == "not_selected"


def test_decide_takes_the_best_scored_offer_that_passes_when_a_placement_has_several() -> None:
    two = Profile(
        person="shop#c#7",
        features_as_of=NOW,
        offers={"BEST": OfferScore(0.9, "m1"), "NEXT": OfferScore(0.6, "m2")},
        shown_today={"BEST": 3},
    )
    offers = [OfferSettings(name="NEXT", holdout_share=0.0), OfferSettings(name="BEST", holdout_share=0.0)]

    capped_best = decide(two, offers, NOW, ads_consent=True)

    assert (capped_best.ad, capped_best.score) == ("NEXT", 0.6)


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


def test_share_is_the_trackers_when_the_text_is_the_same() -> None:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))

    assert len(vectors) > 10
    assert [share_of(vector["text"]) for vector in vectors] == [vector["share"] for vector in vectors]


def test_holdouts_samples_and_experiments_are_independent_in_each_of_2000_pairs() -> None:
    people = [f"shop#c#{number}" for number in range(4000)]
    prefixes = ["sample:", "experiment:ADV:", *(f"holdout:ADV_{number}:" for number in range(62))]
    shares = np.array([[share_of(prefix + person) for person in people] for prefix in prefixes])

    correlations = np.corrcoef(shares)[np.triu_indices(len(prefixes), 1)]

    assert len(correlations) == len(list(itertools.combinations(prefixes, 2))) >= 2000
    # Of so many pairs of independent ones, one in 1,000 runs has five standard deviations.
    assert np.abs(correlations).max() < 5 / len(people) ** 0.5


@given(st.text(max_size=20), st.text(max_size=20))
def test_person_key_never_mixes_customers_and_visitors_when_ids_are_alike(one: str, two: str) -> None:
    assert person_key("a", customer_id=one, user_key=two) == f"a#c#{one}"
    assert person_key("a", customer_id=one, user_key=None) != person_key("a", customer_id=None, user_key=two)


def test_person_key_refuses_when_nobody_is_named() -> None:
    with pytest.raises(ValueError, match="both None"):
        person_key("a", customer_id=None, user_key=None)
