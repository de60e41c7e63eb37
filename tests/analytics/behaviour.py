"""Made-up behaviour of visitors, bots and staff as stored lines, and which of it counts, in plain Python.

Every case is an app of its own, so that one frame holds many of them.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from pyspark.sql import DataFrame, SparkSession

from analytics import tables
from analytics.lake.line_rows import events, parse_raw
from analytics.marts.site import AppRules, Site
from analytics.schema.columns import TEXT, struct

Event = dict[str, Any]

ZONES = ("UTC", "Asia/Seoul", "Asia/Kolkata", "America/New_York")
NIGHTS = {
    "UTC": ("2026-11-24T00:00:00",),
    "Asia/Seoul": ("2026-11-24T00:00:00", "2026-12-31T23:59:59"),
    "Asia/Kolkata": ("2026-11-24T00:00:00",),
    # Both clock changes: 23 and 25 hours.
    "America/New_York": ("2026-03-08T00:00:00", "2026-03-08T23:59:00", "2026-11-01T00:00:00", "2026-11-01T01:30:00"),
}
"""Local times around which a zone's visitors come."""

ADDRESSES = (
    ("https://shop.example/", "shop.example", "/", "/"),
    ("https://Shop.example/index.html?utm_source=x", "shop.example", "/", "/"),
    ("https://shop.example:8443/product/7?q=b&z=1", "shop.example:8443", "/product/7?q=b", "/product/*"),
    ("https://shop.example/product/7/reviews", "shop.example", "/product/7/reviews", "/product/*"),
    ("https://blog.example/한글#top", "blog.example", "/한글#top", "/한글#top"),
    (None, None, None, None),
)
"""Address, and the host, path and page that it is by ``RULES``."""
LINKS = (
    ("https://shop.example/next", False, False),
    ("https://SHOP.example/list.pdf?x=1", False, True),
    ("https://elsewhere.example/", True, False),
    ("https://elsewhere.example/set-up.ZIP", True, True),
    ("mailto:", False, False),
    (None, None, None),
)
"""Link, and whether it leads out and to a file."""
REFERRERS = (None, None, "https://www.google.com/", "https://chatgpt.com/", "https://shop.example/")
PAGES = {address: place for address, *place in ADDRESSES}
WHERE_TO = {link: facts for link, *facts in LINKS}

AGENTS = (
    ("Mozilla/5.0 (compatible; GPTBot/1.0; +https://openai.com/gptbot)", "GPTBot"),
    ("Mozilla/5.0 (compatible; claudebot)", "ClaudeBot"),
    ("PerplexityBot/1.0", "PerplexityBot"),
    ("Googlebot/2.1 (+http://www.google.com/bot.html)", None),
    ("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", None),
    (None, None),
)
"""User agent, and the AI crawler that it is of."""
CRAWLERS = dict(AGENTS)


def rules(zone: str) -> AppRules:
    """Rules of an app whose visitors are in a zone."""
    return AppRules(
        zone, origins=("https://shop.example",), allowed_query=("q",), pages=("/product/*", "/other/*"), goals=()
    )


class Behaviour:
    """Lines of many apps.

    Args:
        seed: Equal seeds make equal lines.
        apps: How many.
    """

    def __init__(self, seed: int, apps: int) -> None:
        self.dice, self.ids = random.Random(seed), count()
        self.zones = {f"app{number}": ZONES[number % len(ZONES)] for number in range(apps)}
        self.site = Site({app: rules(zone) for app, zone in self.zones.items()})
        self.events: list[Event] = [event for app in self.zones for event in self._app(app)]
        self.dice.shuffle(self.events)

    def counted(self, *types: str) -> list[Event]:
        """Events that count, of some types or of all."""
        return [event for event in self.events if kind_of(event) == "people" and event["type"] in (types or TYPES)]

    def day(self, event: Event) -> date:
        """Local day of an event."""
        return local_day(event["occurred_at"], self.zones[event["app"]])

    def _app(self, app: str) -> Iterator[Event]:
        for visitor in range(self.dice.randint(1, 3)):
            for session in range(self.dice.randint(1, 2)):
                yield from self._session(app, f"{app}v{visitor}", f"{app}v{visitor}s{session}")
        for _ in range(self.dice.randrange(3)):
            yield self._server(app, self._night(app))
        for _ in range(self.dice.randrange(4)):
            yield self._post(app, self._night(app))

    def _night(self, app: str) -> datetime:
        zone = self.zones[app]
        local = datetime.fromisoformat(self.dice.choice(NIGHTS[zone])).replace(tzinfo=ZoneInfo(zone))
        return local.astimezone(UTC) + timedelta(
            milliseconds=self.dice.choice((-1, 0, 1, 20_000, -20_000, -86_400_000))
        )

    def _session(self, app: str, user_key: str, session: str) -> Iterator[Event]:
        dice = self.dice
        person: Event = dice.choice(
            (*({},) * 6, {"bot": True}, {"staff": True}, {"staff": True, "bot": True}, {"consent": None})
        )
        person = {
            "user_agent": dice.choice(AGENTS)[0],
            "sample_rate": dice.choice((None, None, 1.0, 0.5, 0.3)),
        } | person
        at, skew, customer = self._night(app), timedelta(), None
        is_quick = dice.random() < 0.5
        steps = (0, 1, 400, 500, 501) if is_quick else (0, 400, 1000, 1001, 30_000, 3_600_000)
        views = [f"{session}p{number}" for number in range(1 if is_quick else dice.randint(1, 3))]
        for seq in range(dice.randint(1, 16)):
            at += timedelta(milliseconds=dice.choice(steps))
            if dice.random() < 0.03:
                skew = timedelta(seconds=dice.choice((-3600, 86_400, 0.5)))
            customer = customer or dice.choice((None, None, None, "c1", "c2"))
            yield (
                self._event(app, at)
                | person
                | {
                    "type": dice.choice(("click",) * (60 if is_quick else 8) + TYPES),
                    "timestamp": wire(at + skew),
                    "user_key": user_key,
                    "session_id": session,
                    "page_view_id": dice.choice(views),
                    "seq": dice.choice((seq, seq, seq, None)),
                    "customer_id": customer,
                }
            )

    def _server(self, app: str, at: datetime) -> Event:
        """Make an event of a server that signs."""
        dice = self.dice
        return self._event(app, at) | {
            "type": dice.choice(("click", "page", "listen", "custom")),
            "signed": dice.choice((True, None)),
            "bot": dice.choice((False, True)),
            "user_key": dice.choice((None, f"{app}v0")),
            "customer_id": dice.choice((None, "c3")),
            "sample_rate": dice.choice((None, 0.25)),
            "user_agent": dice.choice(AGENTS)[0],
        }

    def _post(self, app: str, at: datetime) -> Event:
        """Make a log of 2016: without ids, number and element."""
        place = self.dice.choice(({"x": 3, "y": 4}, {"x": 0, "y": 0}, {"legacy": {"x": "none"}}))
        return self._event(app, at) | {
            "x": None, "y": None, "element": None, "after": None, "view": None, "experiments": None,
            "type": "click" if place.get("x") else "page", "user_key": f"{app}v0",
            "user_agent": self.dice.choice(AGENTS)[0], "bot": self.dice.choice((False, True)),
            "consent": {"analytics": True, "ads": False},
        } | place  # fmt: skip

    def _event(self, app: str, at: datetime) -> Event:
        """Make an event with what any may have."""
        dice = self.dice
        return {
            "app": app, "event_id": f"e{next(self.ids)}", "received_at": "2027-01-01T00:00:00.000Z",
            "occurred_at": wire(at), "timestamp": wire(at), "current_page": dice.choice(ADDRESSES)[0],
            "link": dice.choice(LINKS)[0], "page_version": dice.choice((None, "r1", "~f3")),
            "page": {"referrer": dice.choice(REFERRERS)},
            "country": dice.choice((None, "KR")), "experiments": dice.choice((None, {"button": "green"})),
            "tz_min": dice.choice((None, 540)), "token": "t", "pack_id": "p",
            "consent": dice.choice((*({"analytics": True, "ads": False},) * 9, {"analytics": False}, None)),
            "view": dice.choice((None, {"vw": dice.choice((767.5, 768, 1023, 1024, None)), "vh": 700, "sy": -3})),
            "x": dice.choice((*(100,) * 9, 118, 124, 130, 131, None)), "y": dice.choice((*(200,) * 9, 224, 225)),
            "element": dice.choice((None, element(dice))), "after": after(dice), "move": move(dice),
            "listen": {"track_id": dice.choice(("7", "8")), "mobile": True, "zip": "01234", "listened_ms": None},
        }  # fmt: skip


TYPES = ("page", "click", "submit", "scroll", "move", "listen", "ad", "custom", "identify")
EFFECTS = ("mutation_ms", "scroll_ms", "navigated_ms", "hidden_ms", "input_ms")


def element(dice: random.Random) -> Event:
    """Make an element of which little or much is known."""
    place = {"tag": "a", "ex": 7, "ey": 32767, "w": 10.5, "h": 2, "fixed": dice.choice((True, False, None))}
    return {"selector": dice.choice((None, "#buy", "main > a")), **dice.choice(({}, place))}


def after(dice: random.Random) -> Event | None:
    """Make what followed: mostly nothing, so that bursts are long."""
    if dice.random() < 0.1:
        return None
    watched = dice.choice((None, 0, 2499, 2500, 2501))
    return {name: dice.choice((None,) * 9 + (0, 12)) for name in EFFECTS} | {"watched_ms": watched}


def move(dice: random.Random) -> Event:
    """Make moves over two elements and unknown ones, also without any point."""
    anchors = dice.choice((["#a", "#b"], ["#a"], ["#a", "#a"], []))
    points = [[dice.randrange(-1, len(anchors)), number, 9, 100 * number] for number in range(dice.randrange(6))]
    return {"anchors": anchors, "points": points}


def wire(moment: datetime) -> str:
    """Write a time as a line does."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """Read a line's time as Spark gives it back: UTC, without a zone."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def local_day(text: str, zone: str) -> date:
    """Day of a line's time in a zone."""
    return datetime.fromisoformat(text).astimezone(ZoneInfo(zone)).date()


def is_post(event: Event) -> bool:
    """Say whether an event is a log of 2016."""
    lacks = [event.get(name) is None for name in ("session_id", "page_view_id", "seq", "element")]
    return all(lacks) and event["type"] in ("page", "click") and ("legacy" in event or event.get("x") is not None)


def kind_of(event: Event) -> str | None:
    """Say whose event it is; None = of one who refused to be measured."""
    is_servers = event.get("session_id") is None and event.get("page_view_id") is None and not event.get("signed")
    if event.get("bot") and (not is_servers or is_post(event)):
        return "bots"
    if event.get("staff"):
        return "staff"
    return None if (event["consent"] or {}).get("analytics") is False else "people"


def weight_of(event: Event) -> float:
    """How many events one stands for."""
    return 1 / (event.get("sample_rate") or 1)


def order(event: Event) -> tuple[bool, int, datetime, str]:
    """Order inside a session."""
    seq = event.get("seq")
    return (seq is None, seq or 0, moment(event["timestamp"]), event["event_id"])


def frame(spark: SparkSession, lines: Sequence[Event]) -> DataFrame:
    """Bring lines into the columns of table events, as ingest does."""
    texts = [(json.dumps({name: value for name, value in line.items() if value is not None}),) for line in lines]
    return events(parse_raw(tables.small_frame(spark, struct({"value": TEXT}), texts)))


def rows_of(found: DataFrame, *keys: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Collect rows by their keys, of which no two are equal."""
    rows = [row.asDict(recursive=True) for row in found.collect()]
    by_key = {tuple(row[key] for key in keys): row for row in rows}
    assert len(by_key) == len(rows)
    return by_key
