"""Listening until now: the mart's listens, and over them those of raw that it does not have yet."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from logdig.marts.pinned import Pinned, Source, TableState
from logdig.marts.progress import Mark
from logdig.questions.engine.asking import Asking
from logdig.questions.engine.parameters import Parameters
from logdig.questions.listens.heard import HOURS, TABLES
from logdig.questions.listens.listening import by_time, question_named, top_tracks
from logdig.questions.listens.live_slots import COUNTS, SLOT, Event, slot_of, slot_rows

if TYPE_CHECKING:
    import pyarrow as pa

TABLE = "listens"
TRAILING = timedelta(minutes=30)
TREND = timedelta(hours=30)
TOP = 10
READ: Mapping[str, Callable[[Event], Any]] = {
    "app": lambda event: event.app,
    "event_id": lambda event: event.event_id,
    "occurred_at": lambda event: event.occurred_at,
    "customer_id": lambda event: event.customer_id,
    "user_key": lambda event: event.user_key,
    "track_id": lambda event: event.heard.track_id if event.heard else None,
    "mobile": lambda event: event.heard.mobile if event.heard else None,
}
"""Columns of table `listens` that the numbers read, beside ``day``."""


def read_ahead(source: Source, asked: Parameters, now: datetime) -> None:
    """Read what `listening_now` asks of table `listens` first, so that it is kept: meanwhile raw can be read."""
    start, end = _trend(now, asked)
    source.pin(TABLES).rows(
        TABLE, sorted(READ.keys() - {"event_id", "app"}), asked.app, start.date(), end.date(), sample=False
    )


def _trend(now: datetime, asked: Parameters) -> tuple[datetime, datetime]:
    """Beginning and end of the trend, local."""
    zone = ZoneInfo(asked.zone)
    return (now - TREND).astimezone(zone), now.astimezone(zone)


def listening_now(
    source: Source, events: Sequence[Event], asked: Parameters, now: datetime, share: float = 1.0
) -> dict[str, Any]:
    """Numbers of the last 30 minutes, and trend and tracks of the last 30 hours.

    Args:
        source: The tables.
        events: Of the app, from the newest raw objects.
        asked: App, zone and words; days and filters are set here.
        now: UTC.
        share: Part of the objects' bytes that ``events`` are of; the numbers of the slots are divided by it.
    Returns:
        ``slots``: rows of `slot_rows` of the slots that lie in the last 30 minutes, the oldest one from its beginning;
        ``hours``: rows of `by_time`; ``tracks``: those of question `tracks`, of the TOP tracks.
    """
    first_slot, zone = slot_of(now - TRAILING), ZoneInfo(asked.zone)
    trailing = [event for event in events if first_slot <= event.occurred_at < slot_of(now) + SLOT]
    start, end = _trend(now, asked)
    hours = f"{start:%Y-%m-%dT%H}:00/{end:%Y-%m-%dT%H}:00"
    of_hours = replace(asked, start=start.date(), end=end.date(), where={HOURS: hours}, by="hour", compare=False)
    asking = Asking(question_named("listens"), of_hours, Fresh.of(source.pin(TABLES), events, zone))
    try:
        return {
            "slots": [_scaled(row, share) for row in slot_rows(trailing)],
            "hours": by_time(asking).to_pylist(),
            "tracks": top_tracks(asking, TOP).to_pylist(),
        }
    finally:
        asking.close()


def _scaled(row: dict[str, Any], share: float) -> dict[str, Any]:
    """Numbers of a share of the objects as those of all; one person's events may lie in several, so at most so many."""
    return row if share == 1 else row | {name: round(row[name] / share) for name in COUNTS}


def days_of(zone: ZoneInfo, times: Sequence[datetime]) -> Callable[[datetime], date]:
    """Make what tells the local day of any of these times; to ask the zone each time costs many times more."""
    if not times:
        return datetime.date
    first, last = (at.astimezone(zone).date() for at in (min(times), max(times)))
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    ends = [datetime.combine(day, time.min, zone).astimezone(UTC) for day in days[1:]]
    return lambda at: days[bisect_right(ends, at)]


@dataclass(frozen=True, slots=True)
class Fresh:
    """Pinned tables whose `listens` also has the given ones; see `Pinned`.

    Args:
        pinned: The tables.
        heard: Local day and event of an app's listens, each event once; they may be in the table already.
    """

    pinned: Pinned
    heard: Sequence[tuple[date, Event]]

    @classmethod
    def of(cls, pinned: Pinned, events: Iterable[Event], zone: ZoneInfo) -> Fresh:
        """Lay the listens among some events, which may come twice, over the tables."""
        heard = list({event.event_id: event for event in events if event.heard is not None}.values())
        day_of = days_of(zone, [event.occurred_at for event in heard])
        return cls(pinned, [(day_of(event.occurred_at), event) for event in heard])

    def state(self, name: str, app: str) -> TableState:
        """Which state of a table it is."""
        return self.pinned.state(name, app)

    def mark(self, name: str) -> Mark | None:
        """How far a mart is."""
        return self.pinned.mark(name)

    def count(self, name: str, app: str, start: date, end: date) -> int:
        """Rows of the table alone."""
        return self.pinned.count(name, app, start, end)

    def whole(self, name: str, columns: Sequence[str] | None, most_bytes: int) -> pa.Table:
        """All rows of a table."""
        return self.pinned.whole(name, columns, most_bytes)

    def rows(self, name: str, columns: Sequence[str], app: str, start: date, end: date, *, sample: bool) -> pa.Table:
        """Rows of the table, and of `listens` those that it does not have, of the columns READ."""
        found = self.pinned.rows(name, columns, app, start, end, sample=sample)
        own = [one for one in self.heard if start <= one[0] <= end] if name == TABLE else []
        new = self._unknown(found, own, app)
        if not new:
            return found
        import pyarrow as pa

        from logdig.marts.columns import table_schema

        columns = found.column_names
        values = [
            [day for day, _ in new] if column == "day" else [READ[column](event) for _, event in new]
            for column in columns
        ]
        rows = pa.Table.from_arrays(
            [pa.array(value, field.type) for value, field in zip(values, table_schema(TABLE, columns), strict=True)],
            columns,
        )
        return pa.concat_tables([found, rows.cast(found.schema)]).unify_dictionaries()

    def _unknown(self, found: pa.Table, own: Sequence[tuple[date, Event]], app: str) -> Sequence[tuple[date, Event]]:
        """Those that the table does not have. Its event_ids, most of its bytes, are read only where it may have some.

        Args:
            found: Rows of the table of the same days, with ``occurred_at``.
            own: Listens.
            app: Theirs.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        if not own or not found.num_rows:
            return own
        since = pa.scalar(min(event.occurred_at for _, event in own), pa.timestamp("us", "UTC"))
        if not pc.any(pc.greater_equal(found.column("occurred_at"), since)).as_py():
            return own
        days = [day for day, _ in own]
        stored = self.pinned.rows(TABLE, ["event_id", "occurred_at"], app, min(days), max(days), sample=False)
        near = stored.filter(pc.greater_equal(stored.column("occurred_at"), since)).column("event_id")
        known = set(near.to_pylist())
        return [one for one in own if one[1].event_id not in known]
