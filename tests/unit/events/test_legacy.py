"""Rules of the ten-field log of 2016."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.collect.http import Headers, Reply
from logdig.events.lines import TEN_NAMES
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import BROWSER, NOW, ORIGIN, TEN_FIELDS, collector, post, signed, without

FORM: Headers = (*BROWSER[:1], ("content-type", "application/x-www-form-urlencoded"), *BROWSER[2:])


def send(payload: bytes = b"", headers: Headers = BROWSER, query: str = "", sink: MemorySink | None = None) -> Reply:
    return collector(sink).handle(post(payload, "/", headers, query))


def stored(fields: dict[str, Any]) -> dict[str, Any]:
    """Send one log as JSON and give its stored line."""
    sink = MemorySink()
    reply = send(json.dumps(fields).encode(), sink=sink)
    assert reply.status == 200, reply.body
    line: dict[str, Any] = json.loads(sink.events[0])
    return line


def message(fields: dict[str, Any]) -> Any:
    reply = send(json.dumps(fields).encode())
    assert reply.status == 400
    return json.loads(reply.body)["message"]


@pytest.mark.parametrize(
    "payload, headers, query",
    [
        (urlencode(TEN_FIELDS).encode(), FORM, ""),
        (json.dumps(TEN_FIELDS).encode(), BROWSER, ""),
        (json.dumps(TEN_FIELDS | {"x": 110, "load_count": 2}).encode(), BROWSER, ""),
        (b"\xef\xbb\xbf" + json.dumps(TEN_FIELDS).encode(), BROWSER[:1] + BROWSER[2:], ""),
        (b"", BROWSER, urlencode(TEN_FIELDS)),
        (b"", FORM, urlencode(TEN_FIELDS)),
        (urlencode(TEN_FIELDS | {"x": "5"}).encode(), FORM, "x=110&x=6"),
        (
            json.dumps(without(TEN_FIELDS, "link") | {"odd": [1]}).encode(),
            BROWSER,
            urlencode({"link": TEN_FIELDS["link"]}),
        ),
    ],
)
def test_log_is_stored_in_the_shape_of_today_however_it_comes(payload: bytes, headers: Headers, query: str) -> None:
    sink = MemorySink()

    reply = send(payload, headers, query, sink)

    assert reply.status == 200
    answer = json.loads(reply.body)
    assert answer["status"] == "Succeed to send log."
    assert float(answer["duration_millisecond"]) > 0
    line = json.loads(sink.events[0])
    assert set(TEN_NAMES) <= set(line)
    assert (line["type"], line["x"], line["y"], line["spent_milli_sec"], line["load_count"]) == (
        "click",
        110,
        400,
        1120,
        2,
    )
    assert line["timestamp"] == "2026-11-23T06:40:00"
    assert line["occurred_at"] == "2026-11-23T06:40:00.000Z"
    assert line["consent"] == {"analytics": True, "ads": False}
    assert "legacy" not in line


def test_log_sent_again_gets_the_same_event_id() -> None:
    first, again, other = stored(TEN_FIELDS), stored(TEN_FIELDS), stored(TEN_FIELDS | {"link": ""})

    assert first["event_id"] == again["event_id"] != other["event_id"]
    assert len(first["event_id"]) == 64


@pytest.mark.parametrize("name", TEN_NAMES)
def test_log_is_refused_naming_the_first_missing_field(name: str) -> None:
    words = "Missing required parameter in the JSON body or the post body or the query string"
    earlier = TEN_NAMES[: TEN_NAMES.index(name)]

    assert message({field: TEN_FIELDS[field] for field in earlier}) == {name: words}
    assert message(without(TEN_FIELDS, name)) == {name: words}


@pytest.mark.parametrize("name", TEN_NAMES)
@pytest.mark.parametrize("value", [None, [], ["1"], {}])
def test_log_is_refused_when_a_field_is_null_or_no_text(name: str, value: Any) -> None:
    assert list(message(TEN_FIELDS | {name: value})) == [name]


@pytest.mark.parametrize("name", TEN_NAMES)
@pytest.mark.parametrize("value", ["a\u0000b", "\ud800"])
def test_log_is_refused_when_a_field_holds_what_no_line_can(name: str, value: str) -> None:
    assert list(message(TEN_FIELDS | {name: value})) == [name]


@pytest.mark.parametrize("name", TEN_NAMES)
def test_empty_text_is_taken_but_for_four_fields(name: str) -> None:
    if name in ("timestamp", "token", "user_key", "current_page"):
        assert list(message(TEN_FIELDS | {name: ""})) == [name]
    else:
        assert stored(TEN_FIELDS | {name: ""})["event_id"]


@pytest.mark.parametrize(
    "text, number",
    [("110", 110), ("110.9", 110), ("-0.5", -1), (" 7 ", 7), (110.5, 110), ("1e3", 1000), (-1, -1)],
)
def test_coordinates_become_numbers(text: Any, number: int) -> None:
    line = stored(TEN_FIELDS | {"x": text})

    assert line["x"] == number
    assert "legacy" not in line


@pytest.mark.parametrize(
    "text", ["", "left", "NaN", "inf", "1e400", "99999999999", "1_000", "１２", "9" * 1023 + "x", True]
)
def test_what_is_no_number_is_kept_as_text(text: Any) -> None:
    line = stored(TEN_FIELDS | {"x": text})

    assert line["x"] is None
    assert line["legacy"] == {"x": text if isinstance(text, str) else "true"}


def test_visit_log_is_a_page_and_anything_with_a_place_a_click() -> None:
    assert stored(TEN_FIELDS | {"x": "0", "y": "0"})["type"] == "page"
    assert stored(TEN_FIELDS | {"x": "", "y": ""})["type"] == "page"
    assert stored(TEN_FIELDS | {"x": "0", "y": "1"})["type"] == "click"


def test_user_agent_of_the_header_is_believed_and_another_kept_beside_it() -> None:
    line = stored(TEN_FIELDS | {"user_agent": "curl/8" * 300})

    assert line["user_agent"] == TEN_FIELDS["user_agent"]
    assert line["legacy"]["user_agent"] == ("curl/8" * 300)[:1024]


@pytest.mark.parametrize("text", ["2026-11-23 06:40:00", "2026-11-23T15:40:00+09:00", "20261123T064000Z", "2026-11-23"])
def test_time_is_iso_8601_and_utc_when_it_names_no_zone(text: str) -> None:
    expected = "2026-11-23T00:00:00.000Z" if len(text) == 10 else "2026-11-23T06:40:00.000Z"

    assert stored(TEN_FIELDS | {"timestamp": text})["occurred_at"] == expected


@pytest.mark.parametrize("text", ["yesterday", "1763880000", "2026-13-01", "0001-01-01T00:00:00+09:00"])
def test_log_is_refused_when_its_time_is_none(text: str) -> None:
    assert list(message(TEN_FIELDS | {"timestamp": text})) == ["timestamp"]


def test_old_log_is_refused_unless_signed() -> None:
    old = TEN_FIELDS | {"timestamp": (NOW - timedelta(days=31)).isoformat()}
    sink = MemorySink()

    assert list(message(old)) == ["timestamp"]
    assert collector(sink).handle(signed(json.dumps(old).encode(), "/")).status == 200
    assert json.loads(sink.events[0])["occurred_at"] == "2026-10-23T06:41:01.000Z"


@pytest.mark.parametrize("name, limit", [("current_page", 4096), ("link", 4096), ("user_key", 64), ("x", 1024)])
def test_log_is_refused_when_a_text_is_too_long(name: str, limit: int) -> None:
    assert stored(TEN_FIELDS | {name: "1" * limit})["event_id"]
    assert list(message(TEN_FIELDS | {name: "1" * (limit + 1)})) == [name]


def test_bars_and_line_breaks_stay_inside_their_field() -> None:
    odd = "http://s/a|b\nc\"d'한글"

    line = stored(TEN_FIELDS | {"current_page": odd, "link": odd, "x": odd})

    assert (line["current_page"], line["link"], line["legacy"]["x"]) == (odd, odd, odd)


@pytest.mark.parametrize(
    "payload, headers, query, status",
    [
        (b"[]", BROWSER, "", 400),
        (b"{", BROWSER, "", 400),
        (b"5", BROWSER, "", 400),
        (b"a=1&" * 2000, FORM, "", 400),
        (b"", BROWSER, "a=1&" * 2000, 400),
        (b"{}", (("origin", ORIGIN), ("content-type", "multipart/form-data")), "", 415),
        (b"x" * (1024 * 1024 + 1), BROWSER, "", 413),
        (b"{}", (("origin", "https://evil.example"),), "", 403),
        (b"{}", (), "", 403),
        (json.dumps(TEN_FIELDS | {"token": "nobody"}).encode(), BROWSER, "", 401),
        (json.dumps({"token": "nobody"}).encode(), BROWSER, "", 401),
        (json.dumps(TEN_FIELDS | {"token": "pk_blog_1"}).encode(), BROWSER, "", 403),
    ],
)
def test_refusal_has_the_shape_of_2016(payload: bytes, headers: Headers, query: str, status: int) -> None:
    reply = send(payload, headers, query)

    assert reply.status == status
    assert dict(reply.headers)["Content-Type"] == "application/json"
    assert isinstance(json.loads(reply.body)["message"], str)


def test_queue_down_is_told_in_the_shape_of_2016() -> None:
    sink = MemorySink()
    sink.is_down = True

    reply = send(json.dumps(TEN_FIELDS).encode(), sink=sink)

    assert reply.status == 503
    assert int(dict(reply.headers)["Retry-After"]) > 0
    assert isinstance(json.loads(reply.body)["message"], str)


@given(st.binary(max_size=200), st.text(max_size=60), st.booleans())
def test_any_bytes_never_fail(payload: bytes, query: str, is_form: bool) -> None:
    assert send(payload, FORM if is_form else BROWSER, query).status < 500


@given(st.dictionaries(st.sampled_from(TEN_NAMES), st.none() | st.text() | st.floats() | st.integers() | st.booleans()))
def test_any_values_never_fail(values: dict[str, Any]) -> None:
    assert send(json.dumps(TEN_FIELDS | values).encode()).status in (200, 400, 401)
    assert send(urlencode(TEN_FIELDS | values, errors="backslashreplace").encode(), FORM).status in (200, 400, 401)
