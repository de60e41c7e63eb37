"""Rules of stored lines: one ASCII JSON object, fields as sent, the ten names always, nothing that may not be kept."""

from __future__ import annotations

import hashlib
import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.addresses import drop_query
from logdig.events.lines import TEN_NAMES, LineWriter, RequestContext, bad_line, to_ascii
from logdig.events.parser import AcceptanceRules, read_events
from logdig.events.validation import FieldFault
from logdig.times import parse_wire_time, to_milliseconds, wire_time
from tests.fakes.tracked import NOW, OWN_PARTS, event, signed_event, without

CONTEXT = RequestContext(NOW, "shop", "pk_shop_1", "Mozilla/5.0 한글", bot=False, tz_min=540)


def line_of(value: dict[str, Any], *, signed: bool = False) -> bytes:
    accepted = read_events([json.dumps(value).encode()], AcceptanceRules(NOW, None, signed)).accepted[0]
    return LineWriter(CONTEXT, {"album"}).line(accepted.event, accepted.occurred_at)


@pytest.mark.parametrize("name", OWN_PARTS)
def test_line_holds_the_event_as_sent_and_the_facts(name: str) -> None:
    sent = event(name)

    line = json.loads(line_of(sent))

    context = {
        "received_at": "2026-11-23T06:41:01.000Z",
        "occurred_at": "2026-11-23T06:40:59.120Z",
        "app": "shop",
        "token": "pk_shop_1",
        "user_agent": "Mozilla/5.0 한글",
        "bot": False,
        "country": None,
        "region": None,
        "ip": None,
        "tz_min": 540,
    }
    nulls = {} if name == "click" else {"x": None, "y": None}
    assert line == sent | context | nulls


@pytest.mark.parametrize("name", OWN_PARTS)
def test_line_has_all_ten_names_when_a_server_sent_the_least(name: str) -> None:
    sent = signed_event(name)

    line = json.loads(line_of(sent, signed=True))

    assert set(TEN_NAMES) <= set(line)
    assert {field: line[field] for field in sent} == sent


def test_line_begins_with_received_at_and_is_ascii() -> None:
    line = line_of(event(current_page="http://s/한글😀\u2028\x7f", page_version="a\tb"))

    assert line.startswith(b'{"received_at":"2026-11-23T06:41:01.000Z",')
    assert line.isascii()
    assert b"\n" not in line
    assert json.loads(line)["current_page"] == "http://s/한글😀\u2028\x7f"


def test_keys_of_a_line_are_there_once() -> None:
    pairs = json.loads(line_of(event()), object_pairs_hook=list)

    assert len({key for key, _ in pairs}) == len(pairs)


_addresses = st.lists(st.sampled_from(["http://s/", "?", "&", "#", "=", "utm_source", "album", "email", "한"])).map(
    lambda pieces: "x" + "".join(pieces)
)
_places = st.floats(-1e7, 1e7) | st.integers(-(10**7), 10**7)


@given(
    name=st.sampled_from(sorted(OWN_PARTS)),
    addresses=st.fixed_dictionaries({}, optional={"current_page": _addresses, "link": st.none() | _addresses}),
    place=st.tuples(_places, _places),
    referrer=st.none() | _addresses,
    left_out=st.sets(st.sampled_from(["link", "staff", "view", "sample_rate"])),
    is_staff=st.booleans(),
)
def test_line_is_the_event_with_facts_whatever_it_holds(
    name: str,
    addresses: dict[str, Any],
    place: tuple[float, float],
    referrer: str | None,
    left_out: set[str],
    is_staff: bool,
) -> None:
    own: dict[str, Any] = {"page": {"page": {"referrer": referrer}}, "click": dict(zip("xy", place, strict=True))}
    sent = without(event(name, **own.get(name, {})) | addresses, *left_out)
    context = RequestContext(NOW, "shop", "pk_shop_1", None, bot=True, staff=is_staff)
    accepted = read_events([json.dumps(sent).encode()], AcceptanceRules(NOW, None, signed=False)).accepted[0]

    line = LineWriter(context, {"album"}).line(accepted.event, accepted.occurred_at)

    kept = {field: drop_query(sent[field], {"album"}) for field in ("current_page", "link") if sent.get(field)}
    expected = dict.fromkeys(TEN_NAMES) | sent | kept
    if name == "click":
        expected |= {"x": math.floor(place[0]), "y": math.floor(place[1])}
    if name == "page" and referrer is not None:
        expected["page"] = {"referrer": drop_query(referrer, {"album"})}
    if is_staff:
        expected["staff"] = True
    added = {"app": "shop", "token": "pk_shop_1", "bot": True, "country": None, "region": None, "ip": None}
    times = {"received_at": "2026-11-23T06:41:01.000Z", "occurred_at": "2026-11-23T06:40:59.120Z"}
    assert json.loads(line) == expected | added | times | {"tz_min": None, "user_agent": None}


@given(st.datetimes(timezones=st.just(UTC)))
def test_wire_time_is_the_time_cut_to_milliseconds(moment: datetime) -> None:
    assert wire_time(moment) == f"{moment.isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"
    assert parse_wire_time(wire_time(moment)) == to_milliseconds(moment)


@pytest.mark.parametrize("sent, stored", [(110.7, 110), (-0.5, -1), (-3, -3), (1e7, 10_000_000)])
def test_coordinates_are_rounded_down(sent: float, stored: int) -> None:
    line = json.loads(line_of(event(x=sent, y=sent)))

    assert (line["x"], line["y"]) == (stored, stored)
    assert isinstance(line["x"], int)


@pytest.mark.parametrize(
    "sent, stored",
    [
        ("http://s/p", "http://s/p"),
        ("http://s/p?email=a@b.c", "http://s/p"),
        ("http://s/p?", "http://s/p"),
        ("http://s/p?utm_source=x&email=a&utm_term=&album=7#top", "http://s/p?utm_source=x&utm_term=&album=7#top"),
        ("http://s/p?UTM_SOURCE=x&utm_id=y", "http://s/p"),
        ("http://s/#/p?email=a&album=1", "http://s/#/p?album=1"),
        ("http://s/p?q=1?utm_source=x", "http://s/p"),
        ("a;b;c", "a;b;c"),
    ],
)
def test_query_strings_are_dropped_but_for_campaigns_and_what_the_app_allows(sent: str, stored: str) -> None:
    line = json.loads(line_of(event("page", current_page=sent, link=sent, page={"referrer": sent, "title": "t?x=1"})))

    assert (line["current_page"], line["link"], line["page"]["referrer"]) == (stored, stored, stored)
    assert line["page"]["title"] == "t?x=1"


def test_fields_that_are_no_struct_get_the_same_line() -> None:
    fields = {"event_id": "e", "current_page": "http://s/?a=1", "x": None}

    line = json.loads(LineWriter(CONTEXT, ()).line_of_fields(fields, NOW))

    assert line["current_page"] == "http://s/"
    assert set(TEN_NAMES) - {"timestamp"} <= set(line)


def test_bad_line_keeps_what_came_and_why() -> None:
    source = '{"event_id":"e","x":"한\xff"}'.encode("latin-1", "replace") + b"\xff"

    line = bad_line(NOW, "bad-1", "shop", [FieldFault("x", "is wrong")], source)

    assert line.startswith(b'{"received_at":"2026-11-23T06:41:01.000Z",')
    assert line.isascii()
    assert json.loads(line) == {
        "received_at": "2026-11-23T06:41:01.000Z",
        "bad_id": "bad-1",
        "app": "shop",
        "errors": [{"field": "x", "reason": "is wrong"}],
        "text": source.decode("utf-8", "replace"),
        "bytes": len(source),
        "sha256": hashlib.sha256(source).hexdigest(),
        "truncated": False,
    }


@pytest.mark.parametrize("before", [0, 1, 2])
def test_bad_line_is_cut_between_characters_when_long(before: int) -> None:
    source = b"x" * before + "한".encode() * 10_000

    line = json.loads(bad_line(NOW, "bad-1", "shop", [], source))

    assert line["truncated"] is True
    assert line["bytes"] == len(source)
    assert source.startswith(line["text"].encode())
    assert 16 * 1024 - 3 < len(line["text"].encode()) <= 16 * 1024


@given(st.text())
def test_ascii_form_means_the_same(text: str) -> None:
    encoded = json.dumps({text: text}, ensure_ascii=False).encode("utf-8", "replace")

    ascii_form = to_ascii(encoded)

    assert ascii_form.isascii()
    assert json.loads(ascii_form) == json.loads(encoded)
