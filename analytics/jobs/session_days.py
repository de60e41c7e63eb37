"""Which other days a mart's days depend on, where sessions reach over several days.

A row of such a mart tells what its session did on a day, and which row of it comes before or after. So of the sessions
that were there on a day, the rows of their other days are made anew with it, and all of a session's events are read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from zoneinfo import ZoneInfo

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from analytics import tables
from analytics.lake.day_tables import in_runs
from analytics.lake.event_copies import BROADCAST_KEYS
from logdig.marts.days import Day, Run, places, runs_of, utc_runs
from logdig.marts.progress import other_days

SESSION = ("app", "session_id")
LOCAL_DAY = "local_day"
THEIRS = "of_a_chosen_session"


@dataclass(frozen=True, slots=True)
class EventDays:
    """Table events with LOCAL_DAY, read by local days; ``zones`` gives the zone of an app's days."""

    rows: DataFrame
    zones: Callable[[str], ZoneInfo]

    def of(self, runs: Sequence[Run]) -> DataFrame:
        """Events of local days; the UTC days that hold them are named, so that no other file is read."""
        return self.rows.where(in_runs(utc_runs(runs, self.zones))).where(in_runs(runs, LOCAL_DAY))


@dataclass(frozen=True, slots=True)
class Reach:
    """Sessions of the chosen days, columns SESSION, and their other days, frozen ones too."""

    sessions: DataFrame
    days: frozenset[Day]

    def events(self, events: EventDays, chosen: Sequence[Run], others: Sequence[Run]) -> DataFrame:
        """Take every event of the chosen days, and of the other days those of the sessions."""
        whole = events.of(chosen)
        theirs = events.of(others).join(self.sessions, list(SESSION), "left_semi")
        return whole.unionByName(theirs.select(*whole.columns))

    def rows(self, made: DataFrame, stored: DataFrame, chosen: Sequence[Run], others: Sequence[Run]) -> DataFrame:
        """Take what was made of the chosen days and of the sessions' other days; there the others' rows stay.

        Args:
            made: Rows that the transform made.
            stored: Rows of the mart as it stands.
            chosen: The chosen days.
            others: The other days.
        """
        marked = made.join(self.sessions.withColumn(THEIRS, F.lit(True)), list(SESSION), "left")
        wanted = in_runs(chosen) | (in_runs(others) & F.coalesce(F.col(THEIRS), F.lit(False)))
        stay = stored.where(in_runs(others)).join(self.sessions, list(SESSION), "left_anti")
        return marked.where(wanted).select(*made.columns).unionByName(stay.select(*made.columns))


def find_reach(events: EventDays, indexes: Iterable[DataFrame], days: Collection[Day], known: Collection[Day]) -> Reach:
    """Find the sessions of some days, and their other days.

    A session's other days are where a mart has rows of it; where it goes on past midnight; and where a server sent an
    event of it, which belongs to no page view and may come days later. None lies more than REACH_DAYS from the next.

    Args:
        events: All of them.
        indexes: Marts with columns app, session_id and day, as they stand.
        days: Local days that are computed whole.
        known: Local days that may hold events.
    """
    place = places({*known, *days})
    runs = runs_of(days, place)
    seen = [mart.select("app", "session_id", F.col("day").alias(LOCAL_DAY)) for mart in indexes]
    here = [_of_sessions(events.of(runs)), *(mart.where(in_runs(runs, LOCAL_DAY)) for mart in seen)]
    sessions = _for_joins(tables.staged(_union(frame.select(*SESSION) for frame in here).na.drop().distinct()))

    def look(reach: set[Day], close: set[Day]) -> set[Day]:
        sources = []
        if reach:
            far = runs_of(reach, place)
            sources += [mart.where(in_runs(far, LOCAL_DAY)) for mart in seen]
            sources.append(_of_sessions(events.of(far).where("page_view_id IS NULL")))
        if close:
            sources.append(_of_sessions(events.of(runs_of(close, place))))
        return _days_of(_union(sources), sessions)

    return Reach(sessions, frozenset(other_days(days, known, look)))


def _for_joins(sessions: DataFrame) -> DataFrame:
    """Let few sessions be sent to each task: Spark knows no size of staged rows, and would bring together by session
    whatever is joined with them, the other days of marts and events.
    """
    return F.broadcast(sessions) if sessions.count() < BROADCAST_KEYS else sessions


def _union(frames: Iterable[DataFrame]) -> DataFrame:
    return reduce(DataFrame.unionByName, frames)


def _of_sessions(events: DataFrame) -> DataFrame:
    return events.where("session_id IS NOT NULL").select("app", "session_id", LOCAL_DAY)


def _days_of(pairs: DataFrame, sessions: DataFrame) -> set[Day]:
    found = pairs.join(sessions, list(SESSION), "left_semi").select("app", LOCAL_DAY).distinct().collect()
    return {(row["app"], row[LOCAL_DAY]) for row in found}
