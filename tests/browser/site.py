"""A small site's month of rows for the dashboard's browser tests: the same sessions in every table."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
ZONE = "Asia/Seoul"
TODAY = date(2026, 11, 24)
PATHS = ("/", "/albums", "/albums/*", "/tracks/*", "/charts", "/pricing", "/sign-up", "/thanks")
NEXT = {"/": 1, "/albums": 2, "/albums/*": 3, "/tracks/*": 2, "/charts": 3, "/pricing": 6, "/sign-up": 7}
ORIGINS = (
    ("Direct", "(direct)", "(none)", None, 30),
    ("Organic Search", "google", "organic", None, 28),
    ("Organic Search", "naver.com", "organic", None, 16),
    ("Organic Social", "instagram.com", "referral", None, 10),
    ("Paid Search", "google", "cpc", "autumn", 8),
    ("Email", "newsletter", "email", "november", 5),
    ("AI Assistants", "chatgpt.com", "referral", None, 3),
)
COUNTRIES = (
    ("KR", "11", "ko", 48),
    ("US", "CA", "en", 12),
    ("US", "NY", "en", 7),
    ("JP", "13", "ja", 11),
    ("DE", "BE", "de", 5),
    ("GB", "ENG", "en", 4),
    ("BR", "SP", "pt", 3),
    ("IN", "KA", "en", 3),
    ("AU", "NSW", "en", 2),
    (None, None, "ko", 5),
)
BROWSERS = (
    ("Chrome", "Android", 360, 38),
    ("Safari", "iOS", 390, 24),
    ("Chrome", "Windows", 1536, 22),
    ("Safari", "Mac OS X", 1440, 9),
    ("Firefox", "Linux", 1920, 4),
    ("Samsung Internet", "Android", 800, 3),
)
ELEMENTS = (
    ("#play", "button", 180, 48, 260),
    ("nav > a:nth-of-type(2)", "a", 90, 32, 40),
    ("#hero", "img", 320, 200, 150),
    ("#buy", "a", 200, 52, 640),
)


def site_rows(days: int = 56, sessions_a_day: int = 24, texts: Sequence[str] = ()) -> dict[str, list[Row]]:
    """Make rows of app ``shop``.

    Args:
        days: Up to TODAY.
        sessions_a_day: About so many.
        texts: Stand in every stored text of many rows, to see that none runs.
    """
    maker = _Maker(texts)
    for back in range(days):
        day = TODAY - timedelta(days=back)
        weekend = day.weekday() >= 5
        for _ in range(
            round(
                sessions_a_day * (1.3 if weekend else 1) * (1.25 - 0.5 * back / days) * maker.random.uniform(0.8, 1.2)
            )
        ):
            maker.session(day)
        maker.traffic(day)
    return maker.tables


class _Maker:
    def __init__(self, texts: Sequence[str]) -> None:
        self.random, self.texts, self.text, self.number = random.Random(11), texts, "", 0
        names = ("sessions", "page_views", "clicks", "conversions", "events", "traffic")
        self.tables: dict[str, list[Row]] = {name: [] for name in names}

    def pick(self, values: Any) -> Any:
        return self.random.choices(values, [value[-1] for value in values])[0]

    def session(self, day: date) -> None:
        self.number += 1
        chance, number = self.random, self.number
        self.text = self.texts[number % len(self.texts)] if self.texts else ""
        channel, source, medium, campaign, _ = self.pick(ORIGINS)
        country, region, language, _ = self.pick(COUNTRIES)
        browser, system, width, _ = self.pick(BROWSERS)
        hour = min(23, max(0, int(chance.gauss(15, 5))))
        began = datetime(day.year, day.month, day.day, hour, chance.randrange(60), tzinfo=ZoneInfo(ZONE))
        path = [chance.choice((0, 0, 0, 1, 4, 5, 3))]
        while len(path) < 9 and chance.random() < 0.62:
            path.append(
                NEXT[PATHS[path[-1]]] if chance.random() < 0.6 and PATHS[path[-1]] in NEXT else chance.randrange(6)
            )
        hostile = bool(self.text)
        pages = [self.text if hostile else PATHS[place] for place in path]
        device = "mobile" if width < 768 else "tablet" if width < 1024 else "desktop"
        screen = "small" if width < 576 else "medium" if width < 992 else "large" if width < 1440 else "very large"
        common: Row = {
            "app": "shop",
            "day": day,
            "session_id": f"s{number}",
            "user_key": f"u{chance.randrange(number // 2 + 40)}",
            "channel": channel,
            "source": source,
            "medium": medium,
            "campaign": campaign,
            "country": country,
            "region": region,
            "language": language,
            "browser": browser,
            "system": system,
            "device": device,
            "screen": screen,
            "host": "shop.test",
            "entry_page": pages[0],
            "weight": 1.0,
            "bucket": number % 16,
            "experiments": [("button", "green" if number % 2 else "blue")],
        }
        if hostile:
            common |= dict.fromkeys(
                ("channel", "source", "campaign", "language", "browser", "country", "region"), self.text
            )
        engaged = [int(chance.expovariate(1 / 24_000)) for _ in pages]
        goals = (["sign up"] if 7 in path else []) + (["play"] if 3 in path and chance.random() < 0.5 else [])
        goals = [self.text if hostile else goal for goal in goals]
        bounce = len(path) == 1 and engaged[0] < 10_000 and not goals
        self.tables["sessions"].append(
            common
            | {
                "seq": 1,
                "continued": False,
                "continues": False,
                "began_at": began,
                "ended_at": began + timedelta(minutes=5),
                "exit_page": pages[-1],
                "views": len(pages),
                "engaged_ms": sum(engaged),
                "bounce": bounce,
                "goals": sorted(set(goals)),
                "customer_ids": [],
            }
        )
        self._views(common, pages, engaged, began, width)
        for place, goal in enumerate(goals):
            self.tables["conversions"].append(
                common
                | {
                    "goal": goal,
                    "event_id": f"g{number}-{place}",
                    "occurred_at": began,
                    "value": 9.9,
                    "page": pages[-1],
                }
            )
        name = self.text if hostile else chance.choice(("play", "play", "share", "404"))
        self.tables["events"].append(
            {
                "app": "shop",
                "day": began.astimezone(ZoneInfo("UTC")).date(),
                "event_id": f"c{number}",
                "type": "custom",
                "occurred_at": began,
                "user_key": common["user_key"],
                "country": common["country"],
                "custom": {"name": name, "props": [("path", self.text or "/old")] if name == "404" else []},
            }
        )

    def _views(self, common: Row, pages: list[str], engaged: list[int], began: datetime, width: int) -> None:
        chance = self.random
        for place, page in enumerate(pages):
            view = f"{common['session_id']}-{place}"
            at = began + timedelta(seconds=40 * place)
            release = "r8" if common["day"] >= TODAY - timedelta(days=9) else "r7"
            self.tables["page_views"].append(
                common
                | {
                    "page_view_id": view,
                    "occurred_at": at,
                    "timestamp": at,
                    "viewed": True,
                    "place": place + 1,
                    "page": page,
                    "path": page,
                    "title": page,
                    "engaged_ms": engaged[place],
                    "depth_share": chance.betavariate(2, 1.4),
                    "entry": place == 0,
                    "exit": place == len(pages) - 1,
                    "release": release,
                    "previous_page": pages[place - 1] if place else None,
                    "next_page": pages[place + 1] if place + 1 < len(pages) else None,
                    "vw": float(width),
                    "vh": 700.0,
                }
            )
            for number in range(chance.choice((0, 1, 1, 2))):
                selector, tag, w, h, y = chance.choice(ELEMENTS)
                dead = selector == "#hero" and chance.random() < 0.8
                ex, ey = (min(32767, max(0, int(chance.gauss(16384, 6000)))) for _ in range(2))
                after = dict.fromkeys(("mutation_ms", "scroll_ms", "navigated_ms", "hidden_ms", "input_ms"))
                after |= {"watched_ms": 3000} | ({} if dead else {"mutation_ms": 40})
                link = self.text or chance.choice(
                    (None, None, "https://bandcamp.test/x", "https://shop.test/press.pdf")
                )
                self.tables["clicks"].append(
                    {
                        name: common[name]
                        for name in (
                            "app",
                            "day",
                            "session_id",
                            "user_key",
                            "host",
                            "device",
                            "country",
                            "experiments",
                            "weight",
                            "bucket",
                        )
                    }
                    | {
                        "event_id": f"{view}-{number}",
                        "page_view_id": view,
                        "page": page,
                        "path": page,
                        "release": release,
                        "occurred_at": at,
                        "timestamp": at + timedelta(seconds=5 * number),
                        "seq": place * 10 + number,
                        "selector": self.text or selector,
                        "tag": tag,
                        "ex": ex,
                        "ey": ey,
                        "w": float(w),
                        "h": float(h),
                        "x": 40 + ex * w // 32768,
                        "y": y + ey * h // 32768,
                        "vw": float(width),
                        "vh": 700.0,
                        "fixed": False,
                        "after": after,
                        "dead": dead,
                        "link": link,
                        "link_out": bool(link) and "shop" not in link,
                        "download": bool(link) and link.endswith(".pdf"),
                    }
                )

    def traffic(self, day: date) -> None:
        people = sum(row["views"] for row in self.tables["sessions"] if row["day"] == day)
        for kind, crawler, views in (
            ("people", None, people),
            ("staff", None, self.random.randrange(5)),
            ("bots", None, self.random.randrange(60)),
            ("bots", self.text or "GPTBot", self.random.randrange(30)),
        ):
            row = {"app": "shop", "day": day, "kind": kind, "crawler": crawler}
            self.tables["traffic"].append(row | {"events": views * 2.0, "views": float(views), "visitors": views / 3})
