"""Elements on which clicking again and again works are judged by what is usual there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from logdig.questions.catalog import QUESTIONS
from logdig.questions.engine.answering import ask
from logdig.questions.engine.parameters import Parameters
from tests.unit.questions import brute
from tests.unit.questions.rows import EFFECTS, FIRST, LAST, ZONE, Row, memory

NOON = datetime(2026, 11, 12, 3, 0, tzinfo=UTC)
WORKED = dict.fromkeys(EFFECTS) | {"mutation_ms": 20, "watched_ms": 2500}
IN_VAIN = WORKED | {"mutation_ms": None}


def burst(number: int, visitor: str, length: int, *, works: bool = True, **more: Any) -> list[Row]:
    """Clicks on the stepper 300 ms apart, in a view of their own."""
    return [
        {
            "app": "shop", "day": LAST, "event_id": f"{number}.{place}", "page_view_id": f"v{number}", "seq": place,
            "session_id": f"s{number}", "user_key": visitor, "page": "/a", "selector": "#stepper", "tag": "a",
            "occurred_at": NOON, "timestamp": NOON + timedelta(milliseconds=300 * place), "x": 10, "y": 10,
            "weight": 1.0, "bucket": 0,
            "after": WORKED if works else IN_VAIN,
        }
        | more
        for place in range(length)
    ]  # fmt: skip


def clicks(bursts: int, visitors: int, working: int, longest: int = 4, **more: Any) -> list[Row]:
    """Bursts of 3 clicks, one of them longer; visitors who click, of whom some make bursts that work."""
    rows = []
    for number in range(bursts):
        length = longest if number == 0 else 3
        rows += burst(number, f"u{number % working}", length, **more)
    for number in range(visitors):
        rows += burst(1000 + number, f"u{number}", 1)
    return rows


def answered(rows: list[Row]) -> list[Row]:
    found = ask(memory({"clicks": rows}), QUESTIONS["frustration"], Parameters("shop", FIRST, LAST, zone=ZONE))
    wanted = brute.frustration({"clicks": rows, "page_views": []}, {}, None)
    listed: list[Row] = found.rows.to_pylist()
    same = [{name: row[name] for name in found.rows.column_names} for row in wanted]
    assert sorted(listed, key=repr) == sorted(same, key=repr)
    return [row for row in listed if row["kind"] == "rage"]


def test_only_unusually_long_bursts_count_when_an_element_is_repeat_prone() -> None:
    [row] = answered(clicks(bursts=60, visitors=20, working=4, longest=9))

    assert (row["times"], row["repeat_prone"], row["sessions"]) == (1.0, True, ["s0"])


def test_no_burst_counts_when_fewer_than_fifty_are_known() -> None:
    assert answered(clicks(bursts=49, visitors=20, working=4, longest=9)) == []


def test_every_burst_counts_when_fewer_than_twenty_visitors_clicked() -> None:
    [row] = answered(clicks(bursts=60, visitors=19, working=4))

    assert (row["times"], row["repeat_prone"]) == (60.0, False)


def test_every_burst_counts_when_less_than_a_fifth_made_one_that_worked() -> None:
    [row] = answered(clicks(bursts=60, visitors=21, working=4))

    assert (row["times"], row["repeat_prone"]) == (60.0, False)


def test_every_burst_counts_when_none_worked() -> None:
    [row] = answered(clicks(bursts=60, visitors=20, working=4, works=False))

    assert (row["times"], row["repeat_prone"]) == (60.0, False)


@pytest.mark.parametrize(("days", "prone"), [(27, True), (28, False)])
def test_element_is_judged_by_the_28_days_up_to_the_end(days: int, prone: bool) -> None:
    old = LAST - timedelta(days=days)
    known = [row | {"day": old} for row in clicks(bursts=60, visitors=20, working=4, longest=3)]
    own = [row | {"event_id": f"x{row['event_id']}", "page_view_id": "x"} for row in burst(5000, "u1", 5)]

    [row] = answered(known + own)

    assert (row["times"], row["repeat_prone"]) == (1.0, prone)


@pytest.mark.parametrize(("gap", "pixels", "bursts"), [(500, 30, 1), (501, 30, 0), (500, 31, 0)])
def test_limits_of_a_burst_are_inclusive(gap: int, pixels: int, bursts: int) -> None:
    rows = [
        row | {"timestamp": NOON + timedelta(milliseconds=gap * place), "x": 10 + (pixels if place == 2 else 0)}
        for place, row in enumerate(burst(1, "u", 3))
    ]

    assert len(answered(rows)) == bursts


def test_burst_past_midnight_belongs_to_the_day_of_its_first_click() -> None:
    rows = burst(1, "u", 5)
    for row in rows[2:]:
        row["day"] = LAST + timedelta(days=1)
    before = burst(2, "u", 5)
    for row in before[:2]:
        row["day"] = FIRST - timedelta(days=1)
    for row in before[2:]:
        row["day"] = FIRST

    [found] = answered(rows + before)

    assert (found["times"], found["sessions"]) == (1.0, ["s1"])


def test_quick_returns_are_found_when_a_session_id_comes_again_after_a_long_silence() -> None:
    def view(place: int, page: str, seconds: int, days: int) -> Row:
        at = NOON + timedelta(days=days, seconds=seconds)
        return {
            "app": "shop", "day": LAST + timedelta(days=days), "session_id": "kiosk", "user_key": "u", "page": page,
            "place": place, "viewed": True, "timestamp": at, "weight": 1.0, "bucket": 0,
        }  # fmt: skip

    pages = ("/a", "/b", "/a")
    rows = [view(place + 1, page, place * 5, days) for days in (-40, 0) for place, page in enumerate(pages)]
    asked = Parameters("shop", FIRST - timedelta(days=60), LAST, zone=ZONE)

    found = ask(memory({"page_views": rows}), QUESTIONS["frustration"], asked).rows.to_pylist()

    assert [(row["kind"], row["page"], row["times"]) for row in found] == [("quick return", "/b", 2.0)]
