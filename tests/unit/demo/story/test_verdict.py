"""What the questions find is compared with what is planted, number by number."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from demo.story.report import planted_lines
from demo.story.verdict import differences
from tests.unit.demo.story.conftest import Told


@pytest.fixture
def found(small: Told) -> dict[str, Any]:
    """What questions say that find everything, after a way through JSON."""
    values: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(small.truth))
    return values


def test_nothing_differs_when_all_is_found(small: Told, found: dict[str, Any]) -> None:
    assert differences(small.truth, found) == []


def test_difference_is_named_when_a_number_is_another(small: Told, found: dict[str, Any]) -> None:
    found["totals"]["sessions"] += 1

    sessions = small.truth.totals.sessions
    assert differences(small.truth, found) == [f"totals, sessions: planted {sessions:,}, found {sessions + 1:,}"]


def test_difference_is_named_when_a_step_of_scrolling_is_another(small: Told, found: dict[str, Any]) -> None:
    found["pages"]["/"]["scrolled"][4] = 0.5

    assert [line.partition(":")[0] for line in differences(small.truth, found)] == ["pages, /, scrolled, 4"]


def test_difference_is_named_when_a_topic_was_not_asked(small: Told, found: dict[str, Any]) -> None:
    del found["channels"]

    count = len(small.truth.channels)
    assert differences(small.truth, found) == [f"channels: planted {count} values, nothing found"]


def test_difference_is_named_when_more_is_found_than_was_planted(small: Told, found: dict[str, Any]) -> None:
    found["countries"]["XX"] = found["countries"]["KR"]
    found["frustration"]["rage"]["/"]["#other"] = 3

    assert differences(small.truth, found) == [
        "countries, XX: nothing planted, found 5 values",
        "frustration, rage, /, #other: nothing planted, found 3",
    ]


def test_shares_are_equal_when_only_the_last_digit_of_a_division_differs(small: Told, found: dict[str, Any]) -> None:
    found["pages"]["/"]["fold"] *= 1 + 1e-12
    assert differences(small.truth, found) == []

    found["pages"]["/"]["fold"] *= 1.0001
    assert len(differences(small.truth, found)) == 1


def test_lines_of_the_summary_say_what_is_planted(whole: Told) -> None:
    text = "\n".join(planted_lines(whole.truth))

    assert f"planted 2026-11-02 to 2026-11-29: 3,000 visitors, {whole.truth.totals.sessions:,} sessions" in text
    assert "1.1 on 2026-11-09: nothing changes" in text
    assert 'vanished [data-logdig-id="album-share"], new [data-logdig-id="album-queue"]' in text
