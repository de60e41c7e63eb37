"""Who is there now: every event of the window once, of objects that are each read once, or of a share of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdig.config.goals import PageSettings
from logdig.config.settings import AppSettings, Settings
from logdig.questions.live import MINUTES, WINDOW, LiveReader
from logdig.questions.raw_objects import chosen_of
from logdig.store.keys import object_key
from logdig.store.object_store import StoredObject
from logdig.store.objects import compress
from logdig.times import wire_time
from tests.fakes.store import FakeStore

NOW = datetime(2026, 11, 24, 0, 10, tzinfo=UTC)
SETTINGS = Settings(apps=(AppSettings(name="shop", token="pk_shop_12345678"),), pages=(PageSettings("/album/*"),))


def line(event_id: str, minutes: float = 5.0, **fields: Any) -> dict[str, Any]:
    """A line of raw, so many minutes old."""
    return {
        "received_at": wire_time(NOW - timedelta(minutes=min(minutes, 3))), "app": "shop", "event_id": event_id,
        "occurred_at": wire_time(NOW - timedelta(minutes=minutes)), "type": "page", "user_key": "u1",
        "page_view_id": event_id, "session_id": "s1", "current_page": "https://shop.test/",
    } | fields  # fmt: skip


def put(store: FakeStore, lines: Iterable[dict[str, Any]], age: timedelta = timedelta(minutes=1)) -> str:
    """Store an object so long ago."""
    text = "".join(json.dumps(one) + "\n" for one in lines).encode()
    store.clock = lambda: NOW - age
    key = object_key("raw", (NOW - age).date(), hashlib.sha256(text).hexdigest())
    store.put(key, compress(text))
    return key


def test_window_over_midnight_is_counted_once_each_whichever_objects_hold_an_event() -> None:
    store = FakeStore()
    put(
        store,
        [line("a", 29.9), line("b", 30.1), line("c", 1, user_key="u2"), line("d", 2, type="click", page_view_id="c")],
    )
    put(store, [line("a", 29.9), line("e", 12, current_page="https://shop.test/album/7")], timedelta(minutes=20))

    live = LiveReader(store, SETTINGS).now("shop", NOW)

    assert (live.visitors, live.views, live.events, live.share) == (2, 3, 4, 1.0)
    assert [(page.page, page.views) for page in live.pages] == [("/", 2), ("/album/*", 1)]
    assert (len(live.minutes), sum(live.minutes), live.minutes[0]) == (MINUTES, 4, 1)
    assert live.as_of == NOW - timedelta(minutes=1)


def test_object_is_read_once_and_forgotten_when_it_is_old() -> None:
    store = FakeStore()
    put(store, [line("a")])
    reader = LiveReader(store, SETTINGS)
    reader.now("shop", NOW)

    store.steps.clear()
    assert reader.now("shop", NOW + timedelta(minutes=1)).events == 1
    assert [step for step in store.steps if step.startswith("get")] == []
    assert reader.now("shop", NOW + timedelta(minutes=41)).objects == 0


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({}, True), ({"bot": True}, False), ({"app": "blog"}, False), ({"occurred_at": "soon"}, False),
        ({"bot": True, "signed": True, "page_view_id": None, "session_id": None}, False),
        ({"bot": True, "page_view_id": None, "session_id": None}, True), ({"staff": True}, False),
        ({"consent": {"analytics": False, "ads": False}}, False),
        ({"consent": {"analytics": True, "ads": False}}, True),
        ({"bot": True, "page_view_id": None, "session_id": None, "x": 4}, False),
    ],
)  # fmt: skip
def test_only_people_of_the_app_count(fields: dict[str, Any], counts: bool) -> None:
    store = FakeStore()
    put(store, [line("a") | fields])

    assert LiveReader(store, SETTINGS).now("shop", NOW).events == counts


def test_sampled_event_counts_as_many_and_damaged_ones_do_no_harm() -> None:
    store = FakeStore()
    put(store, [line("a", sample_rate=0.25), line("b", sample_rate=0.25, user_key="u9", type="click")])
    store.objects[object_key("raw", NOW.date(), "0" * 64)] = b"no gzip"
    store.stored_at[object_key("raw", NOW.date(), "0" * 64)] = NOW

    live = LiveReader(store, SETTINGS).now("shop", NOW)

    assert (live.visitors, live.views, live.events) == (8, 4, 8)


@settings(max_examples=20)
@given(st.lists(st.integers(1, 1000), min_size=1, max_size=60), st.integers(500, 5000))
def test_share_is_that_of_the_bytes_that_are_read(sizes: list[int], most: int) -> None:
    listed = [
        StoredObject(object_key("raw", NOW.date(), hashlib.sha256(str(number).encode()).hexdigest()), size, NOW)
        for number, size in enumerate(sizes)
    ]

    chosen, share = chosen_of(listed, most)

    assert share == pytest.approx(sum(one.size_bytes for one in chosen) / sum(sizes))
    assert chosen
    assert set(chosen) <= set(listed)
    assert (chosen == listed) or sum(sizes) > most


def test_numbers_of_a_share_are_multiplied() -> None:
    store = FakeStore()
    for number in range(200):
        put(store, [line(f"e{number}", 4, user_key=f"u{number}", note="x" * number)])
    size = sum(len(body) for body in store.objects.values())

    live = LiveReader(store, SETTINGS, most_bytes=size // 2).now("shop", NOW)

    assert 0.3 < live.share < 0.7
    assert live.events == pytest.approx(live.objects / live.share)
    assert live.events == pytest.approx(200, rel=0.1)
    assert timedelta(minutes=30) == WINDOW
