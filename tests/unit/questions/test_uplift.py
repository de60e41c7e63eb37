"""Questions about offers equal plain counts over random decisions and goals."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from logdig.questions.catalog import QUESTIONS
from logdig.questions.engine.answering import ask
from logdig.questions.engine.parameters import OfferTerms, Parameters
from tests.fakes.pinned import MemoryTables

Row = dict[str, Any]
ZONE = ZoneInfo("Asia/Seoul")
MONTH = date(2026, 11, 1)
LAST = date(2026, 11, 25)
KNOWN_DAYS = 18
"""Days of the month whose people's 7 days are over on the 25th."""
TERMS = {"UPGRADE": OfferTerms(goal="buy", ad_cost=1.0, offer_value=50.0), "OTHER": OfferTerms()}


def at(draw: random.Random, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, draw.randrange(24), draw.randrange(60), tzinfo=ZONE).astimezone(UTC)


def decisions(draw: random.Random, count: int) -> list[Row]:
    rows = []
    for number in range(count):
        day = MONTH + timedelta(days=draw.randint(-3, 26))
        decision = draw.choice(("show", "holdout", "suppress", "click"))
        rows.append(
            {
                "app": draw.choice(("shop", "shop", "shop", "blog")), "day": day, "event_id": f"d{number}",
                "occurred_at": at(draw, day), "user_key": draw.choice((None, f"u{draw.randrange(40)}")),
                "customer_id": draw.choice((None, str(draw.randrange(40)))), "bucket": 0, "weight": 1.0,
                "offer": draw.choice(("UPGRADE", "OTHER", None)), "decision": decision, "channel": "page",
                "placement": draw.choice(("top", "end")), "reason": "eligible", "band": draw.randint(0, 2),
                "would_show": decision in ("show", "holdout") and draw.random() < 0.9,
                "explore": draw.random() < 0.2, "score": draw.random(),
            }
        )  # fmt: skip
    return rows


def goals(draw: random.Random, count: int) -> list[Row]:
    rows = []
    for number in range(count):
        day = MONTH + timedelta(days=draw.randint(-3, 29))
        rows.append(
            {
                "app": "shop", "day": day, "event_id": f"g{number}", "goal": draw.choice(("buy", "read")),
                "occurred_at": at(draw, day), "user_key": draw.choice((None, f"u{draw.randrange(40)}")),
                "customer_id": draw.choice((None, str(draw.randrange(40)))), "bucket": 0, "weight": 1.0,
                "value": draw.choice((None, 5.0, 20.0)),
            }
        )  # fmt: skip
    return rows


def person_of(row: Row) -> str | None:
    if row["customer_id"] is not None:
        return f"c{row['customer_id']}"
    return None if row["user_key"] is None else f"v{row['user_key']}"


def people(exposed: list[Row], reached: list[Row], offer: str) -> list[Row]:
    """Each person's first decision that would have shown the offer, with what they did within 7 days."""
    firsts: dict[str, Row] = {}
    for row in sorted(exposed, key=lambda row: (row["occurred_at"], row["event_id"])):
        person = person_of(row)
        in_month = MONTH <= row["day"] < MONTH + timedelta(days=KNOWN_DAYS)
        if row["app"] == "shop" and row["offer"] == offer and row["would_show"] and in_month and person:
            firsts.setdefault(person, row)
    found = []
    for person, row in firsts.items():
        own = [
            goal
            for goal in reached
            if timedelta(0) <= goal["occurred_at"] - row["occurred_at"] < timedelta(days=7)
            and TERMS[offer].goal in ("", goal["goal"])
            and person in (f"c{goal['customer_id']}", f"v{goal['user_key']}")
        ]
        found.append(row | {"held": row["decision"] == "holdout", "converted": bool(own), "own": own})
    return found


def asked(name: str, tables: MemoryTables, **more: Any) -> Any:
    return ask(tables, QUESTIONS[name], Parameters("shop", MONTH, LAST, zone="Asia/Seoul", terms=TERMS, **more))


@pytest.fixture(scope="module")
def random_rows() -> tuple[list[Row], list[Row], MemoryTables]:
    draw = random.Random(7)
    exposed, reached = decisions(draw, 500), goals(draw, 400)
    return exposed, reached, MemoryTables({"exposures": exposed, "conversions": reached})


def test_uplift_counts_people_once_on_the_side_of_their_first_decision(random_rows: Any) -> None:
    exposed, reached, tables = random_rows

    answer = asked("uplift", tables)

    for offer in TERMS:
        expected = people(exposed, reached, offer)
        last = [row for row in answer.rows.to_pylist() if row["offer"] == offer][-1]
        for side, held in (("shown", False), ("held", True)):
            own = [row for row in expected if row["held"] == held]
            assert last[side] == len(own) > 5
            assert last[f"{side}_converted"] == sum(row["converted"] for row in own)
    assert {said["month"] for said in answer.account["offers"].values()} == {MONTH}
    assert set(answer.account["offers"]) == set(TERMS)
    assert answer.account["offers"]["UPGRADE"]["break_even"] == 0.02


def test_bands_split_the_same_people_by_the_band_of_their_first_decision(random_rows: Any) -> None:
    exposed, reached, tables = random_rows

    rows = asked("bands", tables, where={"offer": "OTHER"}).rows.to_pylist()

    expected = people(exposed, reached, "OTHER")
    for row in rows:
        own = [one for one in expected if (one["band"], one["explore"]) == (row["band"], row["explore"])]
        assert row["shown"] + row["held"] == len(own)
        assert row["shown_converted"] + row["held_converted"] == sum(one["converted"] for one in own)
        assert row["score"] == pytest.approx(sum(one["score"] for one in own) / len(own))
    assert sum(row["shown"] + row["held"] for row in rows) == len(expected)


def test_uplift_cuts_the_greatest_values_and_says_at_what() -> None:
    rows = [
        {
            "app": "shop", "day": MONTH, "event_id": f"d{number}", "offer": "OTHER", "would_show": True, "band": 1,
            "occurred_at": datetime(2026, 11, 1, 3, tzinfo=UTC), "customer_id": str(number), "bucket": 0,
            "decision": "holdout" if number % 2 else "show", "explore": False,
        }
        for number in range(200)
    ]  # fmt: skip
    bought = [
        {
            "app": "shop", "day": MONTH, "event_id": f"g{number}", "goal": "buy", "customer_id": str(number),
            "bucket": 0, "occurred_at": datetime(2026, 11, 1, 4, tzinfo=UTC),
            "value": 1_000_000.0 if number == 0 else 10.0,
        }
        for number in range(150)
    ]  # fmt: skip

    answer = asked("uplift", MemoryTables({"exposures": rows, "conversions": bought}), where={"offer": "OTHER"})

    assert answer.account["offers"]["OTHER"]["value_cut_at"] == pytest.approx(10.0, rel=1e-6)
    (row,) = answer.rows.to_pylist()
    assert row["value"] == pytest.approx(0.0, abs=1e-6)
    assert (row["shown_converted"], row["held_converted"]) == (75, 75)


def test_offers_count_people_and_showings(random_rows: Any) -> None:
    exposed, _, tables = random_rows

    rows = {row["offer"]: row for row in asked("offers", tables).rows.to_pylist()}

    own = [row for row in exposed if row["app"] == "shop" and MONTH <= row["day"] <= LAST]
    for offer in TERMS:
        mine = [row for row in own if row["offer"] == offer]
        shown = [row for row in mine if row["decision"] == "show"]
        assert rows[offer]["showings"] == len(shown)
        assert rows[offer]["clicks"] == sum(row["decision"] == "click" for row in mine)
        assert rows[offer]["shown"] == len({person_of(row) for row in shown} - {None})
        reached = {person_of(row) for row in mine if row["decision"] != "click"} - {None}
        assert rows[offer]["reached"] == len(reached)
    assert set(rows) == set(TERMS)


def test_uplift_is_empty_when_no_day_of_the_month_is_complete() -> None:
    answer = asked("uplift", MemoryTables({}))

    assert answer.rows.num_rows == 0
    assert {said["kind"] for said in answer.account["offers"].values()} == {"too few"}


def test_month_before_is_asked_while_the_newest_says_nothing() -> None:
    rows, bought = [], []
    for number in range(400):
        at = datetime(2026, 10, 5, 3, tzinfo=UTC)
        rows.append(
            {
                "app": "shop", "day": at.date(), "event_id": f"d{number}", "offer": "OTHER", "would_show": True,
                "band": 1, "occurred_at": at, "customer_id": str(number), "bucket": 0, "explore": False,
                "decision": "holdout" if number % 2 else "show",
            }
        )  # fmt: skip
        if number % 4 < 2:
            bought.append({"app": "shop", "day": at.date(), "event_id": f"g{number}", "goal": "buy", "bucket": 0,
                           "customer_id": str(number), "occurred_at": at})  # fmt: skip
    rows.append(rows[0] | {"day": MONTH, "event_id": "later", "occurred_at": datetime(2026, 11, 1, 3, tzinfo=UTC)})

    answer = asked("uplift", MemoryTables({"exposures": rows, "conversions": bought}))

    said = answer.account["offers"]
    assert (said["OTHER"]["month"], said["UPGRADE"]["month"]) == (date(2026, 10, 1), MONTH)
    assert [row["day"] for row in answer.rows.to_pylist()] == [date(2026, 10, 5)]
    assert {row["offer"] for row in asked("bands", MemoryTables({"exposures": rows})).rows.to_pylist()} == {"OTHER"}
