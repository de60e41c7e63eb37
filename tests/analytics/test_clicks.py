"""Clicks and their bursts equal a brute force in plain Python."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from math import hypot
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from analytics.marts.clicks import clicks
from analytics.marts.site import Site
from analytics.schema.columns import table_columns
from logdig.errors import MissingColumnError
from logdig.tables.clicks import CLICKS
from tests.analytics import behaviour
from tests.analytics.behaviour import EFFECTS, Behaviour, Event, frame, moment, rows_of, wire

pytestmark = pytest.mark.java
APPS = 60
START = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOTHING = dict.fromkeys(EFFECTS) | {"watched_ms": 2500}


def fits(three: list[Event]) -> bool:
    """Say whether three clicks lie within 1,000 ms and pairwise within 30 px."""
    times = [moment(click["timestamp"]) for click in three]
    if max(times) - min(times) > timedelta(milliseconds=1000) or None in [
        click[axis] for click in three for axis in "xy"
    ]:
        return False
    return all(hypot(one["x"] - other["x"], one["y"] - other["y"]) <= 30 for one in three for other in three)


def bursts_by_hand(found: list[Event]) -> list[list[str]]:
    """Longest runs of at least three clicks of one page view of which any three neighbours fit; ids, in order."""
    found = sorted((click for click in found if click.get("after") is not None), key=behaviour.order)
    places = range(len(found))
    runs = [
        (start, end)
        for start in places
        for end in places[start + 2 :]
        if all(fits(found[at : at + 3]) for at in range(start, end - 1))
    ]
    longest = [
        run for run in runs if not any(run != other and other[0] <= run[0] and run[1] <= other[1] for other in runs)
    ]
    return [[click["event_id"] for click in found[start : end + 1]] for start, end in sorted(longest)]


def all_bursts(made: list[Event]) -> list[tuple[int, list[str]]]:
    """Bursts of every page view, each with its number in it."""
    views: dict[tuple[Any, ...], list[Event]] = defaultdict(list)
    for click in made:
        if click.get("session_id") is not None and click.get("page_view_id") is not None:
            views[click["app"], click["session_id"], click["page_view_id"]].append(click)
    return [numbered for view in views.values() for numbered in enumerate(bursts_by_hand(view), start=1)]


def dead_by_hand(what_followed: Event | None) -> bool | None:
    if what_followed is None:
        return None
    return (what_followed["watched_ms"] or 0) >= 2500 and all(what_followed[name] is None for name in EFFECTS)


def row_by_hand(made: Behaviour, click: Event) -> dict[str, Any]:
    view, element = click.get("view") or {}, click.get("element") or {}
    width = view.get("vw")
    host, path, page = behaviour.PAGES[click["current_page"]]
    link_out, download = behaviour.WHERE_TO[click["link"]]
    return {
        **{name: click.get(name) for name in ("app", "event_id", "seq", "session_id", "page_view_id", "user_key")},
        **{name: click.get(name) for name in ("country", "experiments", "x", "y", "link", "after")},
        **{name: view.get(name) for name in ("vw", "vh", "sx", "sy")},
        **{name: element.get(name) for name in ("selector", "tag", "ex", "ey", "w", "h", "fixed")},
        "day": made.day(click),
        "occurred_at": moment(click["occurred_at"]),
        "timestamp": moment(click["timestamp"]),
        "host": host,
        "path": path,
        "page": page,
        "release": click["page_version"],
        "device": "desktop" if width is None or width >= 1024 else "tablet" if width >= 768 else "mobile",
        "weight": behaviour.weight_of(click),
        "link_out": link_out,
        "download": download,
        "dead": dead_by_hand(click.get("after")),
    }


def sessions_of_posts(made: Behaviour) -> dict[str, str]:
    """Session ids of 2016 posts by event: a visitor's posts of a day until 30 minutes of silence."""
    theirs: dict[tuple[Any, ...], list[Event]] = defaultdict(list)
    for event in filter(behaviour.is_post, made.counted()):
        theirs[event["app"], event["user_key"], made.day(event)].append(event)
    found = {}
    for posts in theirs.values():
        posts.sort(key=lambda post: (moment(post["occurred_at"]), post["event_id"]))
        first = posts[0]
        for before, post in zip([posts[0], *posts], posts, strict=False):
            if moment(post["occurred_at"]) - moment(before["occurred_at"]) >= timedelta(minutes=30):
                first = post
            name = " ".join(filter(None, (first["app"], first["user_key"], first["event_id"])))
            found[post["event_id"]] = hashlib.sha256(name.encode()).hexdigest()[:32]
    return found


@given(seed=st.integers(0, 2**32))
@settings(max_examples=1, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_clicks_equal_a_brute_force_when_made_of_any_behaviour(spark: SparkSession, seed: int) -> None:
    made = Behaviour(seed, APPS)

    found = rows_of(clicks(frame(spark, made.events), made.site), "event_id")

    counted = made.counted("click")
    bursts = all_bursts(counted)
    inside: dict[str, list[int]] = defaultdict(list)
    for number, members in bursts:
        for member in members:
            inside[member].append(number)
    expected = {(click["event_id"],): row_by_hand(made, click) for click in counted}
    posts = sessions_of_posts(made)
    for (event_id,), row in expected.items():
        row["session_id"] = posts.get(event_id, row["session_id"])
        row["burst"] = max(inside[event_id], default=None)
        row["ended_burst"] = min(inside[event_id]) if len(inside[event_id]) > 1 else None
    buckets = {key: row.pop("bucket") for key, row in found.items()}
    assert found == expected
    assert {number in range(16) for key, number in buckets.items() if expected[key]["user_key"]} == {True}
    assert len(bursts) > 20
    assert posts.keys() & {event_id for (event_id,) in expected}


def presses(view: str, *places: tuple[int, int], **fields: Any) -> list[Event]:
    """Make clicks of one page view by milliseconds and x."""
    return [
        {
            "app": "shop", "event_id": f"{view}{number}", "type": "click", "session_id": "s", "page_view_id": view,
            "user_key": "u", "seq": number, "timestamp": wire(START + timedelta(milliseconds=ms)),
            "occurred_at": wire(START), "received_at": wire(START), "x": x, "y": 0, "after": NOTHING,
            "current_page": "https://shop.example/", "link": None, "page_version": None, **fields,
        }
        for number, (ms, x) in enumerate(places)
    ]  # fmt: skip


def test_click_that_ends_one_burst_and_begins_the_next_names_both(spark: SparkSession) -> None:
    # The second, third and fourth click take 1,001 ms together.
    made = presses("v", (0, 0), (499, 0), (1000, 0), (1500, 0), (2000, 0))

    found = rows_of(clicks(frame(spark, made), Site()), "event_id")

    numbers = {key: (row["burst"], row["ended_burst"]) for (key,), row in found.items()}
    assert numbers == {"v0": (1, None), "v1": (1, None), "v2": (2, 1), "v3": (2, None), "v4": (2, None)}
    assert [members for _number, members in all_bursts(made)] == [["v0", "v1", "v2"], ["v2", "v3", "v4"]]


def test_burst_goes_on_over_midnight_and_a_clock_that_is_set_back(spark: SparkSession) -> None:
    made = presses("v", (0, 0), (10, 0), (20, 0))
    made[1]["timestamp"] = wire(START - timedelta(milliseconds=980))
    made[2]["occurred_at"] = wire(START + timedelta(hours=12))
    far = presses("w", (0, 0), (10, 0), (20, 0))
    far[1]["timestamp"] = wire(START - timedelta(milliseconds=981))

    found = rows_of(clicks(frame(spark, made + far), Site()), "event_id")

    assert [found[f"v{number}",]["burst"] for number in range(3)] == [1, 1, 1]
    assert len({found[f"v{number}",]["day"] for number in range(3)}) == 2
    assert [found[f"w{number}",]["burst"] for number in range(3)] == [None, None, None]


def test_clicks_of_a_day_are_equal_whatever_else_is_in_the_frame(spark: SparkSession) -> None:
    made = Behaviour(7, APPS)
    whole = frame(spark, made.events)
    day = made.day(made.counted("click")[0])
    sessions = {event["session_id"] for event in made.events if made.day(event) == day and "session_id" in event}
    part = [event for event in made.events if made.day(event) == day or event.get("session_id") in sessions]

    both = [rows_of(clicks(one, made.site), "event_id") for one in (whole, frame(spark, part))]

    of_day = [{key: row for key, row in rows.items() if row["day"] == day} for rows in both]
    assert of_day[0] == of_day[1]
    assert of_day[0]


def test_clicks_have_their_columns_when_there_is_none(spark: SparkSession) -> None:
    found = clicks(frame(spark, []), Site())

    assert found.schema.simpleString() == table_columns("clicks").simpleString()
    assert found.columns == list(CLICKS.names)
    assert found.count() == 0


def test_clicks_name_missing_columns_before_spark_starts(spark: SparkSession) -> None:
    with pytest.raises(MissingColumnError, match="missing columns"):
        clicks(spark.range(1).toDF("app"), Site())
