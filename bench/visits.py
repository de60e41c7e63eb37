"""Logs of visits to a shop as a tracker sends them: sessions of views with clicks, scrolls, listens, named events."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count, islice
from typing import Any

import msgspec

from logdig.config.goals import GoalSettings, PageSettings
from logdig.config.settings import AppSettings, Settings
from logdig.times import wire_time

AGENTS = tuple(
    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
    for system in ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64")
    for version in range(100, 130)
)
REFERRERS = (
    *("https://www.google.com/", "https://search.naver.com/search.naver?query=shop", "https://www.instagram.com/"),
    *("https://blog.example.org/a", "", "", ""),
)
PAGES = 500
VISITORS_A_LOG = 0.05
EVENTS_A_VIEW = ("page", "click", "click", "scroll", "scroll", "listen", "custom")
CHANCES = (1.0, 0.8, 0.5, 1.0, 0.5, 0.5, 0.3)


def with_rules(settings: Settings) -> Settings:
    """Give the settings what an owner says of a shop: zone, pages, goals."""
    return msgspec.structs.replace(
        settings,
        apps=(AppSettings("shop", "pk_shop_1", origins=("https://shop.example",), timezone="Asia/Seoul"),),
        pages=(PageSettings("/album/*"),),
        goals=(
            GoalSettings("order", event="order", count="each", value_property="sum"),
            GoalSettings("cart", page="/page/7*"),
            GoalSettings("buy", element="#buy"),
        ),
    )


def visits(logs: int, start: datetime, span: timedelta, seed: int) -> Iterator[bytes]:
    """Make stored lines, in the order of their sessions.

    Args:
        logs: How many.
        start: UTC; sessions begin evenly over ``span`` from here.
        span: Time in which they begin.
        seed: The same gives the same lines; another gives other ids.
    """
    dice = random.Random(seed)  # noqa: S311
    # About fifteen events a session.
    sessions = max(1, logs // 14)
    made = (
        line
        for number in count()
        for line in _session(dice, f"{seed:x}-{number}", start + span * (number % sessions) / sessions, logs)
    )
    return islice(made, logs)


def _session(dice: random.Random, key: str, at: datetime, logs: int) -> Iterator[bytes]:
    visitor = f"u{dice.randrange(max(1, int(logs * VISITORS_A_LOG))):020}"
    agent, width = AGENTS[hash_of(visitor) % len(AGENTS)], (390, 820, 1280, 1440)[hash_of(visitor) % 4]
    place, referrer = 0, dice.choice(REFERRERS)
    for view in range(min(8, 1 + int(dice.expovariate(0.5)))):
        path = f"{dice.choice(('album', 'page'))}/{dice.randrange(PAGES)}.html"
        page = f"https://shop.example/{path}" + ("?utm_source=mail&utm_campaign=fall" if dice.random() < 0.1 else "")
        for kind, chance in zip(EVENTS_A_VIEW, CHANCES, strict=True):
            if dice.random() >= chance:
                continue
            place, at = place + 1, at + timedelta(milliseconds=dice.randrange(200, 20_000))
            common = {
                "received_at": wire_time(at + timedelta(seconds=2)), "occurred_at": wire_time(at),
                "timestamp": wire_time(at), "app": "shop", "event_id": f"e{key}-{place}", "type": kind, "seq": place,
                "user_key": visitor, "session_id": f"s{key}", "page_view_id": f"p{key}-{view}", "current_page": page,
                "user_agent": agent, "customer_id": visitor if hash_of(visitor) % 5 == 0 else None,
                "token": "pk_shop_0123456789abcdef", "tz_min": 540, "consent": {"analytics": True, "ads": False},
                "view": {"vw": width, "vh": 720, "dw": width, "dh": 4000, "sx": 0, "sy": 300, "dpr": 2},
                "page_version": "~3f2a", "experiments": {"price": "ab"[hash_of(visitor) % 2]}, "bot": False,
                "country": "KR", "region": "11",
            }  # fmt: skip
            yield msgspec.json.encode(common | _part(dice, kind, page, referrer if view == 0 else page))


def _part(dice: random.Random, kind: str, page: str, referrer: str) -> dict[str, Any]:
    """What an event of a kind says beside what all say."""
    if kind == "page":
        return {"page": {"referrer": referrer, "title": f"Page {page[-12:]}", "language": "ko-KR"}}
    if kind == "click":
        number = dice.randrange(40)
        selector = "#buy" if number == 0 else f"#list > li:nth-of-type({number}) > a"
        box = {"ex": dice.randrange(32767), "ey": dice.randrange(32767), "w": 120, "h": 40, "fixed": False}
        return {
            "x": dice.randrange(1280), "y": dice.randrange(4000), "link": f"https://shop.example/page/{number}.html",
            "element": {"selector": selector, "tag": "a", **box}, "after": {"mutation_ms": 12, "watched_ms": 2500},
        }  # fmt: skip
    if kind == "scroll":
        return {"scroll": {"depth_px": 900.0, "depth_share": dice.random(), "engaged_ms": dice.randrange(60_000)}}
    if kind == "listen":
        return {"listen": {"track_id": f"t{dice.randrange(3000)}", "mobile": False}}
    return {"custom": {"name": dice.choice(("order", "look")), "props": {"sum": dice.randrange(100)}}}


def hash_of(text: str) -> int:
    """A number of a text, the same in every process."""
    return sum(map(ord, text)) * 2654435761 % 2**32 >> 8
