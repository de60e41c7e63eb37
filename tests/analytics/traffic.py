"""Generated behaviour: many small cases as apps of one frame, near every limit that the measures name."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from analytics.lake.line_rows import events, parse_raw
from analytics.marts.journeys import journeys
from analytics.marts.site import AppRules, Site
from logdig.config.goals import GoalSettings
from logdig.tables.catalog import TABLES
from tests.analytics.objects import line
from tests.oracle import journeys as oracle

CASES = 60
STARTS = (
    # Midnights, and both changes of the clock where there are any.
    *(("Asia/Seoul", moment) for moment in ("2026-11-23T14:59:00", "1988-05-07T14:59:00", "1988-10-08T13:59:00")),
    *(("Asia/Kolkata", moment) for moment in ("2026-11-23T18:29:00", "1941-09-30T18:05:00", "1942-05-14T18:05:00")),
    *(("America/New_York", moment) for moment in ("2026-11-01T03:59:00", "2026-11-02T04:59:00", "2026-03-08T06:59:00")),
    *(("America/New_York", "2026-03-09T03:59:00"), ("UTC", "2026-11-23T23:59:00")),
)
STEPS = (
    *(timedelta(0), timedelta(milliseconds=1), timedelta(seconds=1), timedelta(seconds=30), timedelta(minutes=10)),
    *(timedelta(minutes=29, seconds=59, milliseconds=999), timedelta(minutes=30), timedelta(minutes=31)),
    *(timedelta(hours=1), timedelta(hours=23), timedelta(days=1), timedelta(days=3), -timedelta(minutes=5)),
)
SKEWS = (*(timedelta(0),) * 4, timedelta(milliseconds=-7), -timedelta(hours=2), -timedelta(days=2))
PAGES = (
    *("https://shop.example/", "https://SHOP.example/index.html", "https://www.shop.example/a?q=2&utm_source=Naver"),
    *("https://shop.example/a?z=1&q=2&utm_medium=cpc&utm_campaign=Fall%20Sale", "https://shop.example/product/1"),
    *("https://shop.example/product/1/reviews", "https://shop.example/thanks#done", "https://shop.example/한글", ""),
)
REFERRERS = (
    *(None, "", "https://www.google.com/", "https://shop.example/before", "https://x.parts.example/"),
    *("https://chatgpt.com/", "https://blog.example.co.kr/x", "http://[broken"),
)
LINKS = (
    *(None, "https://shop.example/a", "https://shop.example/price.PDF?x=1", "https://else.example/a"),
    *("https://else.example/x.zip", "mailto:", "", "https://a.parts.example/file.hwp", "http://[broken"),
)
AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
    *("", "something else", None),
)
PROPS = (
    *(None, {}, {"sum": 10}, {"sum": 1.5, "plan": "gold"}, {"sum": "10", "plan": "gold"}, {"sum": True, "paid": True}),
    *({"paid": "true", "seats": 2}, {"paid": True, "seats": "2", "plan": "gold"}, {"paid": True, "seats": 2.0}),
    {"sum": -1e-3, "plan": None},
)
GOALS = (
    GoalSettings("order", event="order", value_property="sum"),
    GoalSettings("gold", event="order", where={"plan": "gold"}, count="each", value=2.5),
    GoalSettings("seats", event="order", where={"paid": True, "seats": 2.0}),
    GoalSettings("product", page="/product/*"),
    GoalSettings("thanks", page="/thanks*", count="each", value=1.0),
    GoalSettings("buy", element="#buy"),
    GoalSettings("every buy", element="#buy", count="each"),
    GoalSettings("song", listen="a_*%b"),
)
PAGE_RULES = ("/product/*", "/prod*", "*#done")


def owner(draw: random.Random, number: int, zone: str) -> oracle.Owner:
    """What the owner of one case has set."""
    return oracle.Owner(
        f"app{number}",
        zone,
        draw.choice([("https://shop.example",), ("https://shop.example:8443", "https://*.parts.example"), ()]),
        draw.choice([(), ("q", "z")]),
        tuple(draw.sample(PAGE_RULES, draw.randrange(3))),
        tuple(draw.sample(GOALS, draw.choice([0, 1, 3, len(GOALS)]))),
    )


def site(owners: list[oracle.Owner]) -> Site:
    """The same, as the transforms have it; an app that settings do not name has none."""
    return Site(
        {
            one.app: AppRules(one.zone.key, tuple(one.origins), tuple(one.allowed_query), tuple(one.pages), one.goals)
            for one in owners
        }
    )


def traffic(seed: int) -> tuple[list[oracle.Owner], list[dict[str, Any]]]:
    """Make the owners and events of CASES apps."""
    draw = random.Random(seed)
    owners, made = [], []
    for number in range(CASES):
        zone, start = draw.choice(STARTS)
        owners.append(owner(draw, number, zone))
        moment = datetime.fromisoformat(start).replace(tzinfo=UTC) + timedelta(seconds=draw.choice([0, 59, 60, 61]))
        kinds = draw.choice([(tracked,), (tracked,), (post,), (tracked, post, server)])
        for place in range(draw.choice([1, 2, 4, 9, 16])):
            event = draw.choice(kinds)(draw, place)
            event |= {"app": f"app{number}", "event_id": f"{number}-{draw.randrange(10**9)}"}
            event["timestamp"] = moment
            event["occurred_at"] = moment + draw.choice(SKEWS)
            made.append(event | rarely(draw))
            moment += draw.choice(STEPS)
    draw.shuffle(made)
    return owners, made


def rarely(draw: random.Random) -> dict[str, Any]:
    """What few events have: of bots and staff, without consent, of an unreadable clock."""
    options: list[dict[str, Any]] = [
        *({"bot": True}, {"staff": True}, {"consent": {"analytics": False, "ads": False}}, {"timestamp": None}),
        *({"bot": False, "consent": None}, {"staff": False}, {"sample_rate": 0.1}, {"sample_rate": 1.0}),
        {"customer_id": draw.choice(["c1", "c2"])},
    ]
    return draw.choice(options) if draw.random() < 0.3 else {}


def parts(draw: random.Random, kind: str) -> dict[str, Any]:
    """The own part of an event."""
    if kind == "page":
        said = {"referrer": draw.choice(REFERRERS), "title": draw.choice(["T", None]), "language": "ko"}
        return {"page": draw.choice([None, said, said, said])}
    if kind == "click":
        element = {"selector": draw.choice(["#buy", "#other", None])}
        return {"x": 1, "y": 2, "element": element, "link": draw.choice(LINKS)}
    if kind == "scroll":
        share = draw.choice([None, 0.1, 0.5, 1.0])
        engaged = draw.choice([None, 0, 5_000, 9_999, 10_000, 60_000])
        return {"scroll": {"depth_px": draw.choice([None, 0.5, 800.0]), "depth_share": share, "engaged_ms": engaged}}
    if kind == "listen":
        return {"listen": {"track_id": draw.choice(["a_1%b", "aX%b", "a_b", "a_%b"]), "mobile": True}}
    if kind == "identify":
        return {"customer_id": draw.choice(["c1", "c2"])}
    return {"custom": {"name": draw.choice(["order", "order", "other"]), "props": draw.choice(PROPS)}}


def place_of(draw: random.Random) -> dict[str, Any]:
    """What any event may tell."""
    return {
        "user_agent": draw.choice(AGENTS),
        "country": draw.choice(["KR", None]),
        "region": draw.choice(["11", None]),
        "page_version": draw.choice(["v1", "~f", None]),
        "view": draw.choice([None, *({"vw": width, "vh": 700} for width in (320, 575.5, 576, 768, 1024, 1440, None))]),
        "experiments": draw.choice([None, None, {}, {"x": draw.choice("ab")}, {"x": "a", "y": draw.choice("pq")}]),
    }


def tracked(draw: random.Random, place: int) -> dict[str, Any]:
    """An event of the tracker, or a server's that names its session."""
    kind = draw.choice(["page", "page", "click", "scroll", "scroll", "custom", "listen", "identify", "submit"])
    return {
        "type": kind,
        "seq": draw.choice([place, place, place, draw.randrange(4), None]),
        "user_key": draw.choice(["u1", "u1", "u2"]),
        "session_id": draw.choice(["s1", "s1", "s2"]),
        "page_view_id": draw.choice(["p1", "p2", "p3", "p4", None]),
        "current_page": draw.choice([*PAGES, None]),
        **place_of(draw),
        **parts(draw, kind),
    }


def post(draw: random.Random, place: int) -> dict[str, Any]:
    """A log of 2016, as the collector stores it."""
    clicked = draw.random() < 0.3
    unread = draw.random() < 0.2 and not clicked
    return {
        "type": "click" if clicked else "page",
        "user_key": draw.choice(["u1", "u1", "u2"]),
        "current_page": draw.choice(PAGES),
        "link": draw.choice(LINKS[1:]),
        "x": None if unread else int(clicked),
        "y": 0,
        "legacy": {"x": "none"} if unread else None,
        "user_agent": draw.choice(AGENTS),
        "country": draw.choice(["KR", None]),
        "consent": {"analytics": True, "ads": False},
    }


def server(draw: random.Random, place: int) -> dict[str, Any]:
    """A server's own event, of no session; also one stored before it was noted who signed."""
    kind = draw.choice(["page", "custom", "listen", "click", "scroll"])
    return {
        "type": kind,
        "signed": draw.choice([True, True, None]),
        "user_key": draw.choice(["u1", None]),
        "customer_id": "c1",
        "page_view_id": draw.choice([None, None, "p1"]),
        "current_page": draw.choice([*PAGES, None]),
        **place_of(draw),
        **parts(draw, kind),
    }


def frame(spark: SparkSession, made: list[dict[str, Any]]) -> DataFrame:
    """The events as ingest lays them out."""
    return events(parse_raw(spark.createDataFrame([(_line(event),) for event in made], "value string").repartition(3)))


def _line(event: dict[str, Any]) -> str:
    times = {
        "timestamp": event["timestamp"].isoformat() if event["timestamp"] else "no time",
        "occurred_at": event["occurred_at"].isoformat(),
    }
    nothing = dict.fromkeys(("x", "y", "element", "view", "current_page", "user_key"))
    return line(**{**nothing, **event, **times})


Transform = Callable[[DataFrame, Site], DataFrame]


def of_events(reading: Transform) -> Transform:
    """Make a transform of events of one that reads journeys, as a run of its mart alone does."""

    @wraps(reading)
    def transform(events: DataFrame, rules: Site) -> DataFrame:
        return reading(journeys(events, rules), rules)

    return transform


def both(spark: SparkSession, name: str, transform: Transform, seed: int) -> tuple[list[Any], list[Any]]:
    """Rows of a table by Spark and by plain Python, in one order, without ``bucket``."""
    owners, made = traffic(seed)
    columns = [column for column in TABLES[name].names if column != "bucket"]
    found = [row.asDict(recursive=True) for row in transform(frame(spark, made), site(owners)).collect()]
    expected = [row for one in owners for row in oracle.tables(made, one)[name]]
    return _sorted(found, columns), _sorted(expected, columns)


def _sorted(rows: list[dict[str, Any]], columns: list[str]) -> list[dict[str, Any]]:
    laid_out = [{name: _plain(row[name]) for name in columns} for row in rows]
    return sorted(laid_out, key=lambda row: [str(row[name]) for name in columns])


def _plain(value: Any) -> Any:
    """Times as text of UTC; Spark gives them without a zone."""
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).replace(tzinfo=None).isoformat()
    return value
