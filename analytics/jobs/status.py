"""What `logdig jobs status` shows, read without Spark: how far each mart is, what waits, how the last runs ended."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import msgspec

from analytics.jobs.day_marts import version_of
from analytics.jobs.kinds import WAITING, WHOLE, DayMart
from analytics.jobs.registry import JOBS
from analytics.jobs.visitors import NAME, SOURCES, visitors_plan
from analytics.marts.site import digests, site_of
from logdig.config.settings import Settings
from logdig.marts.days import in_words
from logdig.marts.marks import from_properties
from logdig.marts.notes import COLUMNS, least_seen, touches_of
from logdig.marts.progress import Lake, Mark, Plan, lake_of, plan
from logdig.marts.reader import Marts
from logdig.store.lease import Holder, TaggedStore, read_holder
from logdig.store.state.job_states import JobState, read_states
from logdig.tables.catalog import TABLES

PLANNED = (*(name for name, job in JOBS.items() if isinstance(job, DayMart)), NAME)
"""Jobs that keep a mark."""


class JobStatus(msgspec.Struct, frozen=True):
    """A job: its last run, and of a mart how far it is.

    Args:
        name: The job.
        rows: Of its table; None where it has none, or it does not exist yet.
        up_to: When the last write that the mart has seen was noted, UTC; None = the mart was never computed.
        due: Days that the next run computes, as `in_words`.
        waiting: Days that wait for more events, for a week to pass, or for ``--waiting``.
        frozen: Days that are never computed again, since their first events may have expired.
        last: How its last run ended; None = no run is known.
    """

    name: str
    rows: int | None = None
    up_to: datetime | None = None
    due: list[str] = []
    waiting: list[str] = []
    frozen: list[str] = []
    last: JobState | None = None


class Status(msgspec.Struct, frozen=True):
    """Who writes the lake now, and every job."""

    writing: Holder | None
    jobs: list[JobStatus]


def status(marts: Marts, store: TaggedStore, settings: Settings, now: datetime) -> Status:
    """Look at every job.

    Args:
        marts: Reader of the tables.
        store: The bucket.
        settings: Names, apps.
        now: Present, UTC.
    """
    states = read_states(store)
    times = noted_times(marts)
    lake = read_lake(marts, settings, now)
    found = []
    for name in JOBS:
        if name in PLANNED:
            found.append(_planned(name, marts, settings, lake, times, states.get(name)))
        else:
            there = name in TABLES and marts.properties(name) is not None
            found.append(JobStatus(name, marts.count(name) if there else None, last=states.get(name)))
    return Status(read_holder(store, now), found)


def _planned(
    name: str, marts: Marts, settings: Settings, lake: Lake, times: dict[int, datetime], last: JobState | None
) -> JobStatus:
    mark = mark_of(marts, name)
    planned = _plan(name, marts, settings, lake)
    if planned is None:
        return JobStatus(name, last=last)
    return JobStatus(
        name,
        marts.count(name) if mark else None,
        times.get(mark.upto) if mark else None,
        in_words(planned.now),
        in_words(planned.mark.waiting),
        in_words(lake.frozen()),
        last,
    )


def plan_of(name: str, marts: Marts, settings: Settings, now: datetime, options: Collection[str] = ()) -> Plan | None:
    """Plan the next run of one of PLANNED; None while the mart that it reads was never computed."""
    return _plan(name, marts, settings, read_lake(marts, settings, now), options)


def _plan(name: str, marts: Marts, settings: Settings, lake: Lake, options: Collection[str] = ()) -> Plan | None:
    chosen = {"everything": WHOLE in options, "waiting": WAITING in options}
    mark, job = mark_of(marts, name), JOBS[name]
    if isinstance(job, DayMart):
        return plan(lake, mark, version_of(name), digests(site_of(settings), job.reads), **chosen)
    sources = {source: known for source in SOURCES if (known := mark_of(marts, source)) is not None}
    return visitors_plan(lake, mark, sources, **chosen) if len(sources) == len(SOURCES) else None


def mark_of(marts: Marts, name: str) -> Mark | None:
    """Mark of a mart; None when it was never computed."""
    return from_properties(marts.properties(name) or {}, name)


def read_lake(marts: Marts, settings: Settings, now: datetime) -> Lake:
    """Read what writers have noted."""
    least = least_seen(mark_of(marts, name) for name in PLANNED)
    touches = marts.cached(("touches", least), "touched", lambda: touches_of(marts.table("touched", COLUMNS), least))
    return lake_of(settings, touches, now)


def noted_times(marts: Marts) -> dict[int, datetime]:
    """When each note was made, UTC, by its number; of notes that were put together, the last of them."""
    rows = marts.table("touched", ("seq", "noted_at")).group_by("seq").aggregate([("noted_at", "max")]).to_pylist()
    return {row["seq"]: row["noted_at_max"].replace(tzinfo=UTC) for row in rows}
