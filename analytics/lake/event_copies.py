"""Find copies of events that are in ``events`` more than once, at a cost that follows the new rows alone.

All copies of an event carry the same ``timestamp``, whatever clocks did in between. A row whose ``occurred_at`` is near
its ``timestamp`` is found in the range of the new rows' times; the others lie apart in partition ``skewed``, where
copies are found by ``timestamp`` itself. Source: docs/decisions.md, "Exactly once in the tables".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

import msgspec
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from analytics.lake.line_rows import ORDER, SKEW_MINUTES

SKEWED_DAYS = 61
"""A browser sends an event for 30 days, and its clock may jump by as much between two sends."""
RANGES_MOST = 32
"""A condition of more parts costs more to plan than it saves to read."""
APPS_MOST = 20
BROADCAST_KEYS = 200_000
"""Fewer new keys are sent to the rows of the table; more are grouped with them."""

KEYS = ("app", "event_id")
EPOCH, FIRST_DAY, LAST_DAY = date(1970, 1, 1), date.min, date.max
DAY_MICROS = 86_400_000_000
SKEW_MICROS = SKEW_MINUTES * 60_000_000
FIRST = (FIRST_DAY - EPOCH).days
LAST = (LAST_DAY - EPOCH).days


class Times(msgspec.Struct, frozen=True):
    """Times of new rows: least and greatest ``timestamp``, and least and greatest day of ``occurred_at``.

    In microseconds and days since 1970, since the calendar of Python ends before Spark's. Null ``timestamp``: no times.
    """

    first_day: int
    last_day: int
    low: int | None = None
    high: int | None = None


class Added(msgspec.Struct, frozen=True):
    """What a batch brought: how many rows, of which apps (None = many), at which times, one entry a day at least."""

    rows: int
    apps: tuple[str, ...] | None
    times: tuple[Times, ...]


def summarized(new_rows: DataFrame) -> DataFrame:
    """Add new rows up by app, day and day of ``timestamp``.

    Input:  columns app, day, timestamp, received_at of table events.
    Output: app, day, rows long, first_received date, low and high: timestamp in microseconds; few rows.
    """
    micros = F.unix_micros("timestamp")
    return new_rows.groupBy("app", "day", F.to_date("timestamp").alias("sent")).agg(
        F.count(F.lit(1)).alias("rows"),
        F.to_date(F.min("received_at")).alias("first_received"),
        F.min(micros).alias("low"),
        F.max(micros).alias("high"),
    )


def added(summary: DataFrame) -> Added:
    """Bring the summary to the driver, one entry a day of ``timestamp``: it does not grow with the apps."""
    day = F.unix_date("day")
    found = (
        summary.groupBy(F.to_date(F.timestamp_micros("low")).alias("sent"))
        .agg(
            F.sum("rows").alias("rows"),
            F.slice(F.collect_set("app"), 1, APPS_MOST + 1).alias("apps"),
            F.min(day).alias("first_day"),
            F.max(day).alias("last_day"),
            F.min("low").alias("low"),
            F.max("high").alias("high"),
        )
        .drop("sent")
        .collect()
    )
    apps = sorted({app for row in found for app in row["apps"]})
    times = tuple(Times(row["first_day"], row["last_day"], row["low"], row["high"]) for row in found)
    return Added(sum(row["rows"] for row in found), tuple(apps) if len(apps) <= APPS_MOST else None, times)


def joined(times: Iterable[Times], most: int = RANGES_MOST) -> list[Times]:
    """Join times to at most so many, across the shortest gaps; those without ``timestamp`` become one more.

    Returns:
        Times that cover the given ones, in their order.
    """
    timed = sorted((one for one in times if one.low is not None), key=lambda one: one.low or 0)
    gaps = sorted(range(1, len(timed)), key=lambda at: (timed[at].low or 0) - (timed[at - 1].high or 0), reverse=True)
    bounds = [0, *sorted(gaps[: most - 1]), len(timed)]
    parts = [timed[start:end] for start, end in pairwise(bounds) if start < end]
    untimed = [one for one in times if one.low is None]
    return [_cover(part) for part in [*parts, *([untimed] if untimed else [])]]


def _cover(part: Sequence[Times]) -> Times:
    lows, highs = [one.low for one in part if one.low is not None], [one.high for one in part if one.high is not None]
    return Times(
        min(one.first_day for one in part),
        max(one.last_day for one in part),
        min(lows, default=None),
        max(highs, default=None),
    )


def condition(new: Added, alias: str = "t") -> str:
    """Write as SQL which rows of the table can be copies of new ones, in literals by which files are left out."""
    column = f"{alias}.`{{}}`".format
    parts = []
    for times in joined(new.times):
        near = (times.first_day - SKEWED_DAYS, times.last_day + SKEWED_DAYS)
        apart = f"{column('skewed')} AND {_days(column('day'), *near)}"
        if times.low is None or times.high is None:
            parts.append(f"({apart} AND {column('timestamp')} IS NULL)")
            continue
        parts.append(f"({apart} AND {_between(column('timestamp'), times.low, times.high)})")
        low, high = times.low - SKEW_MICROS, times.high + SKEW_MICROS
        days = _days(column("day"), low // DAY_MICROS, high // DAY_MICROS)
        parts.append(f"({days} AND {_between(column('occurred_at'), low, high)})")
    found = f"({' OR '.join(parts)})"
    if new.apps is None:
        return found
    names = ", ".join("'{}'".format(app.replace("\\", "\\\\").replace("'", "\\'")) for app in new.apps)
    return f"{column('app')} IN ({names}) AND {found}"


def _days(column: str, first: int, last: int) -> str:
    first, last = max(first, FIRST), min(last, LAST)
    return f"{column} BETWEEN date_from_unix_date({first}) AND date_from_unix_date({last})"


def _between(column: str, low: int, high: int) -> str:
    return f"{column} BETWEEN timestamp_micros({low}) AND timestamp_micros({high})"


def doubled_keys(rows: DataFrame, new_keys: DataFrame | None = None) -> DataFrame:
    """Find the keys that rows share; reads no other columns.

    Input:  rows: columns of table events, all that can be copies of each other; new_keys: KEYS of the few new rows
            among them, which alone are looked for; None = all are.
    Output: KEYS, each once.
    """
    near = rows.select(*KEYS)
    if new_keys is not None:
        near = near.join(F.broadcast(new_keys), list(KEYS), "left_semi")
    return near.groupBy(*KEYS).agg(F.count(F.lit(1)).alias("copies")).where("copies > 1").select(*KEYS)


def later_copies(rows: DataFrame, keys: DataFrame) -> DataFrame:
    """Find the rows of doubled events that are not the least of their copies.

    Input:  rows: as of `doubled_keys`, and Iceberg's _file and _pos; keys: its output.
    Output: app, day, file string, pos long; the least copy by (received_at, line_hash, _file, _pos) is not among them.
    """
    place = F.row_number().over(Window.partitionBy(*KEYS).orderBy(*ORDER, "_file", "_pos"))
    columns = (*KEYS, "day", *ORDER, F.col("_file").alias("_file"), F.col("_pos").alias("_pos"))
    later = rows.select(*columns).join(keys, list(KEYS), "left_semi").withColumn("place", place).where("place > 1")
    return later.select("app", "day", F.col("_file").alias("file"), F.col("_pos").alias("pos"))
