"""Who listens to what, where and when: trend, people, tracks, interests, single listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logdig.questions.engine.asking import Asking
from logdig.questions.engine.database import identifier
from logdig.questions.engine.question import Question
from logdig.questions.listens.heard import (
    DIMENSIONS,
    FILTERS,
    OF_CUSTOMERS,
    PEOPLE_COLUMNS,
    TABLES,
    by_sql,
    heard,
    shown,
    whole,
)
from logdig.questions.listens.heard import interests as interest_rows
from logdig.tables.declaration import LONG, REAL, TEXT, TIME, Column

if TYPE_CHECKING:
    import pyarrow as pa

MOST_SINGLE = 1_000
"""Single listens, listeners and interests that one answer holds; the account says how many there are."""
LISTENS = Column("listens", LONG, "listens")
LISTENERS = Column("listeners", LONG, "different customers, or visitors where no customer is known, who listened")
COUNTS = (
    LISTENS,
    LISTENERS,
    Column("on_mobile", LONG, "listens on a mobile device"),
    Column("mobile_share", REAL, "the same as a share of those that say so", unit="0 to 1"),
    Column("tracks", LONG, "different tracks"),
)
TRACK = Column("track_id", TEXT, "track")
TITLE = (Column("title", TEXT, "title, where tracks are loaded"), Column("artist", TEXT, "artist, likewise"))
COUNTED = """count(*) AS listens,
  count(DISTINCT customer_id) + count(DISTINCT visitor) FILTER (customer_id IS NULL) AS listeners,
  count(*) FILTER (mobile = '1') AS on_mobile"""
IN_ORDER = ("hour", "day", "local_hour")
"""Dimensions that have an order of their own."""


def listens(asking: Asking) -> pa.Table:
    """Count listens by a dimension, or in all."""
    rows = heard(asking, [])
    value = "CAST(by_value AS INT)" if asking.by == "local_hour" else "by_value"
    order = value if asking.by in IN_ORDER else "listens DESC, by_value NULLS LAST"
    return asking.run(f"""
        SELECT {_named(asking)}listens, listeners, on_mobile, on_mobile / nullif(known, 0) AS mobile_share, tracks
        FROM (SELECT {by_sql(asking)} AS by_value, {COUNTED}, count(mobile) AS known, count(DISTINCT track_id) AS tracks
          FROM {rows} GROUP BY ALL)
        {f"ORDER BY {order}" if asking.by else ""}
    """)


def listeners(asking: Asking) -> pa.Table:
    """Count listens by what is known of the customers; listeners of these groups can be added up."""
    names = [column.name for column in PEOPLE_COLUMNS]
    return asking.run(f"""
        SELECT {_named(asking)}{", ".join(names)}, listens, listeners, on_mobile
        FROM (SELECT {by_sql(asking)} AS by_value, {", ".join(names)}, {COUNTED}
          FROM {heard(asking, names)} GROUP BY ALL)
        ORDER BY ALL
    """)


def tracks(asking: Asking) -> pa.Table:
    """Count listens by track and gender, the most heard tracks first."""
    return asking.run(f"""
        SELECT {_named(asking)}r.track_id, gender, title, artist, listens, listeners, on_mobile
        FROM (SELECT {by_sql(asking)} AS by_value, track_id, gender, {COUNTED}
          FROM {heard(asking, ["gender"])} GROUP BY ALL) r
        LEFT JOIN {whole(asking, "tracks")} t ON r.track_id = t.track_id
        ORDER BY sum(listens) OVER (PARTITION BY r.track_id) DESC, r.track_id, by_value, gender NULLS LAST
    """)


def by_time(asking: Asking) -> pa.Table:
    """Count listens by hour or day, without what only `listens` tells."""
    return asking.run(f"""
        SELECT {_named(asking)}listens, listeners, on_mobile
        FROM (SELECT {by_sql(asking)} AS by_value, {COUNTED} FROM {heard(asking, [])} GROUP BY ALL) ORDER BY by_value
    """)


def top_tracks(asking: Asking, most: int) -> pa.Table:
    """Give rows of `tracks` of the most heard tracks, without their dimension; people are counted of these alone."""
    rows = heard(asking, ["gender"])
    top = asking.keep(f"SELECT track_id, count(*) AS n FROM {rows} GROUP BY ALL ORDER BY n DESC, track_id LIMIT {most}")
    return asking.run(f"""
        SELECT r.track_id, gender, title, artist, listens, listeners, on_mobile
        FROM (SELECT track_id, gender, {COUNTED}
          FROM {rows} WHERE track_id IN (FROM {top} SELECT track_id) GROUP BY ALL) r
        JOIN {top} ON r.track_id = {top}.track_id
        LEFT JOIN {whole(asking, "tracks")} t ON r.track_id = t.track_id
        ORDER BY n DESC, r.track_id, gender NULLS LAST
    """)


def _named(asking: Asking) -> str:
    """SQL of the asked dimension under its name, with the comma behind it; empty where there is none."""
    return f"{shown(asking)} AS {identifier(asking.by)}, " if asking.by else ""


def single_listens(asking: Asking) -> pa.Table:
    """Give the newest listens, one row each."""
    wanted = [column.name for column in SINGLE_COLUMNS]
    rows, names = heard(asking, wanted), ", ".join(wanted)
    ((asking.account["listens"],),) = asking.values(f"SELECT count(*) FROM {rows}")
    return asking.run(f"SELECT {names} FROM {rows} ORDER BY occurred_at DESC, event_id LIMIT {MOST_SINGLE}")


def top_listeners(asking: Asking) -> pa.Table:
    """Give who listened most, one row a customer, or a visitor where no customer is known."""
    people = [column.name for column in PEOPLE_COLUMNS]
    rows = heard(asking, ["user_key", *people])
    shown = f"CASE WHEN customer_id IS NULL THEN user_key END AS user_key, {', '.join(people)}"
    grouped = f"""
        SELECT customer_id, {shown}, count(*) AS listens, count(DISTINCT track_id) AS tracks,
          max(occurred_at) AS last_at
        FROM {rows} WHERE customer_id IS NOT NULL OR visitor IS NOT NULL GROUP BY ALL"""
    ((asking.account["listeners"],),) = asking.values(f"SELECT count(*) FROM ({grouped})")
    return asking.run(f"{grouped} ORDER BY listens DESC, customer_id, user_key LIMIT {MOST_SINGLE}")


def interests(asking: Asking) -> pa.Table:
    """Give the newest interests of the asked days, one row each."""
    rows = f"(SELECT * FROM {interest_rows(asking)} WHERE {_of_days(asking)})"
    ((asking.account["interests"],),) = asking.values(f"SELECT count(*) FROM {rows}")
    return asking.run(f"""
        SELECT customer_id, track_id, title, artist, first_at, last_at FROM {rows}
        ORDER BY last_at DESC, customer_id, track_id LIMIT {MOST_SINGLE}
    """)


def interest_tracks(asking: Asking) -> pa.Table:
    """Count who is interested in which track."""
    return asking.run(f"""
        SELECT track_id, any_value(title) AS title, any_value(artist) AS artist, count(*) AS customers,
          max(last_at) AS last_at
        FROM {interest_rows(asking)} WHERE {_of_days(asking)} GROUP BY track_id ORDER BY customers DESC, track_id
    """)


def slots(asking: Asking) -> pa.Table:
    """Give the numbers of each five minutes, in all and by region."""
    rows = asking.rows("live_stats", ["slot_at", "kind", "region", *(column.name for column in SLOT_COUNTS)])
    counts = ", ".join(column.name for column in SLOT_COUNTS)
    return asking.run(f"""
        SELECT slot_at, kind, region, {counts} FROM {rows} ORDER BY slot_at, kind, region
    """)


def _of_days(asking: Asking) -> str:
    """SQL condition: an interest was met in the asked days, and meets the filters."""
    first, last = asking.moments()
    conditions = [f"last_at >= TIMESTAMPTZ '{first.isoformat()}'", f"first_at < TIMESTAMPTZ '{last.isoformat()}'"]
    return " AND ".join([*conditions, asking.met("interests")])


SINGLE_COLUMNS = (
    Column("occurred_at", TIME, "when"),
    Column("event_id", TEXT, "event"),
    Column("customer_id", TEXT, "customer"),
    Column("user_key", TEXT, "visitor"),
    TRACK,
    *TITLE,
    Column("mobile", TEXT, "`1` = on a mobile device, `0` = not"),
    Column("zip", TEXT, "where it was heard"),
    Column("state", TEXT, "US state of the zip"),
    Column("listened_ms", LONG, "how long", unit="ms"),
    Column("send_event", TEXT, "`1` = the customer was a target at the time"),
    *PEOPLE_COLUMNS,
)
SLOT_COUNTS = tuple(
    Column(name, LONG, meaning)
    for name, meaning in {
        "visitors": "visitors with any event",
        "views": "page views",
        "listens": "listens",
        "listeners": "who listened",
        "mobile": "listens on a mobile device",
        "unknown_device": "listens that do not say whether they were",
    }.items()
)
WORDS = "Codes of customers are shown as the words of the settings' `[words]`."
TARGET = "`send_event` is 1 where the customer was a target of some offer at the time of the listen."
QUESTIONS = (
    Question(
        "listens",
        "How much is heard, by whom, and on which devices, by hour, place, track or what is known of customers.",
        tables=TABLES,
        columns=COUNTS,
        keys=(),
        filters=FILTERS,
        answer=listens,
        dimensions=DIMENSIONS,
        by="day",
        notes=(WORDS, TARGET),
    ),
    Question(
        "listeners",
        "Who listens: gender, level, age, linked apps and campaign of the customers.",
        tables=TABLES,
        columns=(*PEOPLE_COLUMNS, *COUNTS[:3]),
        keys=tuple(column.name for column in PEOPLE_COLUMNS),
        filters=FILTERS,
        answer=listeners,
        dimensions=tuple(name for name in DIMENSIONS if name not in OF_CUSTOMERS),
        notes=(WORDS, "A customer is in one group: listeners of several groups can be added up."),
    ),
    Question(
        "tracks",
        "Which tracks are heard, by gender.",
        tables=TABLES,
        columns=(TRACK, PEOPLE_COLUMNS[0], *TITLE, *COUNTS[:3]),
        keys=("track_id", "gender"),
        filters=FILTERS,
        answer=tracks,
        dimensions=("day", "state", "level", "age"),
    ),
    Question(
        "single_listens",
        "The newest listens, one row each.",
        tables=TABLES,
        columns=SINGLE_COLUMNS,
        keys=("event_id",),
        filters=FILTERS,
        answer=single_listens,
        compares=False,
        notes=(WORDS, TARGET),
    ),
    Question(
        "top_listeners",
        "Who listened most, one row a customer, or a visitor where no customer is known.",
        tables=TABLES,
        columns=(
            Column("customer_id", TEXT, "customer"),
            Column("user_key", TEXT, "visitor, where no customer is known"),
            *PEOPLE_COLUMNS,
            LISTENS,
            COUNTS[4],
            Column("last_at", TIME, "last listen"),
        ),
        keys=("customer_id", "user_key"),
        filters=FILTERS,
        answer=top_listeners,
        compares=False,
        notes=(WORDS,),
    ),
    Question(
        "interests",
        "Tracks that customers heard three times within 30 minutes, the newest first.",
        tables=("interests", "tracks"),
        columns=(
            Column("customer_id", TEXT, "customer"),
            TRACK,
            *TITLE,
            Column("first_at", TIME, "third listen of the first time"),
            Column("last_at", TIME, "third, or later, listen of the last time"),
        ),
        keys=("customer_id", "track_id"),
        filters=("customer", "track"),
        answer=interests,
        compares=False,
    ),
    Question(
        "interest_tracks",
        "How many customers heard a track three times within 30 minutes.",
        tables=("interests", "tracks"),
        columns=(
            TRACK,
            *TITLE,
            Column("customers", LONG, "customers"),
            Column("last_at", TIME, "last time that one did"),
        ),
        keys=("track_id",),
        filters=("customer", "track"),
        answer=interest_tracks,
        compares=False,
    ),
    Question(
        "five_minutes",
        "Visitors, views and listens of each five minutes, in all and by region.",
        tables=("live_stats",),
        columns=(
            Column("slot_at", TIME, "when the five minutes begin"),
            Column("kind", TEXT, "`all` or `region`"),
            Column("region", TEXT, "region, such as `US-CA`; empty = unknown, or `all`"),
            *SLOT_COUNTS,
        ),
        keys=("slot_at", "kind", "region"),
        filters=("region",),
        answer=slots,
        compares=False,
        notes=("Numbers of people cannot be added up over slots or regions.",),
    ),
)


def question_named(name: str) -> Question:
    """One of QUESTIONS."""
    return next(question for question in QUESTIONS if question.name == name)
