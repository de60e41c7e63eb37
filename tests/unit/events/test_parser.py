"""Rules of reading events: what is taken, what is refused, and in which words."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.errors import InputError
from logdig.events import parser
from logdig.events.lenient_json import UnreadableError
from logdig.events.parser import AcceptanceRules, Accepted, Reading, read_events
from tests.fakes.tracked import COMMON, NOW, OWN_PARTS, event, signed_event, without

BROWSER_RULES = AcceptanceRules(NOW, NOW, signed=False)
SIGNED_RULES = AcceptanceRules(NOW, None, signed=True)


def read(*values: Any, rules: AcceptanceRules = BROWSER_RULES) -> Reading:
    sources = [value if isinstance(value, bytes) else json.dumps(value).encode() for value in values]
    return read_events(sources, rules)


def fields(value: Any, rules: AcceptanceRules = BROWSER_RULES) -> list[str]:
    """Names of the wrong fields of one event; none when it is accepted."""
    result = read(value, rules=rules)
    assert len(result.accepted) + len(result.rejected) == 1
    return [fault.field for rejected in result.rejected for fault in rejected.faults]


@pytest.mark.parametrize("name", OWN_PARTS)
def test_event_is_accepted_when_whole(name: str) -> None:
    assert fields(event(name)) == []


@pytest.mark.parametrize("name", OWN_PARTS)
def test_signed_event_is_accepted_when_least(name: str) -> None:
    assert fields(signed_event(name), SIGNED_RULES) == []
    assert fields(without(signed_event(name), "user_key") | {"customer_id": "7"}, SIGNED_RULES) == []


@pytest.mark.parametrize("name", OWN_PARTS)
def test_event_is_rejected_when_it_carries_the_part_of_another_type(name: str) -> None:
    for other, parts in OWN_PARTS.items():
        foreign = {field: value for field, value in parts.items() if field not in {**OWN_PARTS[name], **COMMON}}
        if foreign and other != name:
            assert set(fields(event(name, **foreign))) == set(foreign)


@pytest.mark.parametrize(
    "field",
    [
        "event_id",
        "seq",
        "type",
        "timestamp",
        "user_key",
        "session_id",
        "page_view_id",
        "current_page",
        "load_count",
        "spent_milli_sec",
        "consent",
        "x",
        "y",
        "element",
    ],
)
def test_event_is_rejected_when_required_field_is_missing_or_null(field: str) -> None:
    assert fields(without(event(), field))[:1] == [field]
    assert fields(event(**{field: None}))[:1] == [field]


@pytest.mark.parametrize(
    "field", ["link", "customer_id", "page_version", "view", "experiments", "sample_rate", "staff", "after"]
)
def test_event_is_accepted_when_optional_field_is_missing_or_null(field: str) -> None:
    assert fields(without(event(), field)) == []
    assert fields(event(**{field: None})) == []


@pytest.mark.parametrize(
    "path, good, bad",
    [
        ("event_id", ["a" * 16, "_-" * 32], ["a" * 15, "a" * 65, "a" * 16 + "\n", "a" * 15 + ".", "é" * 16]),
        ("user_key", ["a", "A.b_c:d-e", "x" * 64], ["", "x" * 65, "a b", "a\n"]),
        ("seq", [0, 2**53 - 1], [-1, 2**53, 1.5, True, "1"]),
        ("load_count", [0, 2**31 - 1], [-1, 2**31]),
        ("spent_milli_sec", [0, 30 * 86_400_000], [-1, 30 * 86_400_000 + 1, 0.5]),
        ("current_page", ["a", "한" * 4096], ["", "한" * 4097, 5]),
        ("link", ["", "😀" * 4096], ["😀" * 4097]),
        ("customer_id", ["7", "고객 7", "x" * 128], ["", "x" * 129, 7, "a\tb", "a\u0085b"]),
        ("page_version", ["", "x" * 64], ["x" * 65]),
        ("sample_rate", [1, 1.0, 0.001], [0, 1.1, 2, True]),
        ("staff", [True, False], [1, "true"]),
        ("x", [-10_000_000, 10_000_000, 0.5, 1e7], [10_000_001, -1e7 - 1, "1", True]),
        ("element.selector", [None, "x" * 512], ["x" * 513, 1]),
        ("element.ex", [0, 32_767], [-1, 32_768, 1.5]),
        ("element.w", [0, 1_000_000, 12.5], [-1, 1_000_001]),
        ("view.sx", [-1_000_000, 1_000_000], [-1_000_001]),
        ("view.vw", [0, 1_000_000], [-1]),
        ("view.dpr", [0.1, 1, 20], [0, 0.05, 21]),
        ("after.scroll_ms", [0, 60_000, None], [-1, 60_001]),
        ("consent.ads", [True], [None, 1]),
    ],
)
def test_field_is_judged_by_its_range(path: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert fields(_with(event(), path, value)) == [], value
    for value in bad:
        assert fields(_with(event(), path, value)) == [path], value


@pytest.mark.parametrize(
    "name, path, good, bad",
    [
        ("page", "page.language", ["x" * 35], ["x" * 36]),
        ("page", "page.title", ["x" * 512], ["x" * 513]),
        ("page", "page.referrer", [None, "x" * 4096], ["x" * 4097]),
        ("submit", "element.selector", ["f"], [None, 5]),
        ("scroll", "scroll.depth_share", [0, 1, 0.5], [1.1, -0.1, None]),
        ("listen", "listen.track_id", ["1", "x" * 128], [1, "", "x" * 129, None]),
        ("listen", "listen.mobile", [True], [1, None]),
        ("listen", "listen.zip", ["00501", None], [501]),
        ("ad", "ad.action", ["view", "click", "dismiss"], ["hover", None, 1]),
        ("ad", "ad.placement", [None, "x" * 64], ["x" * 65]),
        ("custom", "custom.name", ["n", "x" * 128], ["", "x" * 129, None]),
        ("custom", "custom.props.note", ["x" * 1024, 1, 1.5, True, None, 2**53 - 1], ["x" * 1025, [], {}, 2**53]),
        ("identify", "customer_id", ["7"], [None, 7]),
    ],
)
def test_own_part_is_judged_by_its_range(name: str, path: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert fields(_with(event(name), path, value)) == [], value
    for value in bad:
        assert fields(_with(event(name), path, value)) == [path], value


def _with(value: dict[str, Any], path: str, item: Any) -> dict[str, Any]:
    head, _, rest = path.partition(".")
    return value | {head: _with(value[head], rest, item) if rest else item}


def test_props_are_limited_to_fifty_keys_of_fifty_characters() -> None:
    fifty = {f"k{number}": number for number in range(50)}

    assert fields(event("custom", custom={"name": "n", "props": fifty})) == []
    assert fields(event("custom", custom={"name": "n", "props": fifty | {"more": 1}})) == ["custom.props"]
    assert fields(event("custom", custom={"name": "n", "props": {"k" * 51: 1}})) == ["custom.props." + "k" * 51]


def test_move_is_rejected_when_a_point_names_no_anchor() -> None:
    move = {"anchors": ["#a"], "points": [[0, 1, 1, 1], [1, 1, 1, 1]]}

    assert fields(event("move", move=move)) == ["move.points[1][0]"]
    assert fields(signed_event("move", move=move), SIGNED_RULES) == ["move.points[1][0]"]
    assert fields(event("move", move=move | {"points": [[-1, 1, 1, 1]] * 501})) == ["move.points"]


def test_all_faults_are_named_when_an_event_has_several() -> None:
    bad = _with(event(seq=-1, unknown=1, timestamp="2026-01-01T00:00:00Z"), "element", {"ex": 40_000, "odd": 1})

    assert sorted(fields(bad)) == ["element.ex", "element.odd", "seq", "timestamp", "unknown"]


def test_at_most_ten_faults_are_named() -> None:
    assert len(fields({})) == 10
    assert len(fields({f"k{number}": 1 for number in range(10_000)})) == 10


@pytest.mark.parametrize("value", [None, 5, "text", [], True])
def test_event_is_rejected_as_a_whole_when_no_object(value: Any) -> None:
    assert fields(value) == [""]


@pytest.mark.parametrize("name", ["exposure", "Page", "", 5, None, [], {}])
def test_common_fields_are_judged_too_when_type_is_unknown(name: Any) -> None:
    assert fields(event("page", type=name, seq=-1)) == ["type", "seq"]


@pytest.mark.parametrize(
    "old, new, field",
    [
        (b'"x": 110', b'"x": NaN', "x"),
        (b'"x": 110', b'"x": -Infinity', "x"),
        (b'"x": 110', b'"x": 1e400', "x"),
        (b'"x": 110', b'"x": ' + b"9" * 5000, "x"),
        (b'"seq": 17', b'"seq": 9007199254740993', "seq"),
        (b"#buy", b"\\ud800", "element.selector"),
        (b"#buy", b"\xff\xfe", "element.selector"),
        (b"#buy", b"\xed\xa0\x80", "element.selector"),
        (b"#buy", b"\\u0000", "element.selector"),
        (b"pv-1", b"pv\\u0000", "page_view_id"),
    ],
)
def test_neighbours_are_stored_when_one_event_is_hostile(old: bytes, new: bytes, field: str) -> None:
    good, bad = json.dumps(event()).encode(), json.dumps(event()).encode().replace(old, new, 1)

    result = read(good, bad, json.dumps(event()).encode())

    assert len(result.accepted) == 2
    assert [(rejected.index, rejected.source) for rejected in result.rejected] == [(1, bad)]
    assert [fault.field for fault in result.rejected[0].faults] == [field]


def test_event_is_accepted_when_it_only_writes_about_nul() -> None:
    result = read(json.dumps(event(page_version="\\u0000")).encode())

    assert result.accepted[0].event.page_version == "\\u0000"


def test_last_of_duplicate_keys_counts() -> None:
    source = json.dumps(event()).encode()

    assert fields(source[:-1] + b', "seq": -1}') == ["seq"]
    assert fields(source.replace(b'"seq": 17', b'"seq": "x", "seq": 5')) == []
    assert fields(source[:-1] + b', "type": "page"}') == ["x", "y", "element", "after"]


def test_event_is_rejected_when_larger_than_the_limit_of_compact_text() -> None:
    spread = json.dumps(event("custom", custom={"name": "n", "props": {"a": 1}}), indent=1000).encode()
    long = {f"k{number}": "한" * 1000 for number in range(11)}

    assert len(spread) > parser.EVENT_BYTES_LIMIT
    assert fields(spread) == []
    assert fields(event("custom", custom={"name": "n", "props": long})) == [""]


def test_event_is_rejected_when_nested_deeper_than_eight() -> None:
    assert fields(event(deep=[[[[1]]]])) == ["deep"]
    assert fields(event(deep=[[[[[[1]]]]]])) == ["", "deep"]


def test_body_is_unreadable_when_an_event_is_deeper_than_the_parser_goes() -> None:
    with pytest.raises(UnreadableError):
        read(b"[" * 300 + b"]" * 300)


def test_duplicates_are_counted_and_stored_once() -> None:
    first = event()

    result = read(first, first | {"seq": 18}, first | {"seq": -1}, event())

    assert (len(result.accepted), result.duplicates, len(result.rejected)) == (2, 1, 1)


def test_good_copy_is_accepted_when_a_bad_copy_came_before() -> None:
    first = event()

    result = read(first | {"seq": -1}, first)

    assert (len(result.accepted), result.duplicates, len(result.rejected)) == (1, 0, 1)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T06:40:59",
        1763880000,
        "1763880000",
        "",
        "2026-11-23",
        "2026-02-30T00:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T06:40:59+0900",
        "２０26-11-23T06:40:59Z",
        "2026-11-23T06:40:59Z\n",
    ],
)
def test_timestamp_is_rejected_when_no_time_with_zone(text: Any) -> None:
    assert fields(event(timestamp=text)) == ["timestamp"]


def test_old_event_is_rejected_unless_signed() -> None:
    limit = (NOW - timedelta(days=30)).isoformat()
    older = (NOW - timedelta(days=30, milliseconds=1)).isoformat()

    assert fields(event(timestamp=limit)) == []
    assert fields(event(timestamp=older)) == ["timestamp"]
    assert fields(signed_event("page", timestamp="2014-12-18T08:15:16+09:00"), SIGNED_RULES) == []


def test_age_is_judged_after_correction_of_the_clock() -> None:
    clock_of_1970 = AcceptanceRules(NOW, datetime(1970, 1, 1, 0, 0, 10, tzinfo=UTC), signed=False)

    result = read(event(timestamp="1970-01-01T00:00:04Z"), rules=clock_of_1970)

    assert result.accepted[0].occurred_at == NOW - timedelta(seconds=6)


@pytest.mark.parametrize("sent_at", [None, datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), NOW])
@pytest.mark.parametrize("timestamp", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999Z", "2026-11-23T06:41:00Z"])
@pytest.mark.parametrize("is_signed", [True, False])
def test_time_never_lies_after_arrival(sent_at: datetime | None, timestamp: str, is_signed: bool) -> None:
    result = read(event("page", timestamp=timestamp), rules=AcceptanceRules(NOW, sent_at, is_signed))

    assert all(accepted.occurred_at <= NOW for accepted in result.accepted)


def test_signed_event_is_rejected_when_it_names_nobody() -> None:
    assert fields(without(signed_event("page"), "user_key"), SIGNED_RULES) == ["user_key"]
    assert fields(signed_event("page", user_key=None, odd=1), SIGNED_RULES) == ["odd", "user_key"]


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@given(
    name=st.sampled_from(sorted(OWN_PARTS)),
    field=st.sampled_from(sorted({*COMMON, *(part for parts in OWN_PARTS.values() for part in parts)})),
    value=_values | st.sampled_from([part for parts in OWN_PARTS.values() for part in parts.values()]),
    is_signed=st.booleans(),
)
def test_both_readings_give_the_same_verdict(name: str, field: str, value: Any, is_signed: bool) -> None:
    source = json.dumps(event(name, **{field: value})).encode()
    types = parser._SIGNED if is_signed else parser._BROWSER
    rules = AcceptanceRules(NOW, None, is_signed)

    patient = parser._parse_leniently(source, types, rules)
    try:
        fast: Any = types.decoder.decode(source)
    except parser.PARSER_ERRORS:
        fast = None

    if fast is not None and not types.is_formed(fast):
        fast = None
    if fast is not None and b"\\u0000" not in source:
        assert not isinstance(patient, tuple)
        assert msgspec.json.encode(fast) == msgspec.json.encode(patient)
    elif fast is None:
        assert isinstance(patient, tuple)
        assert 1 <= len(patient) <= 10


_FORMED = ("event_id", "user_key", "session_id", "page_view_id", "timestamp")


@given(
    changes=st.dictionaries(
        st.sampled_from(_FORMED),
        st.text(alphabet="aZ09_-.:T+\n\r\0 \u00e9", max_size=70)
        | st.sampled_from([f"{'a' * 16}\n", "a" * 16, "2026-11-23T06:40:59Z\n", "2026-11-23t06:40:59+09:00"]),
        max_size=5,
    )
)
def test_ids_and_time_are_checked_at_once_as_each_by_its_own_rule(changes: dict[str, str]) -> None:
    source = json.dumps(event(**changes)).encode()
    by_rule = msgspec.json.Decoder(parser._BROWSER.union)
    try:
        by_rule.decode(source)
        expected = True
    except msgspec.ValidationError:
        expected = False

    assert parser._BROWSER.is_formed(parser._BROWSER.decoder.decode(source)) == expected


@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,\\u0d8e1N-.tfn ', max_size=60).map(str.encode))
def test_any_bytes_are_judged_or_unreadable(source: bytes) -> None:
    try:
        result = read_events([source], BROWSER_RULES)
    except InputError:
        return

    assert len(result.rejected) == 1
    msgspec.json.encode(result.rejected[0].faults)


def test_verdicts_are_typed() -> None:
    accepted = read(event()).accepted[0]

    assert isinstance(accepted, Accepted)
    assert accepted.event.seq == 17
