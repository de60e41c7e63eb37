"""Features as of a time equal a plain count of what came before it, and hold nothing of what came after."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from analytics.model.behaviour import as_of, with_data
from analytics.model.labels import clicks_on, goals_reached, labelled, with_customer_codes
from logdig.tables.feature_sets import BROWSING, LISTENING, features_of

# py4j leaves the closing of its sockets to the garbage collector.
pytestmark = [pytest.mark.java, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]

LISTENS = (
    "app string, customer_id string, user_key string, track_id string, occurred_at timestamp, day_part string, "
    "mobile boolean, ads_consent boolean"
)
EVENTS = (
    "app string, event_id string, type string, customer_id string, user_key string, session_id string, "
    "page_view_id string, occurred_at timestamp, tz_min int, consent struct<analytics:boolean,ads:boolean>, "
    "staff boolean, bot boolean, signed boolean, view struct<vw:double>, "
    "scroll struct<depth_share:double,engaged_ms:bigint>, ad struct<name:string,action:string>"
)
CONVERSIONS = "app string, event_id string, goal string, customer_id string, user_key string, occurred_at timestamp"
POINTS = "app string, unit string, person string, as_of timestamp"
CUSTOMERS = "app string, customer_id string, level int, status int"
CHANGES = "app string, customer_id string, column string, old string, new string, changed_at timestamp"
NOW = datetime(2026, 10, 1, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
WINDOW = 28 * DAY
PARTS = ("morning", "afternoon", "evening", "night")
Row = dict[str, Any]


def frame(spark: SparkSession, rows: Iterable[Row], columns: str) -> DataFrame:
    names = [part.strip().split(" ")[0] for part in columns.replace("struct<", "").split(", ")]
    return spark.createDataFrame([tuple(row.get(name) for name in names) for row in rows], columns)


def found(rows: DataFrame) -> dict[tuple[Any, ...], list[float]]:
    """Values by (unit, person, as_of)."""
    told = {}
    for row in rows.collect():
        told[(row["unit"], row["person"], row["as_of"].astimezone(UTC))] = list(row[4:])
    return told


def part_of(hour: int) -> str:
    if hour < 5 or hour >= 22:
        return "night"
    return "morning" if hour < 12 else "afternoon" if hour < 17 else "evening"


def point(unit: str, person: str, at: datetime) -> Row:
    return {"app": "shop", "unit": unit, "person": person, "as_of": at}


EDGES = [-WINDOW - SECOND, -WINDOW, -SECOND, timedelta(0), SECOND]
"""Around both ends of a window, from its end."""


def some_time(draw: random.Random) -> datetime:
    return NOW + (draw.choice(EDGES) if draw.random() < 0.3 else -draw.random() * 40 * DAY)


def made_listens(draw: random.Random, count: int) -> list[Row]:
    rows = []
    for _ in range(count):
        at = some_time(draw)
        rows.append(
            {
                "app": "shop",
                "customer_id": draw.choice(["0", "1", None]),
                "user_key": draw.choice(["u", "v", None]),
                "track_id": draw.choice("abcd"),
                "occurred_at": at,
                "day_part": part_of(at.hour),
                "mobile": draw.random() < 0.5,
                "ads_consent": draw.random() < 0.8,
            }
        )
    return rows


def listening_by_hand(row: Row, listens: list[Row]) -> list[float]:
    key = "customer_id" if row["unit"] == "customer" else "user_key"
    near = [
        one
        for one in listens
        if one[key] == row["person"]
        and one["ads_consent"]
        and row["as_of"] - WINDOW <= one["occurred_at"] < row["as_of"]
    ]
    if not near:
        return [0.0] * 6
    counts = [sum(one["day_part"] == part for one in near) for part in PARTS]
    counts += [sum(one["mobile"] for one in near), len({one["track_id"] for one in near})]
    return [count / len(near) for count in counts]


def made_events(draw: random.Random, count: int) -> list[Row]:
    rows = []
    for at in range(count):
        session = draw.choice(["s1", "s2", "s3", None])
        kind = draw.choice(["page", "page", "click", "scroll", "custom", "listen", "ad", "identify"])
        seen = {"depth_share": draw.choice([0.25, 0.5, None]), "engaged_ms": draw.randrange(9000)}
        rows.append(
            {
                "app": "shop",
                "event_id": f"e{at}",
                "type": kind,
                "customer_id": draw.choice(["0", "1", None, None]),
                "user_key": {"s1": "u", "s2": "u", "s3": "v"}.get(str(session), draw.choice(["v", None])),
                "session_id": session,
                "page_view_id": draw.choice([f"{session}a", f"{session}b"]) if session else None,
                "occurred_at": some_time(draw),
                "tz_min": draw.choice([None, 0, 540]),
                "consent": {
                    "analytics": draw.choice([True, True, None, False]),
                    "ads": draw.choice([True, True, False]),
                },
                "staff": draw.random() < 0.1,
                "bot": draw.random() < 0.1,
                "signed": session is None,
                "view": {"vw": draw.choice([390.0, 1440.0])} if draw.random() < 0.8 else None,
                "scroll": seen if kind == "scroll" else None,
            }
        )
    return rows


def browsing_by_hand(row: Row, events: list[Row], reached: dict[str, int]) -> list[float]:
    used = [
        one
        for one in events
        if one["consent"]["ads"] and one["consent"]["analytics"] is not False and not one["staff"] and not one["bot"]
        and (one["type"] not in ("listen", "ad") or reached.get(one["event_id"]))
    ]  # fmt: skip
    before = [one for one in used if one["occurred_at"] < row["as_of"]]
    if row["unit"] == "visitor":
        theirs = [one for one in before if one["user_key"] == row["person"]]
    else:
        named = {one["session_id"] for one in before if one["customer_id"] == row["person"]} - {None}
        theirs = [
            one
            for one in before
            if one["session_id"] in named or (one["session_id"] is None and one["customer_id"] == row["person"])
        ]
    near = [one for one in theirs if one["occurred_at"] >= row["as_of"] - WINDOW]
    if not near:
        return [0.0, 28.0, *[0.0] * 11]
    views: dict[tuple[Any, Any], list[Row]] = {}
    for one in near:
        view = one["page_view_id"] or (one["event_id"] if one["type"] == "page" else None)
        if view:
            views.setdefault((one["session_id"], view), []).append(one)
    pages = {view: [one for one in rows if one["type"] == "page"] for view, rows in views.items()}
    pages = {
        view: min(rows, key=lambda one: (one["occurred_at"], one["event_id"])) for view, rows in pages.items() if rows
    }
    hours = [(one["occurred_at"] + timedelta(minutes=one["tz_min"] or 0)).hour for one in pages.values()]
    mobile = [bool(one["view"] and one["view"]["vw"] < 768) for one in pages.values()]

    def greatest(rows: list[Row], name: str) -> float:
        return max((one["scroll"][name] or 0 for one in rows if one["scroll"]), default=0)

    def share(of: list[bool]) -> float:
        return sum(of) / len(of) if of else 0.0

    return [
        len({one["session_id"] for one in near} - {None}),
        (row["as_of"] - max(one["occurred_at"] for one in near)) / DAY,
        len(pages),
        sum(one["type"] == "click" for one in near),
        sum(reached.get(one["event_id"], 0) for one in near),
        sum(one["type"] == "custom" for one in near),
        sum(greatest(views[view], "depth_share") for view in pages) / len(pages) if pages else 0.0,
        sum(greatest(rows, "engaged_ms") for rows in views.values()) / 1000,
        *(share([part_of(hour) == part for hour in hours]) for part in PARTS),
        share(mobile),
    ]


def test_features_equal_brute_force_when_every_row_has_a_cut_off_of_its_own(spark: SparkSession) -> None:
    draw = random.Random(7)
    listens, events = made_listens(draw, 150), made_events(draw, 250)
    reached = {one["event_id"]: draw.choice([1, 2]) for one in draw.sample(events, 40)}
    conversions = [{"app": "shop", "event_id": key, "goal": "g"} for key, many in reached.items() for _ in range(many)]
    units = [("customer", "0"), ("customer", "1"), ("customer", "9"), ("visitor", "u"), ("visitor", "v")]
    points = [point(unit, person, NOW - days * DAY) for unit, person in units for days in (0, 3, 20)]

    told = as_of(
        frame(spark, points, POINTS),
        frame(spark, events, EVENTS),
        frame(spark, listens, LISTENS),
        frame(spark, conversions, CONVERSIONS),
        feature_set="listening+browsing",
    )

    assert told.columns[4:] == [*LISTENING, *BROWSING]
    values = found(told)
    assert len(values) == len(points)
    for row in points:
        expected = listening_by_hand(row, listens) + browsing_by_hand(row, events, reached)
        assert values[(row["unit"], row["person"], row["as_of"])] == pytest.approx(expected), row


def test_planted_future_leaves_no_trace_when_features_are_of_an_earlier_time(spark: SparkSession) -> None:
    draw = random.Random(3)
    listens, events = made_listens(draw, 40), made_events(draw, 60)
    conversions = [{"app": "shop", "event_id": "e5", "goal": "g"}, {"app": "shop", "event_id": "f0", "goal": "g"}]
    cut = NOW - 5 * DAY
    points = [point(unit, person, cut) for unit, person in (("customer", "0"), ("visitor", "u"), ("visitor", "w"))]
    base = {"app": "shop", "customer_id": "0", "consent": {"analytics": True, "ads": True}}
    page = base | {"type": "page", "session_id": "s3", "page_view_id": "s3a", "user_key": "w"}
    later = [cut, cut + SECOND]
    planted_events = [page | {"event_id": f"f{place}", "occurred_at": at} for place, at in enumerate(later)]
    planted_listens = [
        base
        | {
            "user_key": "u",
            "track_id": "x",
            "day_part": "night",
            "mobile": True,
            "ads_consent": True,
            "occurred_at": at,
        }
        for at in later
    ]
    before = [one for one in events if one["occurred_at"] < cut]
    heard = [one for one in listens if one["occurred_at"] < cut]

    told = as_of(
        frame(spark, points, POINTS),
        frame(spark, events + planted_events, EVENTS),
        frame(spark, listens + planted_listens, LISTENS),
        frame(spark, conversions, CONVERSIONS),
        feature_set="listening+browsing",
    )

    values = found(told)
    for row in points:
        expected = listening_by_hand(row, heard) + browsing_by_hand(row, before, {"e5": 1})
        assert values[(row["unit"], row["person"], row["as_of"])] == pytest.approx(expected), row


def test_auto_takes_browsing_when_a_shop_has_no_listen(spark: SparkSession) -> None:
    events = frame(spark, [one | {"type": "page"} for one in made_events(random.Random(1), 30)], EVENTS)
    listens = frame(spark, [], LISTENS)

    told = as_of(frame(spark, [point("visitor", "u", NOW)], POINTS), events, listens, frame(spark, [], CONVERSIONS))

    assert told.columns[4:] == [*BROWSING]
    assert with_data(events, frame(spark, made_listens(random.Random(1), 9), LISTENS)) == "listening+browsing"
    assert features_of("listening+browsing") == (*LISTENING, *BROWSING)


def test_label_is_an_outcome_within_the_horizon_when_it_comes_from_the_cut_off_on(spark: SparkSession) -> None:
    horizon = 7 * DAY
    times = {"before": -SECOND, "at": timedelta(0), "last": horizon, "late": horizon + SECOND}
    base = {"app": "shop", "type": "ad", "ad": {"name": "UPGRADE", "action": "click"}}
    allowed = base | {"consent": {"analytics": True, "ads": True}, "page_view_id": "p"}
    clicks = [
        allowed | {"event_id": who, "customer_id": who, "occurred_at": NOW + after} for who, after in times.items()
    ]
    clicks += [
        allowed | {"event_id": "n", "customer_id": "no", "occurred_at": NOW, "consent": {"ads": False}},
        allowed | {"event_id": "b", "customer_id": "bot", "occurred_at": NOW, "bot": True},
        allowed | {"event_id": "o", "customer_id": "other", "occurred_at": NOW, "ad": {"name": "X", "action": "click"}},
        allowed
        | {"event_id": "v", "customer_id": "view", "occurred_at": NOW, "ad": {"name": "UPGRADE", "action": "view"}},
        allowed | {"event_id": "k", "user_key": "visitor", "occurred_at": NOW},
    ]
    bought = [{"app": "shop", "goal": goal, "event_id": who, "customer_id": who, "occurred_at": NOW}
              for who, goal in (("at", "buy"), ("no", "buy"), ("last", "other"))]  # fmt: skip
    people = [*times, "no", "bot", "other", "view"]
    points = frame(spark, [point("customer", who, NOW) for who in people] + [point("visitor", "visitor", NOW)], POINTS)
    events = frame(spark, clicks, EVENTS)

    by_click = found(labelled(points, clicks_on(events, "UPGRADE"), horizon))
    by_goal = found(labelled(points, goals_reached(frame(spark, bought, CONVERSIONS), events, "buy"), horizon))

    assert {key[1] for key, (label,) in by_click.items() if label} == {"at", "last", "visitor"}
    assert {key[1] for key, (label,) in by_goal.items() if label} == {"at"}
    assert len(by_click) == len(by_goal) == len(people) + 1


def test_level_is_that_of_the_cut_off_when_every_convert_is_gold_today(spark: SparkSession) -> None:
    customers = [{"app": "shop", "customer_id": str(who), "level": 2, "status": 1} for who in range(4)]
    changes = [
        {"customer_id": "0", "column": "level", "old": "0", "new": "1", "changed_at": NOW - DAY},
        {"customer_id": "0", "column": "level", "old": "1", "new": "2", "changed_at": NOW + DAY},
        {"customer_id": "0", "column": "status", "old": "0", "new": "1", "changed_at": NOW},
        {"customer_id": "1", "column": "level", "old": None, "new": "2", "changed_at": NOW + DAY},
        {"customer_id": "2", "column": "level", "old": "1", "new": "2", "changed_at": NOW - SECOND},
        {"customer_id": "3", "column": "zip", "old": "1", "new": "2", "changed_at": NOW + DAY},
    ]
    points = [point("customer", str(who), NOW) for who in range(4)] + [point("customer", "0", NOW - 2 * DAY)]

    told = found(
        with_customer_codes(
            frame(spark, points, POINTS),
            frame(spark, customers, CUSTOMERS),
            frame(spark, [one | {"app": "shop"} for one in changes], CHANGES),
        )
    )

    assert [told[("customer", str(who), NOW)] for who in range(4)] == [[1, 0], [None, 1], [2, 1], [2, 1]]
    assert told[("customer", "0", NOW - 2 * DAY)] == [0, 0]
