"""What a run of the flush says about itself."""

from __future__ import annotations

import json

import pytest

from logdig.flush.report import FlushReport


@pytest.mark.parametrize(
    ("logs", "rejected", "percent"),
    [(0, 0, 0.0), (0, 99, 0.0), (0, 100, 100.0), (99, 1, 1.0), (2, 98, 98.0), (667, 333, 33.3), (10**6, 1, 0.0)],
)
def test_share_of_rejected_events_counts_only_where_enough_came(logs: int, rejected: int, percent: float) -> None:
    assert FlushReport(logs=logs, rejected=rejected).rejected_percent == percent


def test_report_is_one_line_of_json_with_every_count_and_the_share() -> None:
    report = FlushReport(logs=150, rejected=50, errors=["S3 put of raw/a:\nSlowDown"], keys=["raw/a"], stopped="empty")

    text = report.as_json()

    found = json.loads(text)
    assert "\n" not in text
    assert found.keys() == {*FlushReport.__slots__, "rejected_percent"}
    assert (found["rejected_percent"], found["errors"], found["stopped"]) == (25.0, report.errors, "empty")
