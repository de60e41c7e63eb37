"""Listening until now: what is in raw alone is counted with what the tables have, each listen once."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from logdig.config.settings import Settings
from logdig.questions.engine.parameters import Parameters
from logdig.questions.listens.fresh_listens import listening_now
from logdig.questions.listens.live_slots import COUNTS
from logdig.questions.live import LiveReader
from logdig.store.objects import build_object
from logdig.times import wire_time
from tests.fakes.pinned import MemoryTables
from tests.fakes.store import FakeStore

NOW = datetime(2026, 11, 30, 12, 3, tzinfo=UTC)
ZONE = "Asia/Seoul"
MINUTE = timedelta(minutes=1)
CUSTOMERS = [{"app": "shop", "customer_id": str(who), "gender": who % 2} for who in range(3)]


def made(draw: random.Random, count: int) -> list[dict[str, Any]]:
    """Lines of listens of the last two days; the newest are in raw."""
    lines = []
    for place in range(count):
        at = NOW - draw.random() * draw.choice([30, 40, 2000, 2900]) * MINUTE
        lines.append(
            {
                "received_at": wire_time(at), "occurred_at": wire_time(at), "timestamp": wire_time(at), "app": "shop",
                "event_id": f"e{place}", "type": draw.choice(["listen", "listen", "page"]), "tz_min": 540,
                "customer_id": draw.choice(["0", "1", "2", None]), "user_key": draw.choice(["u", "v"]),
                "listen": {"track_id": draw.choice("789"), "mobile": draw.random() < 0.5, "zip": "02132"},
            }
        )  # fmt: skip
    return sorted(lines, key=lambda line: line["received_at"])


def stored(line: dict[str, Any]) -> dict[str, Any]:
    """The row of table `listens`."""
    at = datetime.fromisoformat(line["occurred_at"])
    hour = at.astimezone(ZoneInfo(ZONE)).hour
    plain = {name: line[name] for name in ("app", "event_id", "customer_id", "user_key", "tz_min")}
    own = {"track_id": line["listen"]["track_id"], "mobile": line["listen"]["mobile"], "zip": "02132", "state": "MA"}
    return plain | own | {
        "occurred_at": at, "local_hour": hour, "day_part": "night", "ads_consent": False, "listened_ms": None,
        "day": at.astimezone(ZoneInfo(ZONE)).date(),
    }  # fmt: skip


def hour_of(line: dict[str, Any]) -> str:
    return datetime.fromisoformat(line["occurred_at"]).astimezone(ZoneInfo(ZONE)).strftime("%Y-%m-%dT%H:00")


def put(store: FakeStore, lines: Sequence[dict[str, Any]]) -> None:
    built = build_object("raw", NOW.date(), [json.dumps(line).encode() for line in lines])
    store.put(built.key, built.body)


@pytest.mark.parametrize("seed", range(3))
def test_numbers_equal_brute_force_when_some_listens_are_in_raw_and_the_table(seed: int) -> None:
    lines = made(random.Random(seed), 120)
    # Ingest has read some of what raw still shows.
    table, raw = lines[:90], lines[60:]
    store = FakeStore()
    store.clock = lambda: NOW
    put(store, raw)
    rows = {"listens": [stored(line) for line in table if line["type"] == "listen"], "customers": CUSTOMERS}
    reader = LiveReader(store, Settings())
    events, as_of, share = reader.listening("shop", NOW)

    found = listening_now(MemoryTables(rows), events, Parameters("shop", NOW.date(), NOW.date(), zone=ZONE), NOW)

    heard = [line for line in lines if line["type"] == "listen"]
    first = hour_of({"occurred_at": wire_time(NOW - timedelta(hours=30))})
    near = [line for line in heard if hour_of(line) >= first]
    assert {row["hour"]: row["listens"] for row in found["hours"]} == {
        hour: sum(hour_of(line) == hour for line in near) for hour in {hour_of(line) for line in near}
    }
    assert {(row["track_id"], row["gender"]): row["listens"] for row in found["tracks"]} == by_gender(near)
    trailing = [line for line in raw if line["occurred_at"] >= wire_time(NOW.replace(minute=30, hour=11))]
    every = [row for row in found["slots"] if row["kind"] == "all"]
    assert sum(row["listens"] for row in every) == sum(line["type"] == "listen" for line in trailing)
    assert sum(row["views"] for row in every) == sum(line["type"] == "page" for line in trailing)
    assert {*every[0]} == {"app", "slot_at", "kind", "region", *COUNTS}
    assert (as_of, share) == (datetime.fromisoformat(raw[-1]["received_at"]), 1.0)


def by_gender(lines: Sequence[dict[str, Any]]) -> dict[tuple[str, str | None], int]:
    found: dict[tuple[str, str | None], int] = {}
    for line in lines:
        who = line["customer_id"]
        key = line["listen"]["track_id"], None if who is None else str(int(who) % 2)
        found[key] = found.get(key, 0) + 1
    return found
