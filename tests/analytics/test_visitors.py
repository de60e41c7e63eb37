"""Visitors equal a loop in plain Python, and are the same in whatever pieces their events come."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from analytics import tables
from analytics.marts.journeys import journeys
from analytics.marts.sessions import sessions
from analytics.marts.site import AppRules, Site
from analytics.marts.visitor_days import visitor_days
from analytics.marts.visitors import merged, visitors
from analytics.schema.columns import table_columns
from logdig.errors import MissingColumnError
from logdig.tables.sessions import SESSIONS
from logdig.tables.visitors import VISITORS
from tests.analytics.behaviour import Behaviour, Event, frame, moment, rows_of

pytestmark = pytest.mark.java
APPS = 40
KEYS = ("app", "user_key")
T = datetime(2026, 11, 24, 12)
DIRECT = {"source": "(direct)", "medium": "(none)", "campaign": None, "channel": "Direct"}
SEARCH = {"source": "google", "medium": "organic", "campaign": None, "channel": "Organic Search"}


def visitors_by_hand(
    events: list[Event], found_sessions: list[dict[str, Any]]
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """What all counted events and all sessions say of each visitor."""
    theirs: dict[tuple[Any, ...], list[Event]] = defaultdict(list)
    for event in events:
        if event.get("user_key") is not None:
            theirs[event["app"], event["user_key"]].append(event)
    found = {}
    for key, seen in theirs.items():
        first_rows = [row for row in found_sessions if (row["app"], row["user_key"]) == key and not row["continued"]]
        first_rows.sort(key=lambda row: (row["source"] == "(direct)", row["began_at"], row["session_id"]))
        came = first_rows[0] if first_rows else {}
        times = [moment(event["occurred_at"]) for event in seen]
        found[key] = {
            "app": key[0],
            "user_key": key[1],
            "first_seen": min(times),
            "last_seen": max(times),
            "source_at": came.get("began_at"),
            **{name: came.get(name) for name in ("source", "medium", "campaign", "channel")},
            "customer_ids": sorted({event.get("customer_id") for event in seen} - {None}),
        }
    return found


def of_events(made: Behaviour, events: DataFrame, sessions_of: DataFrame) -> DataFrame:
    return visitors(visitor_days(events, made.site), sessions_of)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=1, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_visitors_equal_a_loop_when_made_of_any_behaviour(spark: SparkSession, seed: int) -> None:
    made = Behaviour(seed, APPS)
    events = frame(spark, made.events)
    by_day = sessions(journeys(events, made.site), made.site).localCheckpoint()

    found = rows_of(of_events(made, events, by_day), *KEYS)

    rows = [row.asDict(recursive=True) for row in by_day.collect()]
    assert found == visitors_by_hand(made.counted(), rows)
    assert {row["channel"] for row in found.values()} >= {None, "Direct", "Organic Search", "AI Assistants"}


@given(seed=st.integers(0, 2**32))
@settings(max_examples=1, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_visitors_are_equal_when_events_come_in_any_pieces_and_some_leave(spark: SparkSession, seed: int) -> None:
    made, dice = Behaviour(seed, APPS), random.Random(seed)
    came = [dice.randrange(2) for _ in made.events]
    goes = [dice.random() < 0.1 for _ in made.events]
    known: dict[tuple[Any, ...], dict[str, Any]] = {}

    for piece in range(3):
        there = [
            event
            for event, first, leaves in zip(made.events, came, goes, strict=True)
            if first <= piece and not (leaves and piece == 2)
        ]
        by_day = sessions(journeys(frame(spark, there), made.site), made.site).localCheckpoint()
        found = of_events(made, frame(spark, there), by_day).localCheckpoint()
        before = tables.small_frame(
            spark, table_columns("visitors"), [tuple(row[name] for name in VISITORS.names) for row in known.values()]
        )
        known |= rows_of(merged(found, before, made.site), *KEYS)
        known = {key: row for key, row in known.items() if row["last_seen"] is not None}

    assert known == rows_of(found, *KEYS)
    assert rows_of(merged(found, found, made.site), *KEYS) == {}


def session(user_key: str, source: dict[str, Any], began_at: datetime, **fields: Any) -> dict[str, Any]:
    known = {"app": "shop", "user_key": user_key, "session_id": "s", "continued": False, "customer_ids": []}
    return known | {"began_at": began_at, "ended_at": began_at} | source | fields


def seen(spark: SparkSession, users: Iterable[str], rows: Iterable[dict[str, Any]]) -> DataFrame:
    """Summarise visitors with one day, on which they were seen at T, and the given sessions."""
    days = [("shop", T.date(), user_key, T, T, ["8"] if user_key == "u0" else []) for user_key in users]
    values = [tuple(row.get(name) for name in SESSIONS.names) for row in rows]
    return visitors(
        tables.small_frame(spark, table_columns("visitor_days"), days),
        tables.small_frame(spark, table_columns("sessions"), values),
    )


def test_visitor_has_the_first_source_that_is_not_direct(spark: SparkSession) -> None:
    early, later = T.replace(hour=1), T.replace(hour=2)
    rows = [
        session("u", DIRECT, early, session_id="a"),
        session("u", SEARCH, later, session_id="b"),
        session("u", SEARCH | {"source": "bing"}, T, session_id="c"),
        session("u", SEARCH | {"source": "naver"}, early, session_id="d", continued=True),
        session("other", SEARCH | {"source": "daum"}, early, session_id="e"),
    ]

    (row,) = seen(spark, ["u"], rows).collect()

    assert (row["source"], row["source_at"]) == ("google", later)
    assert (row["first_seen"], row["last_seen"]) == (T, T)


BING = SEARCH | {"source": "bing"}
GONE, THERE = T.replace(hour=14, minute=59), T.replace(hour=15)
"""In Seoul the second is the next day."""
CASES = [  # known source and its time, found source, source afterwards
    (SEARCH, GONE, DIRECT, "google"),
    (SEARCH, GONE, BING, "google"),
    (SEARCH, GONE, None, "google"),
    (DIRECT, GONE, SEARCH, "google"),
    (DIRECT, GONE, None, "(direct)"),
    (SEARCH, THERE, DIRECT, "(direct)"),
    (SEARCH, THERE, BING, "bing"),
    (SEARCH, THERE, None, None),
    ({}, None, SEARCH, "google"),
]


def known_rows(spark: SparkSession, rows: Iterable[dict[str, Any]]) -> DataFrame:
    values = [
        tuple(({"app": "shop", "customer_ids": ["7"]} | row).get(name) for name in VISITORS.names) for row in rows
    ]
    return tables.small_frame(spark, table_columns("visitors"), values)


def test_visitor_keeps_a_known_source_only_when_its_session_is_gone(spark: SparkSession) -> None:
    site = Site({"shop": AppRules("Asia/Seoul")})
    users = [f"u{number}" for number in range(len(CASES))]
    old, rows = [], []
    for user_key, (known, at, found, _source) in zip(users, CASES, strict=True):
        old.append({"user_key": user_key, "first_seen": T, "last_seen": T} | known | {"source_at": at})
        rows += [session(user_key, found, T.replace(hour=11))] if found else []

    changed = rows_of(
        merged(seen(spark, users, rows), known_rows(spark, old), site, date.min, date(2026, 11, 25)), "user_key"
    )

    assert [changed[user_key,]["source"] for user_key in users] == [source for *_case, source in CASES]


def test_visitor_keeps_what_days_tell_that_are_gone_and_nothing_else(spark: SparkSession) -> None:
    site = Site({"shop": AppRules("Asia/Seoul")})
    last = T.replace(hour=23)
    users = ("u0", "u1", "gone", "left")
    firsts = (GONE, THERE, GONE, THERE)
    old = [
        {"user_key": user_key, "first_seen": first, "last_seen": last}
        for user_key, first in zip(users, firsts, strict=True)
    ]

    changed = rows_of(
        merged(seen(spark, ["u0", "u1", "new"], []), known_rows(spark, old), site, date(2026, 11, 25)), "user_key"
    )

    told = {key: (row["first_seen"], row["last_seen"], row["customer_ids"]) for (key,), row in changed.items()}
    assert told == {
        "u0": (T, last, ["7", "8"]),
        "u1": (T, T, []),
        "left": (None, None, None),
        "new": (T, T, []),
    }


def test_visitors_have_their_columns_when_nobody_was_there(spark: SparkSession) -> None:
    days = visitor_days(frame(spark, []), Site())
    nobody = visitors(days, tables.small_frame(spark, table_columns("sessions")))

    assert days.schema.simpleString() == table_columns("visitor_days").simpleString()
    assert nobody.schema.simpleString() == table_columns("visitors").simpleString()
    assert merged(nobody, tables.small_frame(spark, table_columns("visitors")), Site()).count() == 0


def test_visitors_name_missing_columns_before_spark_starts(spark: SparkSession) -> None:
    with pytest.raises(MissingColumnError, match="missing columns"):
        visitors(spark.range(1).toDF("app"), spark.range(1).toDF("app"))
    with pytest.raises(MissingColumnError, match="missing columns"):
        visitor_days(spark.range(1).toDF("app"), Site())
