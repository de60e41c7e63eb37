"""Rows of every table that questions read, at random: ties, nulls, weights, two apps, days around the range."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.fakes.pinned import MemoryTables

Row = dict[str, Any]
FIRST, LAST = date(2026, 11, 9), date(2026, 11, 15)
"""The range that is asked."""
ZONE = "Asia/Seoul"
APPS = ("shop", "shop", "shop", "blog")
PEOPLE: dict[str, Sequence[Any]] = {
    "source": ("(direct)", "google", "it's"),
    "medium": ("(none)", "organic", "cpc"),
    "campaign": (None, "spring"),
    "channel": ("Direct", "Organic Search"),
    "device": ("desktop", "mobile"),
    "screen": ("small", None),
    "browser": ("Firefox", "Other", None),
    "system": ("Linux", None),
    "country": ("KR", "US", None),
    "region": ("11", None),
    "language": ("ko", "en"),
    "host": ("shop.test", "www.shop.test"),
    "entry_page": ("/", "/a"),
}
EXPERIMENTS: Sequence[Any] = (None, [], [("button", "green")], [("button", "red"), ("price", "low")])
PAGES = ("/", "/a", "/b")
SELECTORS = ("#buy", "#stepper", None)
WEIGHTS = (1.0, 1.0, 2.0, 1 / 0.3, None)
EFFECTS = ("mutation_ms", "scroll_ms", "navigated_ms", "hidden_ms", "input_ms")


class Maker:
    """Makes rows of one seed.

    Args:
        seed: Of the choices.
        weights: Of the rows.
    """

    def __init__(self, seed: int, weights: Sequence[float | None] = WEIGHTS) -> None:
        self.random, self.weights = random.Random(seed), weights
        self.others = random.Random(seed)
        """For what was added later, so that older columns stay as they were."""

    def one(self, values: Sequence[Any]) -> Any:
        """One of the values."""
        return self.random.choice(values)

    def facts(self, days_before: int = 9) -> Row:
        """What most tables have: app, day, visitor, weight, experiments."""
        day = FIRST + timedelta(days=self.random.randint(-days_before, 8))
        bucket = self.random.randrange(16)
        return {
            "app": self.one(APPS), "day": day, "user_key": self.one((None, *(f"u{number}" for number in range(12)))),
            "session_id": f"s{self.random.randrange(25)}", "weight": self.one(self.weights),
            "experiments": self.one(EXPERIMENTS), "bucket": bucket,
        }  # fmt: skip

    def people(self) -> Row:
        """Where a session came from and what it was made with."""
        return {name: self.one(values) for name, values in PEOPLE.items()}

    def session(self) -> Row:
        return self.facts() | self.people() | {
            "continued": self.random.random() < 0.2, "continues": self.random.random() < 0.2,
            "views": self.random.randint(1, 5), "engaged_ms": self.one((0, 900, 60_000, None)),
            "bounce": self.random.random() < 0.3, "goals": self.one(([], None, ["buy"], ["buy", "sign up"])),
            "customer_ids": self.one(([], None, ["7"], ["7", "8"])), "exit_page": self.one(PAGES),
            "began_at": self.later(),
        }  # fmt: skip

    def conversion(self, number: int) -> Row:
        return self.facts() | self.people() | {
            "goal": self.one(("buy", "sign up")), "event_id": f"e{number}", "customer_id": self.one((None, "7")),
            "session_id": self.one((None, "s1", "s2", "s3")), "value": self.one((None, 0.1, 0.2, 12.5)),
            "page": self.one(PAGES), "occurred_at": self.later(),
        }  # fmt: skip

    def view(self, number: int) -> Row:
        return self.facts() | self.people() | {
            "page_view_id": f"v{number}", "page": self.one((*PAGES, None)), "viewed": self.random.random() < 0.9,
            "entry": self.one((True, False, None)), "exit": self.one((True, False, None)),
            "engaged_ms": self.one((None, 0, 1500)), "vh": self.one((None, 600.0, 700.0, 701.0)),
            "depth_share": self.one((None, 0.0, 0.05, 0.15, 0.3, 0.7, 0.95, 1.0)),
            "release": self.one(("r1", "r2", None)), "place": self.one((None, number)),
            "previous_page": self.others.choice((*PAGES, None)), "next_page": self.others.choice((*PAGES, None)),
            "timestamp": self.moment(), "occurred_at": self.moment(),
        }  # fmt: skip

    def moment(self) -> datetime:
        """A time within a minute, so that much happens at once."""
        return datetime(2026, 11, 12, 5, 0, tzinfo=UTC) + timedelta(milliseconds=200 * self.random.randrange(300))

    def later(self) -> datetime:
        """A time within a few hours."""
        return datetime(2026, 11, 12, 5, 0, tzinfo=UTC) + timedelta(minutes=self.others.randrange(180))

    def click(self, number: int) -> Row:
        after = dict.fromkeys((*EFFECTS, "watched_ms")) | {"watched_ms": self.one((None, 2499, 2500, 3000))}
        for effect in EFFECTS:
            if self.random.random() < 0.12:
                after[effect] = 5
        known = self.random.random() < 0.9
        dead = known and (after["watched_ms"] or 0) >= 2500 and all(after[effect] is None for effect in EFFECTS)
        return self.facts(30) | {
            "event_id": f"e{self.random.randrange(10**6):06}-{number}",
            "page_view_id": self.one((None, "v1", "v2", "v3")), "session_id": self.one((None, "s1", "s2", "s1")),
            "page": self.one(PAGES), "host": self.one(PEOPLE["host"]), "release": self.one(("r1", "r2", None)),
            "device": self.one(PEOPLE["device"]), "country": self.one(PEOPLE["country"]),
            "seq": self.one((None, self.random.randrange(500))), "occurred_at": self.moment(),
            "timestamp": self.one((self.moment(), self.moment(), None)),
            "x": self.one((None, -3, 10, 30, 40, 41)), "y": self.one((None, 7, 8, 20)), "selector": self.one(SELECTORS),
            "tag": "a", "ex": self.one((None, 0, 4096, 16384, 32767)), "ey": self.one((None, 0, 5000, 32767)),
            "w": self.one((None, 0.0, 8.0, 8.5, 16.0, 200.0)), "h": self.one((None, 5.0, 64.0)),
            "fixed": self.one((None, True, False)), "after": after if known else None, "dead": dead if known else None,
            "link": self.one((None, "https://x.test/", "/a.pdf")), "link_out": self.one((None, True, False)),
            "download": self.one((None, True, False)),
        }  # fmt: skip

    def event(self, number: int) -> Row:
        at = datetime(2026, 11, 8, tzinfo=UTC) + timedelta(minutes=self.random.randrange(8 * 24 * 60))
        kind = self.one(("click", "custom", "custom", "page"))
        own = {"name": self.one(("signup", "play", None)), "props": self.one(([], [("plan", "a")], [("plan", "1")]))}
        texts = self.one((None, [], ["plan"])) if kind == "custom" else None
        return {
            "app": self.one(APPS), "event_id": f"e{number}", "type": kind, "occurred_at": at, "day": at.date(),
            "user_key": self.one((None, "u1", "u2", "u3")), "customer_id": self.one((None, "7")),
            "bot": self.one((None, False, False, True)), "staff": self.one((None, False, False, True)),
            "consent": self.one((None, {"analytics": True, "ads": False}, {"analytics": False, "ads": False})),
            "sample_rate": self.one((None, 1.0, 0.3)), "custom": own if kind == "custom" else None, "text_props": texts,
            "country": self.one(PEOPLE["country"]), "region": self.one(PEOPLE["region"]),
            "experiments": self.one(EXPERIMENTS),
        }  # fmt: skip

    def move(self, number: int) -> Row:
        points = [
            {"ex": self.random.randrange(32768), "ey": self.one((0, 2047, 2048)), "ms": self.random.randrange(20) * 50}
            for _ in range(self.random.randrange(4))
        ]
        return self.facts() | {
            "event_id": f"m{number}", "seq": self.one((None, number % 5)), "page_view_id": self.one(("v1", "v2")),
            "page": self.one(PAGES), "host": self.one(PEOPLE["host"]), "release": self.one(("r1", None)),
            "device": self.one(PEOPLE["device"]), "country": self.one(PEOPLE["country"]),
            "selector": self.one(SELECTORS), "points": points,
        }  # fmt: skip

    def traffic(self) -> list[Row]:
        return [
            {
                "app": app, "day": FIRST + timedelta(days=day), "kind": kind, "crawler": crawler,
                "events": float(self.random.randrange(9)), "views": 1.5, "visitors": 1.0,
            }
            for app in ("shop", "blog") for day in range(-8, 9)
            for kind, crawler in (("people", None), ("bots", None), ("bots", "GPTBot"), ("staff", None))
        ]  # fmt: skip

    def tables(self, size: int = 300) -> dict[str, list[Row]]:
        """Rows of every table; those of a session agree on whether it goes on."""
        tables = {
            "sessions": [self.session() for _ in range(size)],
            "conversions": [self.conversion(number) for number in range(size)],
            "page_views": [self.view(number) for number in range(size)],
            "clicks": [self.click(number) for number in range(size)],
            "events": [self.event(number) for number in range(size)],
            "moves": [self.move(number) for number in range(size)],
            "traffic": self.traffic(),
        }
        asked = [row for row in tables["page_views"] if row["app"] == "shop" and FIRST <= row["day"] <= LAST]
        views = [row["page_view_id"] for row in asked if row["page"] in ("/a", "/b")]
        for row in tables["events"]:
            row["page_view_id"] = self.others.choice((None, *views))
        return tables


def memory(rows: dict[str, list[Row]]) -> MemoryTables:
    """The rows as tables."""
    return MemoryTables(rows)


def comparable(rows: Sequence[Row]) -> list[Any]:
    """Rows without their order, numbers to twelve digits."""
    return sorted(
        (
            [(key, float(f"{value:.12g}") if isinstance(value, float) else value) for key, value in sorted(row.items())]
            for row in rows
        ),
        key=repr,
    )
