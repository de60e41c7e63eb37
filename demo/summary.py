"""The demo's last words: what was sent, what was stored, whether it adds up, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.counts import Stored, TableCounts
from demo.hostile import HostileReport
from demo.visits import VisitCounts
from logdig.backfill.sender import Tally

LEVELS = {0: "Free", 1: "Silver", 2: "Gold"}
HOTTEST = 5
FIGURES = ("error", "average_precision", "brier")

Rows = Sequence[Mapping[str, Any]]


@dataclass(slots=True)
class Sent:
    """What the demo's senders sent and were answered: files, bad input, visitors, and decisions.

    Each decision that was answered is one event, which the collector itself makes.
    """

    sent: int = 0
    accepted: int = 0
    rejected: int = 0
    offers: int = 0

    def add_file(self, tally: Tally) -> None:
        """Count the rows of a file in."""
        self._add(tally.sent, tally.accepted, len(tally.refusals))

    def add_hostile(self, report: HostileReport) -> None:
        """Count bad input, and the good beside it, in."""
        self._add(report.sent, report.accepted, report.rejected)

    def add_visits(self, counts: VisitCounts) -> None:
        """Count visitors in."""
        self._add(counts.sent, counts.accepted, counts.rejected)
        self.add_decisions(counts.decisions)
        self.offers += counts.offers

    def add_decisions(self, answers: int) -> None:
        """Count answered decisions in."""
        self._add(answers, answers, 0)

    def _add(self, sent: int, accepted: int, rejected: int) -> None:
        self.sent += sent
        self.accepted += accepted
        self.rejected += rejected


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts, each from its own place: ``sent`` at the senders, the rest in S3 and in the tables.

    ``is_open``: people may click on the site while the demo runs, so that more can come than it sent.
    """

    sent: Sent
    raw: Stored
    bad: Stored
    counted: TableCounts
    loaded: Mapping[str, int]
    browser: bool
    decisions: Rows
    tables: Mapping[str, Rows]
    seconds: float
    is_open: bool

    @property
    def beside(self) -> int:
        """Events that nobody of the demo sent: yours, when you clicked on the site while it ran."""
        return max(0, self.raw.distinct - self.sent.accepted) if self.is_open else 0

    def gaps(self) -> list[str]:
        """Every sum that does not meet, in words."""
        accepted, rejected = self.sent.accepted + self.beside, self.sent.rejected
        sums = (
            ("sent = accepted + rejected", self.sent.sent, self.sent.accepted + rejected),
            ("accepted = different lines in raw", accepted, self.raw.distinct),
            ("accepted = rows of events", accepted, self.counted.events),
            ("rejected = different lines in bad", rejected, self.bad.distinct),
            ("rejected = rows of bad_events", rejected, self.counted.bad_events),
            ("customers loaded = rows of customers", self.loaded["customers"], self.counted.customers),
            ("tracks loaded = rows of tracks", self.loaded["tracks"], self.counted.tracks),
        )
        return [f"{name}: {left:,} is not {right:,}" for name, left, right in sums if left != right]

    def as_json(self) -> dict[str, Any]:
        """Everything a script may check."""
        counted = self.counted
        return {
            "sent": self.sent.sent,
            "accepted": self.sent.accepted,
            "rejected": self.sent.rejected,
            "beside": self.beside,
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
            "heat_cells": len(self.tables["heat_cells"]),
            "targets": len(self.tables["targets"]),
            "models": [_model(row) for row in self.tables["models"]],
            "decisions": [dict(row) for row in self.decisions],
            "browser": self.browser,
            "gaps": self.gaps(),
            "seconds": round(self.seconds, 1),
        }


def _model(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("offer", "passed", "reason", "train_rows", "train_positives", "test_rows", "test_positives", "roc_auc")
    return {name: row[name] for name in (*kept, *FIGURES, *(f"constant_{name}" for name in FIGURES))}


def print_summary(summary: Summary, say: Callable[[str], None], dashboard_url: str) -> None:
    """Print the summary, sums first."""
    counted, raw = summary.counted, summary.raw
    say("")
    sent = summary.sent
    say(f"sent {sent.sent:,} = accepted {sent.accepted:,} + rejected {sent.rejected:,}")
    if summary.beside:
        say(f"and {summary.beside:,} events of your own, made on the site meanwhile")
    say(
        f"raw {raw.lines:,} lines, {raw.lines - raw.distinct:,} duplicates = {raw.distinct:,} different "
        f"= {counted.events:,} rows of events; bad {summary.bad.distinct:,} = {counted.bad_events:,} rows of bad_events"
    )
    say(
        f"{counted.listens:,} listens and {counted.ad_clicks:,} ad clicks sent; on the site "
        f"{counted.browser_listens:,} listens, {counted.browser_ad_clicks:,} ad clicks, "
        f"{counted.exposures:,} decisions, {sent.offers:,} offers shown"
    )
    say(
        f"{counted.customers:,} customers ({'with' if counted.customer_0 else 'without'} id 0, "
        f"{counted.zero_zips:,} zips begin with 0), {counted.tracks:,} tracks ({counted.quoted_tracks:,} with a quote)"
    )
    say("hottest cells")
    for row in sorted(summary.tables["heat_cells"], key=lambda row: -row["clicks"])[:HOTTEST]:
        page = row["page"].rsplit("/", 1)[-1] or "/"
        place = f"{row['selector'] or '(page)'} cell {row['cell_x']},{row['cell_y']}"
        say(f"  {row['clicks']:>4} clicks  {page:<12} {place}")
    for model in summary.tables["models"]:
        _print_model(model, say)
    levels = Counter(LEVELS.get(row["level"], str(row["level"])) for row in summary.tables["targets"])
    say(f"targets {sum(levels.values()):,}: " + (", ".join(f"{k} {v}" for k, v in sorted(levels.items())) or "nobody"))
    for answer in summary.decisions:
        score = f" score {answer['score']:.2f}" if answer.get("score") is not None else ""
        say(f"decision  customer {answer['customer_id']}: {answer.get('decision')} ({answer.get('reason')}){score}")
    for gap in summary.gaps():
        say(f"DOES NOT ADD UP  {gap}")
    say(f"dashboard {dashboard_url}   all of it in {summary.seconds:.0f} s")


def _print_model(model: Mapping[str, Any], say: Callable[[str], None]) -> None:
    say(f"model {model['offer']} {'passed' if model['passed'] else 'refused'}: {model['reason']}")
    figures = ", ".join(
        f"{name.replace('_', ' ')} {_figure(model[name])} (constant {_figure(model[f'constant_{name}'])})"
        for name in FIGURES
    )
    say(
        f"  learned from {model['train_positives']:,} clickers of {model['train_rows']:,} customers, "
        f"tested on {model['test_positives']:,} of {model['test_rows']:,}: {figures}"
    )


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"
