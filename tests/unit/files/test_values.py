"""What people write into files becomes the value they meant, or is refused with a reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.files.values import read_boolean, read_code, read_day, read_id, read_time
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import body, collector, signed

NOON = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)


def is_taken_on_the_wire(customer_id: str) -> bool:
    event = {
        "event_id": "e" * 16,
        "type": "identify",
        "timestamp": "2026-03-01T12:00:00Z",
        "customer_id": customer_id,
        "consent": {"analytics": True, "ads": False},
    }
    reply = collector(MemorySink()).handle(signed(body(event, sent_at=None)))
    return bool(json.loads(reply.body)["accepted"])


@given(st.text(max_size=140) | st.sampled_from(["a" * 128, "k@x.example", "{3c1e}", "A/1 b", "홍 길동"]))
def test_ids_follow_the_rule_of_the_wire(text: str) -> None:
    text = text.strip()
    try:
        is_read = read_id("customer_id", text) == text
    except ValueError as err:
        is_read = "rounded by a spreadsheet" in str(err)

    assert is_read == is_taken_on_the_wire(text)


@pytest.mark.parametrize("text", ["8.90123E+15", "1e+05", "1,5E+12", "9E+20", "8.901230000000001E15"])
def test_id_is_refused_when_a_spreadsheet_rounded_it(text: str) -> None:
    with pytest.raises(ValueError, match="format the column as text"):
        read_id("customer_id", text)


@pytest.mark.parametrize("text", ["1e5", "7E10", "E+5", "12.5", "1.2E-3"])
def test_id_is_taken_when_it_only_resembles_a_rounded_one(text: str) -> None:
    assert read_id("customer_id", text) == text


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T12:30:15Z",
        "2026-03-01 12:30:15 UTC",
        "2026-03-01T21:30:15+09:00",
        "2026-03-01 07:30:15-0500",
        "2026-03-01T13:30:15.000+01",
        "20260301T123015Z",
        "1772368215",
        "1772368215.0",
        "1772368215000",
    ],
)
def test_time_is_read_in_every_form_that_names_an_instant(text: str) -> None:
    assert read_time("datetime", text) == NOON
    assert read_time("datetime", f" {text} ").tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["2026-03-01 12:30:15", "2026-03-01T12:30:15", "2026-03-01t12:30:15.000000000", "20260301T123015"]
)
def test_time_has_no_zone_when_the_text_has_none(text: str) -> None:
    assert read_time("datetime", text) == NOON.replace(tzinfo=None)


@pytest.mark.parametrize(
    "text",
    [
        *("", "17", "now", "1e9", "-1772368215", "१२३४५६७८९०", "20260301123015"),
        *("2026-03-01", "01/03/2026 12:30", "2026-02-30 10:00:00", "2026-03-01 25:00:00"),
        *("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"),
    ],
)
def test_time_is_refused_when_it_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"^datetime "):
        read_time("datetime", text)


@pytest.mark.parametrize("text", ["1", "true", "TRUE", "Yes", "y", "t", " on "])
def test_boolean_is_read_as_a_word(text: str) -> None:
    assert read_boolean("mobile", text)
    assert not read_boolean("mobile", {"1": "0", "on": "off"}.get(text.strip(), "No"))


@pytest.mark.parametrize("text", ["", "2", "maybe", "truee", "1.0"])
def test_boolean_is_refused_when_it_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        read_boolean("mobile", text)


def test_code_is_read_as_number_or_name() -> None:
    words = {"bronze": 3}

    assert [read_code("level", text, words) for text in ("", "7", "2.0", " BRONZE ")] == [None, 7, 2, 3]
    for text in ("1.5", "platinum", "-1", "1e3", "1" * 10, "२"):
        with pytest.raises(ValueError, match="is no whole number and none of bronze"):
            read_code("level", text, words)


@pytest.mark.parametrize("text", ["2024-02-29", "02/29/2024", "2/29/2024", "2024-02-29T23:00:00Z", "2024-02-29 00:00"])
def test_day_is_read_month_first_or_as_iso_8601(text: str) -> None:
    assert read_day("sign_date", text) == "2024-02-29"


@pytest.mark.parametrize(
    "text", ["29/02/2024", "2023-02-29", "0001-01-01", "9999-12-31", "1900-01-01", "soon", "1772368215"]
)
def test_day_is_refused_when_it_is_none_or_says_that_there_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"sign_date .* is no day"):
        read_day("sign_date", text)


@pytest.mark.parametrize("text, code", [("true", 1), ("No", 0), ("Active", 1), ("inactive", 0), ("7", 7)])
def test_code_of_two_states_is_read_from_words_of_booleans(text: str, code: int) -> None:
    assert read_code("status", text, {"inactive": 0, "active": 1}) == code


def test_code_of_more_states_is_refused_when_it_is_a_boolean() -> None:
    with pytest.raises(ValueError, match="no whole number"):
        read_code("level", "true", {"free": 0, "silver": 1, "gold": 2})
