"""Sessions one by one, and the steps of one, equal a walk through the same rows in plain Python."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from logdig.errors import InputError
from logdig.questions.catalog import QUESTIONS
from logdig.questions.engine.answering import ask
from logdig.questions.engine.parameters import Parameters
from tests.unit.questions.rows import EFFECTS, Row, memory

FIRST, LAST = date(2026, 11, 9), date(2026, 11, 15)
START = datetime(2026, 11, 8, 12, tzinfo=UTC)
PAGES, SELECTORS, SOURCES = ("/", "/a"), ("#buy", "#stepper", None), ("google", "(direct)")
KINDS = ("page", "click", "click", "scroll", "custom", "ad", "submit", "page")


def site(seed: int) -> dict[str, list[Row]]:
    """Tables of sessions with their events, some without ``seq``, some of bots."""
    chance = random.Random(seed)
    tables: dict[str, list[Row]] = {name: [] for name in ("sessions", "page_views", "clicks", "conversions", "events")}
    for number in range(30):
        began = START + timedelta(hours=chance.randrange(8 * 24))
        _add_session(tables, chance, number, began)
    return tables


def _add_session(tables: dict[str, list[Row]], chance: random.Random, number: int, began: datetime) -> None:
    own = {
        "app": chance.choice(("shop", "shop", "blog")), "day": began.date(), "session_id": f"s{number}", "bucket": 0,
        "user_key": chance.choice(("u1", "u2", None)), "weight": 1.0,
    }  # fmt: skip
    view = ""
    for place in range(chance.randrange(1, 7)):
        kind = "page" if place == 0 else chance.choice(KINDS)
        at, page, event = began + timedelta(seconds=place), chance.choice(PAGES), f"e{number}-{chance.random()}"
        bot = chance.random() < 0.1
        if kind == "page":
            view = chance.choice((view, f"v{number}-{place}")) or f"v{number}-{place}"
            if view not in {row["page_view_id"] for row in tables["page_views"]}:
                tables["page_views"].append(
                    own | {
                        "page_view_id": view, "viewed": chance.random() < 0.8, "page": page, "timestamp": at,
                        "occurred_at": at, "engaged_ms": chance.choice((None, 500)), "depth_share": 0.5, "place": place,
                    }
                )  # fmt: skip
        after = dict.fromkeys((*EFFECTS, "watched_ms")) | {"mutation_ms": chance.choice((None, 7)), "watched_ms": 3000}
        selector = chance.choice(SELECTORS)
        if kind == "click" and not bot:
            tables["clicks"].append(
                own | {
                    "event_id": event, "page_view_id": view, "page": page, "selector": selector, "after": after,
                    "dead": chance.choice((None, True, False)), "burst": chance.choice((None, 1, 2)),
                    "timestamp": at, "occurred_at": at, "seq": place,
                }
            )  # fmt: skip
        if chance.random() < 0.2 and not bot:
            tables["conversions"].append(own | {"goal": "buy", "event_id": event, "value": 2.5, "occurred_at": at})
        tables["events"].append(
            own | {
                "event_id": event, "type": kind, "seq": chance.choice((place, place, None)), "timestamp": at,
                "occurred_at": at, "day": at.date(), "page_view_id": view, "current_page": f"https://shop.test{page}",
                "element": {"selector": selector, "tag": "a"} if kind in ("click", "submit") else None,
                "after": after if kind == "click" else None, "bot": bot, "staff": False, "customer_id": None,
                "custom": {"name": "<b>own</b>", "props": [("plan", "=1+1")]} if kind == "custom" else None,
                "ad": {"name": "spring", "action": "view"} if kind == "ad" else None,
            }
        )  # fmt: skip
    tables["sessions"].append(
        own | {
            "seq": 1, "continued": False, "continues": False, "began_at": began, "ended_at": began, "views": 1,
            "engaged_ms": 5, "goals": ["buy"], "customer_ids": ["7"], "entry_page": "/", "exit_page": "/a",
            "source": chance.choice(SOURCES), "channel": "Direct", "device": "mobile", "bounce": False,
        }
    )  # fmt: skip


def asked(name: str, seed: int, where: dict[str, str]) -> list[Row]:
    source = memory(site(seed))
    found: list[Row] = ask(source, QUESTIONS[name], Parameters("shop", FIRST, LAST, where=where)).rows.to_pylist()
    return found


def plain_sessions(tables: dict[str, list[Row]], where: dict[str, str]) -> dict[str, tuple[int, int]]:
    """Bursts and dead clicks by session."""
    found = {}
    for row in tables["sessions"]:
        own = {name: [part for part in tables[name] if part["session_id"] == row["session_id"]] for name in tables}
        clicks = [one for one in own["clicks"] if where.get("page") in (None, one["page"])]
        met = (
            row["app"] == "shop" and FIRST <= row["day"] <= LAST
            and where.get("source") in (None, row["source"])
            and where.get("session") in (None, row["session_id"]) and where.get("visitor") in (None, row["user_key"])
            and ("page" not in where or any(v["viewed"] and v["page"] == where["page"] for v in own["page_views"]))
            and ("element" not in where or any(one["selector"] == where["element"] for one in clicks))
        )  # fmt: skip
        if met:
            bursts = {(one["page_view_id"], one["burst"]) for one in own["clicks"] if one["burst"]}
            found[row["session_id"]] = len(bursts), sum(bool(one["dead"]) for one in own["clicks"])
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "where",
    [
        {}, {"source": "google"}, {"page": "/a"}, {"element": "#buy"}, {"page": "/a", "element": "#buy"},
        {"visitor": "u1"}, {"visitor": "u1", "page": "/"}, {"session": "s3"}, {"visitor": "nobody"},
    ],
)  # fmt: skip
def test_sessions_are_those_that_meet_every_filter(seed: int, where: dict[str, str]) -> None:
    found = asked("sessions", seed, where)

    plain = plain_sessions(site(seed), where)
    assert {row["session_id"]: (row["bursts"], row["dead_clicks"]) for row in found} == plain
    assert [row["began_at"] for row in found] == sorted((row["began_at"] for row in found), reverse=True)


def plain_steps(tables: dict[str, list[Row]], session: str) -> list[dict[str, Any]]:
    own = [row for row in tables["events"] if row["session_id"] == session and not row["bot"] and row["app"] == "shop"]
    own = [row for row in own if FIRST <= row["day"] <= LAST and row["type"] != "scroll"]
    own.sort(key=lambda row: (row["seq"] is None, row["seq"] or 0, row["timestamp"], row["event_id"]))
    views = {row["page_view_id"]: row for row in tables["page_views"] if row["viewed"]}
    clicks = {row["event_id"]: row for row in tables["clicks"]}
    goals = {row["event_id"] for row in tables["conversions"]}
    seen: set[str] = set()
    steps = []
    for row in own:
        if row["type"] == "page":
            if row["page_view_id"] in seen:
                continue
            seen.add(row["page_view_id"])
        view = views.get(row["page_view_id"]) if row["type"] == "page" else None
        click = clicks.get(row["event_id"], {})
        steps.append(
            {
                "kind": row["type"], "page": view["page"] if view else row["current_page"],
                "engaged_ms": view["engaged_ms"] if view else None, "dead": bool(click.get("dead")),
                "rage": click.get("burst") is not None, "changed_ms": (row["after"] or {}).get("mutation_ms"),
                "goals": ["buy"] if row["event_id"] in goals else None,
                "name": {"custom": "<b>own</b>", "ad": "spring"}.get(row["type"]),
            }
        )  # fmt: skip
    return steps


@pytest.mark.parametrize("seed", range(3))
def test_steps_are_the_events_of_the_session_in_their_order(seed: int) -> None:
    tables = site(seed)
    shown = [row["session_id"] for row in tables["sessions"] if row["app"] == "shop"]

    for session in shown[:8]:
        plain = plain_steps(tables, session)
        found = asked("steps", seed, {"session": session})
        assert [{key: row[key] for key in one} for row, one in zip(found, plain, strict=True)] == plain
        assert [row["step"] for row in found] == list(range(1, len(plain) + 1))


def test_steps_of_a_session_of_another_app_are_not_shown() -> None:
    other = next(row["session_id"] for row in site(1)["sessions"] if row["app"] == "blog")

    assert asked("steps", 1, {"session": other}) == []


def test_steps_are_refused_without_a_session() -> None:
    with pytest.raises(InputError, match="question steps is asked of one session"):
        asked("steps", 1, {})
