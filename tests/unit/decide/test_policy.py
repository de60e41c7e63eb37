"""The policy: who is shown which offer, by which chance."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdig.config.offers import OfferSettings
from logdig.decide.policy import AUTO_HOLDOUT, Decision, decide
from logdig.decide.profiles import Counts, OfferScore, Profile

NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
OFFER = OfferSettings(name="UPGRADE", explore_share=0.0, holdout_share=0.0, daily_cap=3)
PEOPLE = 2000


def profile(*, score: float = 0.8, age: timedelta = timedelta(hours=1), **more: Any) -> Profile:
    known = {"UPGRADE": OfferScore(score, "m1", target=more.pop("target", True), band=4)}
    return Profile("shop#c#7", NOW - age, more.pop("offers", known), **more)


def offer(name: str = "UPGRADE", **changes: Any) -> OfferSettings:
    return OfferSettings(**({"name": name, "explore_share": 0.0, "holdout_share": 0.0} | changes))


def reason(one: Profile | None, *offers: OfferSettings, **more: Any) -> tuple[str, str]:
    decision = decide(one, offers or (OFFER,), NOW, ads_consent=True, **more)
    return decision.decision, decision.reason


def test_decide_shows_the_offer_when_every_rule_holds() -> None:
    decision = decide(profile(), [OFFER], NOW, ads_consent=True)

    assert decision == Decision("show", "eligible", "UPGRADE", 0.8, 1.0, True, False, 4, "m1", NOW - timedelta(hours=1))
    assert (decision.ad, decision.general_reason) == ("UPGRADE", "offer")


@pytest.mark.parametrize("known", [None, profile(), profile(age=timedelta(days=9))])
def test_decide_suppresses_first_of_all_when_ads_are_not_allowed(known: Profile | None) -> None:
    assert decide(known, [OFFER], NOW, ads_consent=False) == Decision("suppress", "no_consent")


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


@pytest.mark.parametrize(
    "known, expected",
    [
        ({"level": 1, "status": 1}, "eligible"),
        ({"level": 2, "status": 1}, "not_eligible"),
        ({"level": 0, "status": 0}, "not_eligible"),
        ({}, "eligible"),
    ],
)
def test_decide_asks_level_and_status_as_far_as_they_are_known(known: dict[str, int], expected: str) -> None:
    assert reason(profile(**known))[1] == expected


@pytest.mark.parametrize(
    "score, is_target, changes, expected",
    [
        (0.11, False, {"offer_value": 10.0, "ad_cost": 1.0}, "eligible"),
        (0.1, True, {"offer_value": 10.0, "ad_cost": 1.0}, "low_score"),
        (0.0, True, {"offer_value": 10.0}, "low_score"),
        (0.01, True, {"ad_cost": 1.0}, "eligible"),
        (0.99, False, {}, "low_score"),
    ],
)
def test_decide_shows_what_pays_by_value_or_else_by_the_jobs_flag(
    score: float, is_target: bool, changes: dict[str, Any], expected: str
) -> None:
    assert reason(profile(score=score, target=is_target), offer(**changes))[1] == expected


def test_decide_suppresses_when_the_profile_knows_another_offer_only() -> None:
    assert reason(profile(offers={"OTHER": OfferScore(0.9, "m1")})) == ("suppress", "low_score")


@pytest.mark.parametrize(
    "counts, changes, expected",
    [
        (Counts({"UPGRADE": 9}, {"UPGRADE": ("2026-11-24", 2)}), {}, "eligible"),
        (Counts({"UPGRADE": 9}, {"UPGRADE": ("2026-11-24", 3)}), {}, "capped"),
        (Counts({"UPGRADE": 9}, {"UPGRADE": ("2026-11-23", 3)}), {}, "eligible"),
        (Counts({"OTHER": 9}, {"OTHER": ("2026-11-24", 9)}), {}, "eligible"),
        (Counts({"UPGRADE": 9}, {"UPGRADE": ("2026-11-23", 3)}), {"total_cap": 9}, "capped"),
        (Counts({"UPGRADE": 8}, {"UPGRADE": ("2026-11-23", 3)}), {"total_cap": 9}, "eligible"),
        (Counts(), {"daily_cap": 0}, "capped"),
    ],
)
def test_decide_caps_showings_by_the_day_and_in_all(counts: Counts, changes: dict[str, Any], expected: str) -> None:
    assert reason(profile(), offer(**changes), counts=counts)[1] == expected


def test_decide_counts_days_of_the_apps_zone() -> None:
    counts = Counts({"UPGRADE": 3}, {"UPGRADE": ("2026-11-24", 3)})
    seoul = datetime(2026, 11, 24, 15, 30, tzinfo=UTC).astimezone(ZoneInfo("Asia/Seoul"))

    assert decide(profile(), [OFFER], seoul, ads_consent=True, counts=counts).reason == "eligible"


def test_decide_suppresses_when_the_budget_is_spent() -> None:
    assert reason(profile(), OFFER, over_budget=["UPGRADE"]) == ("suppress", "over_budget")


def test_decide_holds_out_when_the_share_is_everybody() -> None:
    decision = decide(profile(), [offer(holdout_share=1.0)], NOW, ads_consent=True)

    assert (decision.decision, decision.reason, decision.ad) == ("holdout", "holdout", None)
    assert (decision.would_show, decision.p_show) == (True, 0.0)
    assert decision.general_reason == "not_selected"


@pytest.mark.parametrize("chosen, expected", [(None, 1 - AUTO_HOLDOUT), (0.5, 0.5)])
def test_decide_takes_the_jobs_holdout_when_the_setting_is_auto(chosen: float | None, expected: float) -> None:
    known = {"UPGRADE": OfferScore(0.8, "m1", holdout_share=chosen)}

    decision = decide(profile(offers=known), [offer(holdout_share="auto")], NOW, ads_consent=True)

    assert decision.p_show == pytest.approx(expected)


def test_decide_takes_the_best_offer_that_passes_when_a_placement_has_several() -> None:
    two = profile(offers={"BEST": OfferScore(0.9, "m1"), "NEXT": OfferScore(0.6, "m2")})
    offers = [offer("NEXT"), offer("BEST")]
    capped = Counts({"BEST": 3}, {"BEST": ("2026-11-24", 3)})

    assert decide(two, offers, NOW, ads_consent=True).ad == "BEST"
    assert decide(two, offers, NOW, ads_consent=True, counts=capped).ad == "NEXT"


def test_decide_ranks_by_what_a_showing_brings_when_every_offer_has_a_value() -> None:
    two = profile(offers={"LIKELY": OfferScore(0.5, "m1"), "RICH": OfferScore(0.1, "m2")})

    offers = [offer("LIKELY", offer_value=1.0, ad_cost=0.1), offer("RICH", offer_value=10.0, ad_cost=0.1)]

    assert decide(two, offers, NOW, ads_consent=True).ad == "RICH"


@settings(max_examples=10)
@given(
    h=st.sampled_from([0.0, 0.1, 0.3, 0.5]),
    explored=st.lists(st.sampled_from([0.0, 0.05, 0.2, 0.5]), min_size=1, max_size=3),
    paying=st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_p_show_is_the_share_of_people_who_are_shown_the_offer(
    h: float, explored: list[float], paying: list[bool]
) -> None:
    offers = [offer(f"O{n}", explore_share=share, holdout_share=h) for n, share in enumerate(explored)]
    known = {one.name: OfferScore(0.9 - n / 10, "m", target=paying[n]) for n, one in enumerate(offers)}
    shown, chances = Counter[str](), dict[str, float]()
    for number in range(PEOPLE):
        person = Profile(f"shop#c#{number}", NOW, known)
        decision = decide(person, offers, NOW, ads_consent=True)
        shown[decision.ad or ""] += 1
        assert chances.setdefault(decision.offer or "", decision.p_show) == decision.p_show
        assert decision.would_show == (decision.decision != "suppress")

    for name, chance in chances.items():
        # Five standard deviations of a share among so many.
        assert abs(shown[name] / PEOPLE - chance) < 5 * (chance * (1 - chance) / PEOPLE) ** 0.5 + 1e-9


def test_p_show_is_the_formula_of_two_offers() -> None:
    two = profile(offers={"BEST": OfferScore(0.9, "m1"), "NEXT": OfferScore(0.6, "m2")})
    offers = [offer(name, explore_share=0.2, holdout_share=0.1) for name in ("BEST", "NEXT")]

    found = {}
    for number in range(300):
        decision = decide(Profile(f"shop#c#{number}", NOW, two.offers), offers, NOW, ads_consent=True)
        found[decision.offer, decision.explore] = decision.p_show

    assert found == {
        ("BEST", False): pytest.approx(0.9 * (1 - 0.2 + 0.2 / 2)),
        ("NEXT", True): pytest.approx(0.9 * 0.2 / 2),
    }


def test_explorers_are_shown_what_does_not_pay_and_others_each_month() -> None:
    known = {"UPGRADE": OfferScore(0.1, "m", target=False)}
    offers = [offer(explore_share=0.05)]

    def shown(month: int) -> set[str]:
        now = NOW.replace(year=2026 + month // 12, month=month % 12 + 1)
        moved = (Profile(f"shop#c#{number}", now, known) for number in range(PEOPLE))
        return {one.person for one in moved if decide(one, offers, now, ads_consent=True).explore}

    first, second = shown(0), shown(1)

    assert 0.03 < len(first) / PEOPLE < 0.07
    assert 0.03 < len(second) / PEOPLE < 0.07
    # By chance a twentieth of a twentieth: 5.
    assert len(first & second) < 25
    assert shown(0) == first


def test_holdout_is_drawn_after_would_show_and_alike_among_explorers_and_targets() -> None:
    offers = [offer(explore_share=0.5, holdout_share=0.3)]
    groups: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for number in range(PEOPLE):
        known = {"UPGRADE": OfferScore(0.5, "m", target=number % 2 == 0)}
        decision = decide(Profile(f"shop#c#{number}", NOW, known), offers, NOW, ads_consent=True)
        groups[decision.explore][decision.decision] += 1

    for counted in groups.values():
        asked = counted["show"] + counted["holdout"]
        assert abs(counted["holdout"] / asked - 0.3) < 5 * (0.21 / asked) ** 0.5
    assert groups[True]["suppress"] == 0
