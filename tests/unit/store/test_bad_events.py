"""Rejected events are found, shown and corrected."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest
from click.testing import CliRunner

from cli.commands.bad import command
from logdig.collect.factory import new_id
from logdig.errors import InputError
from logdig.events.lines import BadEvent
from logdig.events.validation import FieldFault
from logdig.store.bad_events import Filter, correct_event, find_bad, read_bad
from logdig.store.objects import build_object, compress
from tests.fakes.store import FakeStore


def bad(bad_id: str, text: str = "{}", **changes: Any) -> dict[str, Any]:
    line = {
        "received_at": "2026-11-24T12:00:00.000Z",
        "bad_id": bad_id,
        "app": "shop",
        "errors": [{"field": "x", "reason": "must be a number"}],
        "text": text,
        "bytes": len(text),
        "sha256": "0" * 64,
        "truncated": False,
        "pack_id": "p1",
    }
    return line | changes


@pytest.fixture
def store() -> FakeStore:
    store = FakeStore()
    days = {
        date(2026, 11, 24): [bad("a"), bad("b", app="blog")],
        date(2026, 11, 25): [bad("a"), bad("c", errors=[{"field": "", "reason": "too large"}])],
    }
    for day, lines in days.items():
        built = build_object("bad", day, [json.dumps(line).encode() for line in lines])
        store.put(built.key, built.body)
    return store


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Filter(), ["a", "b", "c"]),
        (Filter([date(2026, 11, 25)]), ["a", "c"]),
        (Filter(app="blog"), ["b"]),
        (Filter(reason="too large"), ["c"]),
        (Filter([date(2026, 1, 1)]), []),
    ],
)
def test_bad_events_are_read_once_each_by_day_app_and_reason(store: FakeStore, wanted: Filter, ids: list[str]) -> None:
    assert sorted(event.bad_id for event in read_bad(store, wanted)) == ids


def test_bad_list_shows_what_would_steer_a_terminal_as_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    store = FakeStore()
    hostile = bad("d", errors=[{"field": "한\x1b[2J\u202e\n", "reason": "is no known field"}])
    built = build_object("bad", date(2026, 11, 24), [json.dumps(hostile).encode()])
    store.put(built.key, built.body)
    monkeypatch.setattr("logdig.aws.clients.s3_store", lambda _: store)

    (line,) = CliRunner().invoke(command, ["list"]).output.splitlines()

    assert line.endswith(r"한\x1b[2J\u202e\n: is no known field")


def test_retry_is_not_tried_when_the_endpoint_is_no_address() -> None:
    result = CliRunner().invoke(command, ["retry", "d", "--endpoint", "nonsense"])

    assert result.exit_code == 2
    assert "'nonsense': an address such as https://collect.example" in result.output


def test_bad_event_is_found_by_its_id_or_said_to_be_none(store: FakeStore) -> None:
    assert [event.bad_id for event in find_bad(store, ["c", "a", "c"])] == ["c", "a"]
    assert find_bad(store, ["c"])[0].reason == "too large"
    with pytest.raises(InputError, match="'z'"):
        find_bad(store, ["a", "z"])


def event(text: str, *, truncated: bool = False) -> BadEvent:
    errors = [FieldFault("x", "wrong")]
    return BadEvent(
        received_at="", bad_id="a", errors=errors, text=text, bytes=len(text), sha256="", truncated=truncated
    )


def test_event_of_numbers_that_no_parser_reads_is_corrected() -> None:
    source = event('{"x": ' + "9" * 5000 + ', "y": NaN}')

    assert correct_event(source, {"x": 1, "y": 2}, []) == {"x": 1, "y": 2}


def test_event_is_corrected_by_changes_and_removals() -> None:
    source = event('{"x": "1", "own": 1, "element": {"ex": -1}}')

    corrected = correct_event(source, {"x": 1, "element.ex": 0, "view.vw": 1280}, ["own", "never.there"])

    assert corrected == {"x": 1, "element": {"ex": 0}, "view": {"vw": 1280}}


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (event("{", truncated=True), "was cut"),
        (event("{"), "is no JSON: .*; give the whole event"),
        (event("[1]"), "is no JSON object"),
        (event('{"x": 1}'), "x is no object"),
    ],
)
def test_event_is_not_corrected_when_it_cannot_be_read(source: BadEvent, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        correct_event(source, {"x.y": 1}, [])


def test_new_ids_are_never_read_as_options_when_a_command_gets_them() -> None:
    ids = {new_id() for _ in range(300)}

    assert len(ids) == 300
    assert all(re.fullmatch("[0-9a-f]{22}", new) for new in ids)


def test_bad_events_are_found_beside_foreign_objects(store: FakeStore) -> None:
    foreign = {
        "bad/note.txt": b"hi",
        "bad/dt=2026-11-24/empty": b"",
        "bad/dt=2026-11-24/half.jsonl.gz": compress(b"{}\n")[:-6],
        "bad/dt=2026-11-24/shape.jsonl.gz": compress(b'{"a":1}\n[]\n' + json.dumps(bad("d", errors=[])).encode()),
    }
    for key, body in foreign.items():
        store.put(key, body)
    unreadable: list[str] = []

    reasons = {event.bad_id: event.reason for event in read_bad(store, Filter(), unreadable.append)}

    assert set(reasons) == {"a", "b", "c", "d"}
    assert reasons["d"] == ""
    assert set(unreadable) == set(foreign) - {"bad/dt=2026-11-24/empty"}
