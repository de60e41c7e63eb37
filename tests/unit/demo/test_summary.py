"""The demo's sums: they match, or the demo names those that do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest

from demo.counts import TableCounts, ZoneCount
from demo.hostile import HostileReport
from demo.layout import read_layout
from demo.offers import OfferAnswers
from demo.story.counting import count
from demo.story.generator import story_events
from demo.story.month import Month
from demo.summary import SentCounts, Summary, print_summary
from demo.visits import VisitCounts
from logdig.backfill.sender import Refusal, Tally

TABLES = TableCounts(
    events=118, bad_events=6, listens=70, browser_listens=3, ad_clicks=30, browser_ad_clicks=1, exposures=7,
    customers=5, customer_0=1, zero_zips=2, tracks=2, quoted_tracks=0,
)  # fmt: skip

MONTH = Month(date(2026, 11, 29), "UTC", "http://127.0.0.1:8080", visitors=100)
PLANTED = count(story_events(MONTH, read_layout()), MONTH)


def sent() -> SentCounts:
    counts = SentCounts()
    counts.add_file(Tally(101, 100, 0, [Refusal(7, "customer_id: is a number")]))
    counts.add_hostile(HostileReport(7, 2, 5, {"not JSON": 400}))
    counts.add_visits(VisitCounts(visitors=2, clicks=4, sent=9, accepted=9, decisions=4, offers=1))
    counts.add_decisions(3)
    return counts


def summary(**changes: Any) -> Summary:
    whole = Summary(
        sent=sent(), raw=ZoneCount(lines=120, distinct=118), bad=ZoneCount(lines=6, distinct=6), counted=TABLES,
        loaded={"customers": 5, "tracks": 2}, browser=True, decisions=(), tables={"models": (), "targets": ()},
        seconds=12.34, is_open=False, planted=PLANTED, found=msgspec.to_builtins(PLANTED),
        offers=OfferAnswers({"kind": "pays", "sentence": "It pays, keep it."}, {"offer": "7", "nobody": None}),
    )  # fmt: skip
    return replace(whole, **changes)


def test_sent_counts_add_up_the_results_of_every_sender() -> None:
    counts = sent()

    assert (counts.sent, counts.accepted, counts.rejected, counts.offers) == (124, 118, 6, 1)


def test_summary_has_no_gap_when_every_sum_matches() -> None:
    assert summary().gaps() == []


@pytest.mark.parametrize(
    ("changes", "gap"),
    [
        ({"sent": SentCounts(125, 118, 6)}, "sent = accepted + rejected: 125 is not 124"),
        ({"raw": ZoneCount(119, 117)}, "accepted = distinct lines in raw: 118 is not 117"),
        ({"counted": replace(TABLES, events=119)}, "accepted = rows of events: 118 is not 119"),
        ({"bad": ZoneCount(7, 7)}, "rejected = distinct lines in bad: 6 is not 7"),
        ({"counted": replace(TABLES, bad_events=0)}, "rejected = rows of bad_events: 6 is not 0"),
        ({"counted": replace(TABLES, customers=4)}, "customers loaded = rows of customers: 5 is not 4"),
        ({"counted": replace(TABLES, tracks=3)}, "tracks loaded = rows of tracks: 2 is not 3"),
    ],
)
def test_summary_names_the_gap_when_a_sum_does_not_match(changes: dict[str, Any], gap: str) -> None:
    assert summary(**changes).gaps() == [gap]


def test_summary_counts_extra_visitors_separately_when_the_demo_is_open() -> None:
    raw, counted = ZoneCount(123, 121), replace(TABLES, events=121)

    assert summary(raw=raw, counted=counted, is_open=True).gaps() == []
    assert summary(raw=raw, counted=counted, is_open=True).as_json()["beside"] == 3
    assert summary(raw=raw, counted=counted).gaps() != []


def test_summary_json_holds_what_a_script_checks() -> None:
    values = summary().as_json()

    wanted = {
        "sent": 124, "accepted": 118, "rejected": 6, "raw": 120, "duplicates": 2, "events": 118, "listens": 70,
        "ad_clicks": 30, "customers": 5, "tracks": 2, "seconds": 12.3, "gaps": [],
    }  # fmt: skip
    assert {key: values[key] for key in wanted} == wanted
    assert values["planted"]["totals"]["visitors"] == values["found"]["totals"]["visitors"] == 100
    assert values["differences"] == []


def test_printed_summary_names_gaps_targets_and_decisions() -> None:
    lines: list[str] = []
    model: dict[str, Any] = dict.fromkeys(("error", "average_precision", "brier", "constant_error", "constant_brier"))
    model |= {"offer": "ADV_X", "passed": False, "reason": "too few", "constant_average_precision": 0.25}
    model |= {"train_rows": 1000, "train_positives": 0, "test_rows": 1200, "test_positives": 60}
    tables = {"models": (model,), "targets": ({"level": 0}, {"level": 1}, {"level": 0})}
    decisions = ({"customer_id": "0", "decision": "suppress", "reason": "unknown", "score": None},)

    print_summary(summary(tables=tables, decisions=decisions, bad=ZoneCount(7, 7)), lines.append, "http://dash")

    text = "\n".join(lines)
    assert "sent 124 = accepted 118 + rejected 6" in text
    assert "model ADV_X refused: too few" in text
    assert "learned from 0 clickers of 1,000 customers, tested on 60 of 1,200: error none (constant none)" in text
    assert "average precision none (constant 0.2500)" in text
    assert "5 customers (with id 0, 2 zips begin with 0), 2 tracks (0 with a quote)" in text
    assert "targets 3: Free 2, Silver 1" in text
    assert "planted 2026-11-02 to 2026-11-29: 100 visitors" in text
    assert "customer 0: suppress (unknown)" in text
    assert "DOES NOT ADD UP  rejected = distinct lines in bad: 6 is not 7" in text
    assert "http://dash" in text


def test_run_is_not_right_when_a_question_finds_another_number() -> None:
    found = msgspec.to_builtins(PLANTED)
    sessions = PLANTED.totals.sessions
    found["totals"]["sessions"] += 1
    lines: list[str] = []

    print_summary(summary(found=found), lines.append, "http://dash")

    assert summary().is_right()
    assert not summary(found=found).is_right()
    text = "\n".join(lines)
    assert f"found: planted 2026-11-02 to 2026-11-29: 100 visitors, {sessions + 1:,} sessions" in text
    assert "NOT AS PLANTED: 1 of " in text
    assert f"  totals, sessions: planted {sessions:,}, found {sessions + 1:,}" in text


def test_printed_summary_says_that_all_is_found() -> None:
    lines: list[str] = []

    print_summary(summary(), lines.append, "http://dash")

    [planted] = [line for line in lines if line.startswith("planted ")]
    assert planted.endswith("= found")
    assert any(line.startswith("the questions found all ") for line in lines)
