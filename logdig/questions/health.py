"""Whether the data are whole: the ledger by day, what is stored, what was rejected or set aside, and what helps.

Source: docs/dashboard.md, "Data health".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

import msgspec

from logdig.config.settings import Settings
from logdig.events.lines import BadEvent
from logdig.marts.pinned import Pinned
from logdig.questions.job_health import MOST_BYTES, JobHealth
from logdig.questions.ledger import SUMS, broken_sums
from logdig.store.bad_events import Filter, read_bad
from logdig.store.keys import day_prefix
from logdig.store.object_store import EventStore

REASONS = ("rejected_by_reason", "dropped_by_reason")
COLUMNS = tuple(dict.fromkeys((*(name for _, left, right in SUMS for name in (*left, *right)), *REASONS, "app")))
DAYS_BACK = 7
"""Days of arrival among which the newest object is looked for."""
SAMPLES = 20
LATE = timedelta(hours=26)
"""A mart is late when the daily run that is usual has been missed."""
LATE_FLUSHES = 3
"""The flush is late after so many of its intervals, as `logdig status` says it."""
LOST_SHARE = 0.02
"""More than this lost in browsers is worth a look."""
REJECTED_SHARE = 0.01


class LedgerDay(msgspec.Struct, frozen=True):
    """A UTC day of arrival: ``sent`` = ``stored`` + ``rejected`` + ``lost`` + ``in_dlq`` + ``erased``.

    Args:
        day: UTC.
        sent: Different events that browsers and servers sent.
        stored: Those in raw.
        rejected: Refused as wrong.
        lost: Numbers that sessions left out: given up by browsers, or sent and never received.
        in_dlq: In the dead-letter queue and in no object.
        erased: Removed for people who asked.
        waiting: Of ``stored``, those that ingest has not read.
        broken: Sums that do not meet, in words; empty = the day adds up.
    """

    day: date
    sent: int
    stored: int
    rejected: int
    lost: int
    in_dlq: int
    erased: int
    waiting: int
    broken: list[str]


class LedgerHealth(msgspec.Struct, frozen=True):
    """The ledger of some days.

    Args:
        counted_at: When it was counted, UTC; None = never.
        days: Newest first.
        rejected: Events by field and reason of their first error, the commonest first.
        dropped: Events by the browser's reason, likewise.
    """

    counted_at: datetime | None
    days: list[LedgerDay]
    rejected: list[tuple[str, int]]
    dropped: list[tuple[str, int]]


def ledger_health(pinned: Pinned, app: str, first: date, last: date) -> LedgerHealth:
    """Read an app's ledger: the rows that `logdig ledger --app --from --to` shows."""
    found = pinned.rows("ledger", COLUMNS, app, first, last, sample=False).to_pylist()
    rows = sorted((row for row in found if first <= row["day"] <= last), key=lambda row: row["day"], reverse=True)
    rejected, dropped = (_by_reason(rows, name) for name in REASONS)
    return LedgerHealth(pinned.state("ledger", app).written_at, [_day(row) for row in rows], rejected, dropped)


def _day(row: Mapping[str, Any]) -> LedgerDay:
    count = {name: row[name] or 0 for name in COLUMNS if isinstance(row[name], int | None)}
    return LedgerDay(
        row["day"],
        count["sent"],
        count["events"] - count["repeated"],
        count["rejected"],
        count["dropped_numbers"] + count["missing"],
        count["in_dlq"],
        count["erased"],
        count["waiting"],
        broken_sums({**row, **count}),
    )


def _by_reason(rows: Sequence[Mapping[str, Any]], name: str) -> list[tuple[str, int]]:
    sums: Counter[str] = Counter()
    for row in rows:
        sums.update(dict(row[name] or ()))
    return sums.most_common()


class Stored(msgspec.Struct, frozen=True):
    """What the flush stored last, of all apps.

    Args:
        at: When the newest object was stored, UTC; None = none in DAYS_BACK days.
        today: Objects of raw of this UTC day.
        today_bytes: Their size.
    """

    at: datetime | None
    today: int
    today_bytes: int


def stored_last(store: EventStore, now: datetime) -> Stored:
    """List the newest objects of raw; nothing is read.

    Raises:
        StoreUnavailableError: S3 does not answer.
    """
    today = list(store.list(day_prefix("raw", now.date())))
    newest = today
    for back in range(1, DAYS_BACK):
        if newest:
            break
        newest = list(store.list(day_prefix("raw", now.date() - timedelta(days=back))))
    times = [entry.stored_at for entry in newest if entry.stored_at is not None]
    return Stored(max(times, default=None), len(today), sum(entry.size_bytes for entry in today))


class SetAside(msgspec.Struct, frozen=True):
    """An object that ingest could not read, and why; ``at`` is UTC."""

    key: str
    at: datetime | None
    error: str


def set_aside(pinned: Pinned) -> list[SetAside]:
    """Objects that ingest has set aside, of all apps, the newest first.

    Raises:
        InputError: The table that tells is larger than MOST_BYTES.
    """
    rows = pinned.whole("ingested", ("key", "ingested_at", "error"), MOST_BYTES)
    found = [row for row in rows.to_pylist() if row["error"] is not None] if rows.num_rows else []
    made = [SetAside(row["key"], _utc(row["ingested_at"]), row["error"]) for row in found]
    return sorted(made, key=lambda one: (one.at is not None, one.at, one.key), reverse=True)


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def rejected_samples(store: EventStore, app: str, days: Sequence[date], reason: str = "") -> list[BadEvent]:
    """Read some rejected events of an app; their texts are what people sent.

    Args:
        store: The bucket.
        app: Its name.
        days: UTC days of arrival, in the order in which they are read.
        reason: As the ledger writes it; empty = any.
    Raises:
        StoreUnavailableError: S3 does not answer.
    """

    def every() -> Iterator[BadEvent]:
        for day in days:
            yield from read_bad(store, Filter([day], app))

    return list(islice((event for event in every() if not reason or ledger_reason(event) == reason), SAMPLES))


def ledger_reason(event: BadEvent) -> str:
    """Field and reason of the first error, as table ``ledger`` writes them."""
    return f"{event.errors[0].field} {event.errors[0].reason}".lstrip() if event.errors else ""


class Depths(msgspec.Struct, frozen=True):
    """Messages in the queue and in its dead-letter queue, about so many."""

    waiting: int
    dead: int


class Problem(msgspec.Struct, frozen=True):
    """What needs an operator: its kind, how much of it, what it names, and the command that helps."""

    kind: str
    command: str
    count: float = 0
    what: str = ""


def problems(
    settings: Settings,
    now: datetime,
    *,
    ledger: LedgerHealth | None,
    stored: Stored | None,
    jobs: Sequence[JobHealth] | None,
    aside: Sequence[SetAside] | None,
    depths: Depths | None,
) -> list[Problem]:
    """Say what is wrong, the worst first; a part that is None was not reached and is not judged."""
    found = list(_of_ledger(ledger)) if ledger else []
    if depths and depths.dead:
        found.append(Problem("dead", "logdig dlq list", depths.dead))
    late = timedelta(seconds=LATE_FLUSHES * settings.flush.interval_seconds)
    if depths and depths.waiting and stored and (stored.at is None or now - stored.at > late):
        found.append(Problem("flush", "logdig flush", depths.waiting))
    if aside:
        found.append(Problem("aside", "logdig jobs run ingest --retry", len(aside)))
    for job in jobs or ():
        if job.last and job.last.error:
            found.append(Problem("failed", f"logdig jobs run {job.name}", what=job.name))
        elif job.late_since and now - job.late_since > LATE:
            found.append(Problem("late", f"logdig jobs run {job.name}", what=job.name))
    return found


def _of_ledger(ledger: LedgerHealth) -> Iterator[Problem]:
    days, sent = ledger.days, sum(day.sent for day in ledger.days)
    broken = sum(bool(day.broken) for day in days)
    if ledger.counted_at is None:
        yield Problem("uncounted", "logdig jobs run ledger")
    if broken:
        yield Problem("broken", "logdig ledger --verify", broken)
    if sent and (lost := sum(day.lost for day in days) / sent) > LOST_SHARE:
        yield Problem("lost", "logdig ledger", lost)
    if sent and (rejected := sum(day.rejected for day in days) / sent) > REJECTED_SHARE:
        yield Problem("rejected", "logdig bad list", rejected)
    if waiting := sum(day.waiting for day in days):
        yield Problem("unread", "logdig jobs run ingest", waiting)
