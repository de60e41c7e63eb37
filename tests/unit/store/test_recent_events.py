"""The last events of both zones, and those that come after them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from cli.commands.events import TYPES
from logdig.events.types import EVENT_TYPES
from logdig.store import recent_events
from logdig.store.keys import Zone, parse_key
from logdig.store.objects import build_object
from logdig.store.recent_events import EventFeed, EventFilter, RecentEvent, rejected_event, stored_event
from tests.fakes.store import FakeStore

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def add(store: FakeStore, zone: Zone, *lines: dict[str, Any], stored_at: datetime = NOW) -> str:
    day = date.fromisoformat(lines[0]["received_at"][:10])
    built = build_object(zone, day, [json.dumps(line).encode() for line in lines])
    store.clock = lambda: stored_at
    store.put(built.key, built.body)
    return built.key


def raw(event_id: str, received_at: str = "2026-11-24T11:59:00.000Z", **fields: Any) -> dict[str, Any]:
    line = {"received_at": received_at, "app": "shop", "event_id": event_id, "type": "click", "bot": False}
    return line | {"current_page": "https://shop.example/", "user_key": "u", "element": {"selector": "#buy"}} | fields


def bad(bad_id: str, text: str, received_at: str = "2026-11-24T11:59:00.000Z") -> dict[str, Any]:
    errors = [{"field": "x", "reason": "must be a number"}, {"field": "", "reason": "too large"}]
    return {"received_at": received_at, "app": "shop", "bad_id": bad_id, "errors": errors, "text": text}


def feed(store: FakeStore, chosen: EventFilter | None = None, now: datetime = NOW) -> EventFeed:
    return EventFeed(store, chosen or EventFilter(), lambda: now, pytest.fail)


def ids(events: list[RecentEvent]) -> list[str | None]:
    return [event.id for event in events]


def test_feed_gives_accepted_and_rejected_events_in_order_of_arrival() -> None:
    store = FakeStore()
    add(store, "raw", raw("a", "2026-11-24T11:00:01.000Z"), raw("c", "2026-11-24T11:00:03.000Z"))
    add(store, "bad", bad("b", '{"type": "page"}', "2026-11-24T11:00:02.000Z"))

    assert ids(feed(store).last(20)) == ["a", "b", "c"]


def test_feed_gives_the_newest_when_there_are_more_than_wanted() -> None:
    store = FakeStore()
    for hour in range(6, 12):
        stored = datetime(2026, 11, 24, hour, 6, tzinfo=UTC)
        add(store, "raw", raw(f"e{hour}", f"2026-11-24T{hour:02}:00:00.000Z"), stored_at=stored)

    assert ids(feed(store).last(2)) == ["e10", "e11"]
    assert store.steps.count("get") == 2, "objects that were stored before the oldest one shown are not read"


def test_feed_goes_back_over_days_when_today_has_too_few() -> None:
    store = FakeStore()
    for day in (9, 14, 20, 24):
        stored = datetime(2026, 11, day, 1, tzinfo=UTC)
        add(store, "raw", raw(f"d{day}", f"2026-11-{day:02}T00:30:00.000Z"), stored_at=stored)

    assert ids(feed(store).last(20)) == ["d14", "d20", "d24"]


def test_feed_gives_only_new_events_when_it_is_asked_again() -> None:
    store = FakeStore()
    add(store, "raw", raw("a"))
    events = feed(store)
    before = events.last(20)

    add(store, "raw", raw("b"))
    after = events.new()
    nothing = events.new()

    assert (ids(before), ids(after), nothing) == (["a"], ["b"], [])


def test_feed_sees_what_arrived_yesterday_and_is_stored_after_midnight() -> None:
    store = FakeStore()
    events = feed(store, now=datetime(2026, 11, 25, 0, 4, tzinfo=UTC))
    events.last(20)

    add(store, "raw", raw("late", "2026-11-24T23:59:00.000Z"))

    assert ids(events.new()) == ["late"]


def test_feed_shows_an_event_once_when_it_is_stored_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_events, "KNOWN_IDS", 2)
    store = FakeStore()
    add(store, "raw", raw("a"))
    events = feed(store)
    events.last(20)

    add(store, "raw", raw("a", "2026-11-24T11:59:30.000Z"), raw("b", "2026-11-24T11:59:40.000Z"))
    add(store, "raw", raw("c", "2026-11-24T11:59:50.000Z"), raw("b", "2026-11-24T11:59:51.000Z"))

    assert ids(events.new()) == ["b", "c"]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (EventFilter(types=["page"]), ["p", "unread"]),
        (EventFilter(app="blog"), ["o"]),
        (EventFilter(since=NOW - timedelta(minutes=5)), ["o"]),
        (EventFilter(types=["ad"], app="blog"), []),
    ],
)
def test_feed_gives_chosen_events_only(chosen: EventFilter, expected: list[str]) -> None:
    store = FakeStore()
    add(
        store,
        "raw",
        raw("p", "2026-11-24T11:00:00.000Z", type="page"),
        raw("o", "2026-11-24T11:58:00.000Z", app="blog"),
    )
    add(
        store,
        "bad",
        bad("unread", "{", "2026-11-24T11:00:01.000Z"),
        bad("c", '{"type": "click"}', "2026-11-24T11:00:01.000Z"),
    )

    assert ids(feed(store, chosen).last(20)) == expected


def test_feed_reads_no_object_that_was_stored_before_the_time_asked_for() -> None:
    store = FakeStore()
    add(store, "raw", raw("a", "2026-11-24T08:00:00.000Z"), stored_at=datetime(2026, 11, 24, 8, 5, tzinfo=UTC))

    assert feed(store, EventFilter(since=NOW - timedelta(minutes=10))).last(20) == []
    assert "get" not in store.steps


def test_feed_names_an_object_that_is_damaged_and_shows_the_others() -> None:
    store = FakeStore()
    add(store, "raw", raw("a"))
    damaged = add(store, "raw", raw("b"))
    store.objects[damaged] = b"no gzip"
    named: list[str] = []

    events = EventFeed(store, EventFilter(), lambda: NOW, named.append).last(20)

    assert (ids(events), named) == (["a"], [damaged])
    assert parse_key(damaged).zone == "raw"


def test_rejected_event_shows_what_can_be_read_of_it_and_every_reason() -> None:
    text = '{"type": "click", "current_page": "https://a/", "x": NaN, "element": {"selector": "#buy"}, "user_key": 7}'

    event = rejected_event(bad("b", text))

    assert (event.type, event.page, event.element, event.visitor) == ("click", "https://a/", "#buy", None)
    assert event.reasons == ("x: must be a number", "too large")


@pytest.mark.parametrize("text", ["", "{", "[1]", '"text"', "\ufffd", '{"element": [], "custom": 1}'])
def test_rejected_event_shows_its_reasons_when_nothing_of_it_can_be_read(text: str) -> None:
    event = rejected_event(bad("b", text))

    assert (event.rejected, event.type, event.element, event.id) == (True, None, None, "b")
    assert event.reasons == ("x: must be a number", "too large")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"type": "custom", "custom": {"name": "sign-up", "props": None}}, "sign-up"),
        ({"type": "ad", "ad": {"name": "gold", "action": "view"}}, "gold"),
        ({"type": "listen", "listen": {"track_id": "14", "mobile": False}}, "14"),
        ({"type": "page", "custom": None}, None),
    ],
)
def test_stored_event_has_the_name_of_its_own_part(fields: dict[str, Any], name: str | None) -> None:
    assert stored_event(raw("a", **fields)).name == name


def test_types_of_the_command_are_those_of_the_wire() -> None:
    assert {event.__struct_config__.tag for event in EVENT_TYPES} == set(TYPES)
