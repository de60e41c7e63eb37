"""How far the jobs are for one app, read without Spark: what `logdig jobs status` says, of the app's days alone.

The status command knows the settings that a mart was computed with; here a mart counts as computed by those of now.
Source: docs/dashboard.md, "Data health".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from logdig.config.settings import Settings
from logdig.marts.days import in_words
from logdig.marts.notes import COLUMNS, touches_of
from logdig.marts.pinned import Pinned
from logdig.marts.progress import Lake, Mark, Plan, after, lake_of, plan, rule_of
from logdig.store.state.job_states import JobState
from logdig.tables.catalog import TABLES

MOST_BYTES = 64 * 1024**2
"""Most that is read of the tables that tell of the lake itself."""
EVER = datetime.min.date(), datetime.max.date()
DAY_TABLES = tuple(name for name, table in TABLES.items() if table.version)
"""Tables that are computed day by day and keep a mark."""
VISITORS = "visitors"
VISITORS_OF = ("visitor_days", "sessions")
"""Marts that the job of table visitors reads, in the order in which its mark names them."""


class JobHealth(msgspec.Struct, frozen=True):
    """A job, of one app.

    Args:
        name: The job.
        rows: The app's rows in its table; None where there is no table of days.
        up_to: When the last write that the mart has seen was noted, UTC; None = never computed.
        late_since: When the first write that it has not seen was noted, UTC; None = it has seen all.
        due: Days that the next run computes, as `in_words`.
        waiting: Days that wait for more events, or for a week to pass.
        frozen: Days that are never computed again.
        last: How its last run ended, for all apps; None = no run is known.
    """

    name: str
    rows: int | None = None
    up_to: datetime | None = None
    late_since: datetime | None = None
    due: list[str] = []
    waiting: list[str] = []
    frozen: list[str] = []
    last: JobState | None = None


def job_health(
    pinned: Pinned, states: Mapping[str, JobState], settings: Settings, app: str, now: datetime
) -> list[JobHealth]:
    """Look at every job that has run, and every mart.

    Args:
        pinned: Tables DAY_TABLES and ``touched``.
        states: How last runs ended, by job.
        settings: Apps, retention.
        app: Its name.
        now: Present, UTC.
    """
    notes = pinned.whole("touched", (*COLUMNS, "noted_at"), MOST_BYTES)
    times = _times(notes)
    own = notes.filter(pc.fill_null(pc.equal(notes["app"], app), fill_value=True))
    # Never folded: a note that the app's slowest mart has not seen tells how late it is.
    lake = lake_of(settings, touches_of(own, 0), now)
    marks = {name: _own(pinned.mark(name), app) for name in DAY_TABLES}
    found = []
    for name in _names(states):
        if name in marks:
            found.append(_mart(name, marks, lake, times, pinned, app, states.get(name)))
        else:
            found.append(JobHealth(name, last=states.get(name)))
    return found


def _times(notes: pa.Table) -> dict[int, datetime]:
    """When each note was made, UTC, by its number; of notes that were put together, the last of them."""
    rows = notes.group_by("seq").aggregate([("noted_at", "max")]).to_pylist()
    return {row["seq"]: row["noted_at_max"].replace(tzinfo=UTC) for row in rows}


def _names(states: Mapping[str, JobState]) -> list[str]:
    """Ingest first, then marts and other tables, then what has no table."""
    known = [name for name in TABLES if name in states or name in DAY_TABLES]
    return ["ingest", *known, *sorted(states.keys() - {"ingest", *known})]


def _own(mark: Mark | None, app: str) -> Mark | None:
    """Of a mark what concerns one app."""
    if mark is None:
        return None
    return msgspec.structs.replace(mark, waiting={day: state for day, state in mark.waiting.items() if day[0] == app})


def _mart(
    name: str,
    marks: Mapping[str, Mark | None],
    lake: Lake,
    times: Mapping[int, datetime],
    pinned: Pinned,
    app: str,
    last: JobState | None,
) -> JobHealth:
    planned, mark = _plan(name, marks, lake), marks[name]
    if planned is None:
        return JobHealth(name, last=last)
    seen = mark.upto if mark else 0
    return JobHealth(
        name,
        pinned.count(name, app, *EVER) if mark and "day" in TABLES[name].names else None,
        times.get(seen) if mark else None,
        min((times[touch.seq] for touch in lake.touches if touch.seq > seen), default=None),
        in_words(planned.now),
        in_words(planned.mark.waiting),
        in_words(lake.frozen()),
        last,
    )


def _plan(name: str, marks: Mapping[str, Mark | None], lake: Lake) -> Plan | None:
    """Plan the next run as the job does; None while the mart that it reads was never computed."""
    mark, version = marks[name], str(TABLES[name].version)
    if name != VISITORS:
        return plan(lake, mark, version, mark.rules if mark else None)
    sources = [source for of in VISITORS_OF if (source := marks[of]) is not None]
    if len(sources) < len(VISITORS_OF):
        return None
    upto = min(source.upto for source in sources)
    seen = msgspec.structs.replace(lake, touches=tuple(touch for touch in lake.touches if touch.seq <= upto))
    rules = {
        app: " ".join(rule_of(source.rules, app) for source in sources)
        for app in sorted({app for source in sources for app in source.rules})
    }
    planned = plan(seen, mark, " ".join((version, *(source.version for source in sources))), rules)
    for source in sources:
        planned = after(planned, source)
    return planned
