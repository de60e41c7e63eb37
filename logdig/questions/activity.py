"""How much happens: events of an app by type and hour, visitors and customers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from logdig.marts.reader import Marts

HOUR_SECONDS = 3600
_HOUR_MICROSECONDS = HOUR_SECONDS * 1_000_000
TREND_TYPES = ("page", "click", "listen", "ad")
"""Event types that are counted by hour."""
COLUMNS = ("type", "user_key", "customer_id", "occurred_at")


class Hour(msgspec.Struct, frozen=True):
    """Events of one UTC hour by type; ``start`` in seconds since 1970."""

    start: int
    counts: dict[str, int]


class Activity(msgspec.Struct, frozen=True):
    """Counts over all events of an app; ``visitors`` and ``customers`` are distinct ids met in events."""

    events: int
    types: dict[str, int]
    visitors: int
    customers: int
    last_event_at: datetime | None
    hours: tuple[Hour, ...]


def activity(marts: Marts, app: str) -> Activity:
    """Count the events of an app by type and hour."""
    return marts.cached(
        ("activity", app), "events", lambda: count_activity(marts.batches("events", COLUMNS, [("app", "=", app)]))
    )


def count_activity(batches: Iterable[pa.RecordBatch]) -> Activity:
    """Count events by type and hour, batch by batch.

    Args:
        batches: Rows with COLUMNS.
    """
    counts: Counter[tuple[int, str]] = Counter()
    visitors: set[str] = set()
    customers: set[str] = set()
    last = 0
    for batch in batches:
        if not batch.num_rows:
            continue
        micros = batch.column("occurred_at").cast(pa.int64())
        hours = pc.divide(micros, _HOUR_MICROSECONDS)
        grouped = pa.table({"hour": hours, "type": batch.column("type")}).group_by(["hour", "type"])
        for row in grouped.aggregate([([], "count_all")]).to_pylist():
            counts[row["hour"], row["type"]] += row["count_all"]
        visitors.update(pc.unique(batch.column("user_key")).drop_null().to_pylist())
        customers.update(pc.unique(batch.column("customer_id")).drop_null().to_pylist())
        last = max(last, pc.max(micros).as_py())
    return _activity(counts, len(visitors), len(customers), last)


def _activity(counts: Mapping[tuple[int, str], int], visitors: int, customers: int, last_micros: int) -> Activity:
    types: Counter[str] = Counter()
    hours: dict[int, dict[str, int]] = {}
    for (hour, kind), count in sorted(counts.items()):
        types[kind] += count
        if kind in TREND_TYPES:
            hours.setdefault(hour, {})[kind] = count
    return Activity(
        events=sum(types.values()),
        types=dict(types),
        visitors=visitors,
        customers=customers,
        last_event_at=datetime.fromtimestamp(last_micros / 1_000_000, UTC) if types else None,
        hours=tuple(Hour(hour * HOUR_SECONDS, found) for hour, found in hours.items()),
    )
