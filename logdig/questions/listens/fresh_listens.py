"""Listening until now: the mart's listens, and over them those of raw that it does not have yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from logdig.marts.pinned import Pinned, Source, TableState
from logdig.marts.progress import Mark
from logdig.questions.engine.answering import ask
from logdig.questions.engine.parameters import Parameters
from logdig.questions.listens.heard import HOURS
from logdig.questions.listens.listening import question_named
from logdig.questions.listens.live_slots import SLOT, Event, slot_of, slot_rows

if TYPE_CHECKING:
    import pyarrow as pa

TABLE = "listens"
TRAILING = timedelta(minutes=30)
TREND = timedelta(hours=30)
TOP = 10


def listening_now(source: Source, events: Sequence[Event], asked: Parameters, now: datetime) -> dict[str, Any]:
    """Numbers of the last 30 minutes, and trend and tracks of the last 30 hours.

    Args:
        source: The tables.
        events: Of the app, from the newest raw objects.
        asked: App, zone and words; days and filters are set here.
        now: UTC.
    Returns:
        ``slots``: rows of `slot_rows` of the slots that lie in the last 30 minutes, the oldest one from its beginning;
        ``hours`` and ``tracks``: rows of the questions `listens` by hour and `tracks`, of the TOP tracks.
    """
    from msgspec.structs import replace

    first_slot = slot_of(now - TRAILING)
    trailing = [event for event in events if first_slot <= event.occurred_at < slot_of(now) + SLOT]
    zone = ZoneInfo(asked.zone)
    start, end = (now - TREND).astimezone(zone), now.astimezone(zone)
    hours = f"{start:%Y-%m-%dT%H}:00/{end:%Y-%m-%dT%H}:00"
    fresh = FreshListens(source, with_days((event.heard for event in events if event.heard is not None), zone))
    of_hours = replace(asked, start=start.date(), end=end.date(), where={HOURS: hours}, by=None, compare=False)
    trend = ask(fresh, question_named("listens"), replace(of_hours, by="hour"))
    tracks = ask(fresh, question_named("tracks"), of_hours).rows.to_pylist()
    top = list(dict.fromkeys(row["track_id"] for row in tracks))[:TOP]
    return {
        "slots": slot_rows(trailing),
        "hours": trend.rows.to_pylist(),
        "tracks": [row for row in tracks if row["track_id"] in top],
    }


@dataclass(frozen=True, slots=True)
class FreshListens:
    """A source of tables whose `listens` also has the given rows, each event once.

    Args:
        source: The tables.
        heard: Rows of `listens`, each event once; they may be there already.
    """

    source: Source
    heard: Sequence[Mapping[str, Any]]

    def pin(self, names: Sequence[str]) -> _Fresh:
        """Hold tables at their present snapshots."""
        return _Fresh(self.source.pin(names), self.heard)


def with_days(heard: Iterable[Mapping[str, Any]], zone: ZoneInfo) -> list[Mapping[str, Any]]:
    """Add the local day to rows of an app's listens, and leave out those that come twice."""
    by_id = {row["event_id"]: row for row in heard}
    return [{**row, "day": row["occurred_at"].astimezone(zone).date()} for row in by_id.values()]


@dataclass(frozen=True, slots=True)
class _Fresh:
    """See `Pinned`; everything but the rows of `listens` is the tables' own."""

    pinned: Pinned
    heard: Sequence[Mapping[str, Any]]

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
        """Rows of the table, and of `listens` those that it does not have."""
        found = self.pinned.rows(name, columns, app, start, end, sample=sample)
        if name != TABLE:
            return found
        new = self._new(app, start, end)
        if not new:
            return found
        import pyarrow as pa

        from logdig.marts.columns import table_schema

        rows = pa.Table.from_pylist(new, table_schema(TABLE, found.column_names)).select(found.column_names)
        return pa.concat_tables([found, rows.cast(found.schema)]).unify_dictionaries()

    def _new(self, app: str, start: date, end: date) -> list[Mapping[str, Any]]:
        """Rows of the days that the table does not have."""
        import pyarrow as pa
        import pyarrow.compute as pc

        own = [row for row in self.heard if row["app"] == app and start <= row["day"] <= end]
        if not own:
            return []
        days = [row["day"] for row in own]
        since = pa.scalar(min(row["occurred_at"] for row in own), pa.timestamp("us", "UTC"))
        stored = self.pinned.rows(TABLE, ["event_id", "occurred_at"], app, min(days), max(days), sample=False)
        near = stored.filter(pc.greater_equal(stored.column("occurred_at"), since)).column("event_id")
        known = set(near.to_pylist())
        return [row for row in own if row["event_id"] not in known]
