"""The demo's last words: what was sent, what was stored, whether it adds up, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.counts import Stored, TableCounts
from demo.hostile import HostileReport
from demo.visitors import VisitReport
from logdig.sendfile import FileReport

LEVELS = {0: "Free", 1: "Silver", 2: "Gold"}
HOTTEST = 5

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts, each from its own place. ``sent accepted rejected``: at the senders; the rest in S3 and tables.

    ``is_open``: people may click on the site while the demo runs, so that more can come than it sent.
    """

    sent: int
    accepted: int
    rejected: int
    raw: Stored
    bad: Stored
    counted: TableCounts
    loaded: Mapping[str, int]
    browser: bool
    decisions: Rows
    tables: Mapping[str, Rows]
    seconds: float
    is_open: bool

    @classmethod
    def of(
        cls,
        *,
        reports: Mapping[str, FileReport],
        hostile: HostileReport,
        visits: VisitReport,
        decisions: Rows,
        loaded: Mapping[str, int],
        raw: Stored,
        bad: Stored,
        counted: TableCounts,
        tables: Mapping[str, Rows],
        seconds: float,
        is_open: bool,
    ) -> Summary:
        """Add up what the senders were answered. Each decision is one event that the collector itself makes."""
        tallies = [report.tally for report in reports.values()]
        exposures = visits.decisions + len(decisions)
        return cls(
            sent=sum(tally.sent for tally in tallies) + hostile.sent + visits.sent + exposures,
            accepted=sum(tally.accepted for tally in tallies) + hostile.accepted + visits.accepted + exposures,
            rejected=sum(len(tally.refusals) for tally in tallies) + hostile.rejected + visits.rejected,
            raw=raw,
            bad=bad,
            counted=counted,
            loaded=loaded,
            browser=visits.browser,
            decisions=decisions,
            tables=tables,
            seconds=seconds,
            is_open=is_open,
        )

    @property
    def beside(self) -> int:
        """Events that nobody of the demo sent: yours, when you clicked on the site while it ran."""
        return max(0, self.raw.distinct - self.accepted) if self.is_open else 0

    def gaps(self) -> list[str]:
        """Every sum that does not meet, in words."""
        accepted = self.accepted + self.beside
        sums = (
            ("sent = accepted + rejected", self.sent, self.accepted + self.rejected),
            ("accepted = different lines in raw", accepted, self.raw.distinct),
            ("accepted = rows of events", accepted, self.counted.events),
            ("rejected = different lines in bad", self.rejected, self.bad.distinct),
            ("rejected = rows of bad_events", self.rejected, self.counted.bad_events),
            ("customers loaded = rows of customers", self.loaded["customers"], self.counted.customers),
            ("tracks loaded = rows of tracks", self.loaded["tracks"], self.counted.tracks),
        )
        return [f"{name}: {left:,} is not {right:,}" for name, left, right in sums if left != right]

    def as_json(self) -> dict[str, Any]:
        """Everything a script may check."""
        counted = self.counted
        return {
            "sent": self.sent,
            "accepted": self.accepted,
            "rejected": self.rejected,
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
            "customers": counted.customers,
            "tracks": counted.tracks,
            "heat_cells": len(self.tables["heat_cells"]),
            "targets": len(self.tables["targets"]),
            "models": [_model(row) for row in self.tables["models"]],
            "decisions": [dict(row) for row in self.decisions],
            "browser": self.browser,
            "gaps": self.gaps(),
            "seconds": round(self.seconds, 1),
        }


def _model(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("offer", "passed", "reason", "error", "average_precision", "brier", "roc_auc")
    constant = ("constant_error", "constant_average_precision", "constant_brier")
    return {name: row[name] for name in (*kept, *constant)}


def print_summary(summary: Summary, say: Callable[[str], None], dashboard_url: str) -> None:
    """Print the summary, sums first."""
    counted, raw = summary.counted, summary.raw
    say("")
    say(f"sent {summary.sent:,} = accepted {summary.accepted:,} + rejected {summary.rejected:,}")
    if summary.beside:
        say(f"and {summary.beside:,} events of your own, made on the site meanwhile")
    say(
        f"raw {raw.lines:,} lines, {raw.lines - raw.distinct:,} duplicates = {raw.distinct:,} different "
        f"= {counted.events:,} rows of events; bad {summary.bad.distinct:,} = {counted.bad_events:,} rows of bad_events"
    )
    say(
        f"{counted.listens:,} listens, {counted.ad_clicks:,} ad clicks, {counted.customers:,} customers, "
        f"{counted.tracks:,} tracks; in the browser {counted.browser_listens:,} listens, "
        f"{counted.browser_ad_clicks:,} ad clicks; {counted.exposures:,} decisions logged"
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
    # The gate's reason holds the figures beside the constant's.
    say(f"model {model['offer']} {'passed' if model['passed'] else 'refused'}: {model['reason']}")
