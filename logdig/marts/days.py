"""Days of apps: runs of those that follow each other, and which UTC days hold a local day. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

Day = tuple[str, date]
"""An app and a day."""
DAY_STEP = timedelta(days=1)


class Run(msgspec.Struct, frozen=True, order=True):
    """Days of an app that follow each other, both included."""

    app: str
    first: date
    last: date


def runs_of(days: Iterable[Day], place: Mapping[Day, int]) -> tuple[Run, ...]:
    """Write days as runs, sorted; a run passes over days that have no place, since nothing lies there.

    Args:
        days: To be written.
        place: Of every day that may hold rows, those too: `places`.
    """
    runs: list[Run] = []
    last: tuple[str, int] | None = None
    for app, day in sorted(set(days)):
        number = place[app, day]
        if last == (app, number - 1):
            runs[-1] = Run(app, runs[-1].first, day)
        else:
            runs.append(Run(app, day, day))
        last = app, number
    return tuple(runs)


def places(known: Iterable[Day]) -> dict[Day, int]:
    """Number the days of each app in their order."""
    by_app: dict[str, list[date]] = defaultdict(list)
    for app, day in known:
        by_app[app].append(day)
    return {(app, day): number for app, days in by_app.items() for number, day in enumerate(sorted(days))}


def in_words(days: Iterable[Day]) -> list[str]:
    """Days as people write them, sorted: ``shop 2026-11-01``, ``shop 2026-11-03 to 2026-11-05``."""
    chosen = set(days)
    return [
        f"{run.app} {run.first}" + (f" to {run.last}" if run.last != run.first else "")
        for run in runs_of(chosen, {day: day[1].toordinal() for day in chosen})
    ]


def beside(days: Iterable[Day]) -> set[Day]:
    """The days before and after; the first and the last day there are have one neighbour."""
    steps = ((date.min, -DAY_STEP), (date.max, DAY_STEP))
    return {(app, day + step) for app, day in days for end, step in steps if day != end}


@lru_cache(maxsize=100_000)
def local_days(day: date, zone: ZoneInfo) -> tuple[date, ...]:
    """Local days that a UTC day reaches into: one or two."""
    found = dict.fromkeys(_moved(datetime.combine(day, end, UTC), zone) for end in (time.min, time.max))
    return tuple(found)


@lru_cache(maxsize=100_000)
def utc_days(day: date, zone: ZoneInfo) -> tuple[date, ...]:
    """UTC days that hold a local day: one or two, three where a zone has left out a day."""
    first, last = (_moved(datetime.combine(day, end, zone), UTC) for end in (time.min, time.max))
    return tuple(first + timedelta(days=number) for number in range((last - first).days + 1))


def _moved(moment: datetime, zone: tzinfo) -> date:
    """Day of a moment in another zone; the first and the last day there are have no neighbours."""
    try:
        return moment.astimezone(zone).date()
    except OverflowError:
        return moment.date()


def utc_runs(runs: Iterable[Run], zones: Callable[[str], ZoneInfo]) -> tuple[Run, ...]:
    """UTC days that hold the local days of runs, as runs."""
    wide = sorted(
        Run(run.app, utc_days(run.first, zones(run.app))[0], utc_days(run.last, zones(run.app))[-1]) for run in runs
    )
    merged: list[Run] = []
    for run in wide:
        if merged and merged[-1].app == run.app and (run.first - merged[-1].last) <= DAY_STEP:
            merged[-1] = Run(run.app, merged[-1].first, max(merged[-1].last, run.last))
        else:
            merged.append(run)
    return tuple(merged)
