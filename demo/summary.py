"""The demo's summary: events sent and stored, whether the counts add up, and the results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from demo.counts import TableCounts, ZoneCount
from demo.hostile import HostileReport
from demo.offers import OfferAnswers
from demo.story.report import story_lines
from demo.story.truth import Truth
from demo.story.verdict import differences
from demo.visits import VisitCounts
from logdig.backfill.sender import Tally

LEVELS = {0: "Free", 1: "Silver", 2: "Gold"}
FIGURES = ("error", "average_precision", "brier")

Rows = Sequence[Mapping[str, Any]]


@dataclass(slots=True)
class SentCounts:
    """Events that the demo sent and the results: files, bad input, visitors, and decisions.

    Each decision is one event, which the collector itself creates.
    """

    sent: int = 0
    accepted: int = 0
    rejected: int = 0
    offers: int = 0

    def add_file(self, tally: Tally) -> None:
        """Count the rows of a file."""
        self._add(tally.sent, tally.accepted, len(tally.refusals))

    def add_hostile(self, report: HostileReport) -> None:
        """Count the bad input and the good events sent with it."""
        self._add(report.sent, report.accepted, report.rejected)

    def add_visits(self, counts: VisitCounts) -> None:
        """Count the events of visitors."""
        self._add(counts.sent, counts.accepted, counts.rejected)
        self.add_decisions(counts.decisions)
        self.offers += counts.offers

    def add_decisions(self, count: int) -> None:
        """Count decisions."""
        self._add(count, count, 0)

    def _add(self, sent: int, accepted: int, rejected: int) -> None:
        self.sent += sent
        self.accepted += accepted
        self.rejected += rejected


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts, each from its own source: ``sent`` from the senders, the rest from S3 and the tables.

    ``planted``: what is to be found in the month of browsing; ``found``: what the questions say of it.
    ``offers``: what they say of the trial, and as whom to sign in.
    ``is_open``: people may click on the site while the demo runs, so that more events can arrive than it sent.
    """

    sent: SentCounts
    raw: ZoneCount
    bad: ZoneCount
    counted: TableCounts
    loaded: Mapping[str, int]
    browser: bool
    decisions: Rows
    tables: Mapping[str, Rows]
    seconds: float
    is_open: bool
    planted: Truth
    found: Mapping[str, Any]
    offers: OfferAnswers

    @property
    def extra(self) -> int:
        """Events that the demo did not send: yours, when you clicked on the site while it ran."""
        return max(0, self.raw.distinct - self.sent.accepted) if self.is_open else 0

    def gaps(self) -> list[str]:
        """Describe every sum that does not match."""
        accepted, rejected = self.sent.accepted + self.extra, self.sent.rejected
        sums = (
            ("sent = accepted + rejected", self.sent.sent, self.sent.accepted + rejected),
            ("accepted = distinct lines in raw", accepted, self.raw.distinct),
            ("accepted = rows of events", accepted, self.counted.events),
            ("rejected = distinct lines in bad", rejected, self.bad.distinct),
            ("rejected = rows of bad_events", rejected, self.counted.bad_events),
            ("customers loaded = rows of customers", self.loaded["customers"], self.counted.customers),
            ("tracks loaded = rows of tracks", self.loaded["tracks"], self.counted.tracks),
        )
        return [f"{name}: {left:,} is not {right:,}" for name, left, right in sums if left != right]

    def differences(self) -> list[str]:
        """Describe every planted number that the questions did not find, and every other one that they did."""
        return differences(self.planted, self.found)

    def is_right(self) -> bool:
        """Whether every sum adds up and every planted number is found."""
        return not self.gaps() and not self.differences() and self.offers.is_found

    def as_json(self) -> dict[str, Any]:
        """Values for scripts."""
        counted = self.counted
        return {
            "sent": self.sent.sent,
            "accepted": self.sent.accepted,
            "rejected": self.sent.rejected,
            "beside": self.extra,
            "raw": self.raw.lines,
            "duplicates": self.raw.lines - self.raw.distinct,
            "bad": self.bad.lines,
            "events": counted.events,
            "bad_events": counted.bad_events,
            "listens": counted.listens,
            "browser_listens": counted.browser_listens,
            "ad_clicks": counted.ad_clicks,
            "browser_ad_clicks": counted.browser_ad_clicks,
            "exposures": counted.exposures,
            "offers_shown": self.sent.offers,
            "customers": counted.customers,
            "customer_0": counted.customer_0,
            "zero_zips": counted.zero_zips,
            "tracks": counted.tracks,
            "quoted_tracks": counted.quoted_tracks,
            "targets": len(self.tables["targets"]),
            "models": [_model(row) for row in self.tables["models"]],
            "decisions": [dict(row) for row in self.decisions],
            "browser": self.browser,
            "planted": msgspec.to_builtins(self.planted),
            "found": self.found,
            "offer": msgspec.to_builtins(self.offers.said),
            "sign_in": self.offers.members,
            "differences": self.differences(),
            "gaps": self.gaps(),
            "seconds": round(self.seconds, 1),
        }


def _model(row: Mapping[str, Any]) -> dict[str, Any]:
    fields = ("offer", "passed", "reason", "train_rows", "train_positives", "test_rows", "test_positives", "roc_auc")
    return {name: row[name] for name in (*fields, *FIGURES, *(f"constant_{name}" for name in FIGURES))}


def print_summary(summary: Summary, print_line: Callable[[str], None], dashboard_url: str) -> None:
    """Print the summary, sums first."""
    counted, raw = summary.counted, summary.raw
    print_line("")
    sent = summary.sent
    print_line(f"sent {sent.sent:,} = accepted {sent.accepted:,} + rejected {sent.rejected:,}")
    if summary.extra:
        print_line(f"and {summary.extra:,} events of your own clicks on the site")
    print_line(
        f"raw {raw.lines:,} lines, {raw.lines - raw.distinct:,} duplicates = {raw.distinct:,} distinct "
        f"= {counted.events:,} rows of events; bad {summary.bad.distinct:,} = {counted.bad_events:,} rows of bad_events"
    )
    print_line(
        f"{counted.listens:,} listens and {counted.ad_clicks:,} ad clicks sent; on the site "
        f"{counted.browser_listens:,} listens, {counted.browser_ad_clicks:,} ad clicks, "
        f"{counted.exposures:,} decisions, {sent.offers:,} offers shown"
    )
    print_line(
        f"{counted.customers:,} customers ({'with' if counted.customer_0 else 'without'} id 0, "
        f"{counted.zero_zips:,} zips begin with 0), {counted.tracks:,} tracks ({counted.quoted_tracks:,} with a quote)"
    )
    for model in summary.tables["models"]:
        _print_model(model, print_line)
    levels = Counter(LEVELS.get(row["level"], str(row["level"])) for row in summary.tables["targets"])
    print_line(
        f"targets {sum(levels.values()):,}: " + (", ".join(f"{k} {v}" for k, v in sorted(levels.items())) or "none")
    )
    for line in story_lines(summary.planted, summary.found, summary.differences()):
        print_line(line)
    for line in summary.offers.lines():
        print_line(line)
    for decision in summary.decisions:
        score = f" score {decision['score']:.2f}" if decision.get("score") is not None else ""
        outcome = f"{decision.get('decision')} ({decision.get('reason')}){score}"
        print_line(f"decision  customer {decision['customer_id']}: {outcome}")
    for gap in summary.gaps():
        print_line(f"DOES NOT ADD UP  {gap}")
    print_line(f"dashboard {dashboard_url}   total time {summary.seconds:.0f} s")


def _print_model(model: Mapping[str, Any], print_line: Callable[[str], None]) -> None:
    print_line(f"model {model['offer']} {'passed' if model['passed'] else 'refused'}: {model['reason']}")
    figures = ", ".join(
        f"{name.replace('_', ' ')} {_figure(model[name])} (constant {_figure(model[f'constant_{name}'])})"
        for name in FIGURES
    )
    print_line(
        f"  learned from {model['train_positives']:,} clickers of {model['train_rows']:,} customers, "
        f"tested on {model['test_positives']:,} of {model['test_rows']:,}: {figures}"
    )


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"
