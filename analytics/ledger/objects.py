"""Table ledger_lines kept in step with the bucket: new objects are read once, rows of objects that are gone leave.

An object's rows and its own row are written in one commit, so that an object is known with all of its lines or not at
all. A run may end anywhere; the next one reads what is not known yet.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.lake import maintenance
from analytics.ledger.reading import read_objects, version_of
from logdig.config.settings import Settings
from logdig.store.keys import SUFFIX, ZONES, parse_key
from logdig.store.object_store import EventStore
from logdig.times import Clock

TABLE = "ledger_lines"
OBJECTS_A_COMMIT = 500
"""Objects read between two commits, at most 16 MiB of text each: what a run that is ended has to do again."""
KEYS_A_DELETE = 1_000
NO_DAY = date(1970, 1, 1)
"""Day of what tells none: of lines, and of objects that LogDig has not named."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the table holds of an object; ``is_whole``: all of its rows, each once, of this version."""

    day: date
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """Objects to be read, and objects whose rows have to leave first; by key, each with its day."""

    fresh: Mapping[str, date]
    stale: Mapping[str, date]


@dataclass(slots=True)
class Upkeep:
    """What was done: objects read, objects whose rows left, and the damaged ones that the bucket holds."""

    read: int = 0
    left: int = 0
    damaged: list[str] = field(default_factory=list)


def listed(store: EventStore) -> dict[str, date]:
    """List the objects of both zones: days of their folders by key."""
    keys = (stored.key for zone in ZONES for stored in store.list(f"{zone}/"))
    return {key: _day_of(key) or NO_DAY for key in keys if key.endswith(SUFFIX)}


def _day_of(key: str) -> date | None:
    try:
        return parse_key(key).day
    except ValueError:
        return None


def changes(there: Mapping[str, date], kept: Mapping[str, Kept]) -> Changes:
    """Compare the bucket with the table.

    An object named by its content never changes; one with another name is read each time.
    """
    known = {key for key, one in kept.items() if one.is_whole and key in there and _day_of(key)}
    return Changes(
        {key: day for key, day in there.items() if key not in known},
        {key: one.day for key, one in kept.items() if key not in known},
    )


def kept_objects(rows: DataFrame, version: str) -> dict[str, Kept]:
    """Read what the table holds, by key.

    Args:
        rows: Table ledger_lines.
        version: See `version_of`.
    """
    is_line = F.col("readable").isNotNull()
    counted = rows.groupBy("key", "day").agg(
        F.count_if(is_line).alias("lines"),
        F.count_if(~is_line).alias("objects"),
        F.sum("lines").alias("noted"),
        F.count_if(~F.col("version").eqNullSafe(version)).alias("others"),
    )
    found: dict[str, Kept] = {}
    for row in counted.collect():
        is_whole = row["objects"] == 1 and row["lines"] == row["noted"] and not row["others"]
        # Under two days it would be there twice.
        found[row["key"]] = Kept(row["day"], is_whole and row["key"] not in found)
    return found


def update(
    spark: SparkSession,
    settings: Settings,
    store: EventStore,
    salt: str,
    clock: Clock,
    on_read: Callable[[int, int], None] = lambda _done, _total: None,
) -> Upkeep:
    """Bring the table up to what the bucket holds now.

    Args:
        spark: Session with the catalog ``lake``.
        settings: Names.
        store: The bucket.
        salt: Of the digests.
        clock: Gives the time, UTC.
        on_read: Called after each commit with the objects that are read, and those to be read in all.
    Raises:
        StoreUnavailableError: The store does not answer.
        Py4JJavaError: Objects that are whole cannot be read.
    """
    there = listed(store)
    tables.ensure_table(spark, settings, TABLE)
    todo = changes(there, kept_objects(tables.read(spark, settings, TABLE), version_of(salt)))
    done = Upkeep(left=len(todo.stale))
    if todo.stale:
        remove(spark, settings, todo.stale)
        # Nobody reads this table as it was; what an erasure took from it must not stay in old files.
        maintenance.expire_snapshots(spark, settings, TABLE, clock().replace(tzinfo=None))
    for piece in pieces(todo.fresh):
        rows, _damaged = read_objects(spark, settings, store, piece, salt)
        tables.append(spark, settings, TABLE, rows)
        done.read += len(piece)
        on_read(done.read, len(todo.fresh))
    errors = tables.read(spark, settings, TABLE).where("error IS NOT NULL").select("key")
    done.damaged = sorted(row["key"] for row in errors.collect())
    return done


def pieces(objects: Mapping[str, date], most: int = OBJECTS_A_COMMIT) -> Iterator[dict[str, date]]:
    """Split objects into pieces, by day, so that few days are open at once."""
    ordered = sorted(objects.items(), key=lambda one: (one[1], one[0]))
    for start in range(0, len(ordered), most):
        yield dict(ordered[start : start + most])


def remove(spark: SparkSession, settings: Settings, objects: Mapping[str, date]) -> None:
    """Remove the rows of objects; files that held them are written again without them."""
    full = tables.table_name(settings, TABLE)
    by_day: defaultdict[date, list[str]] = defaultdict(list)
    for key, day in objects.items():
        by_day[day].append(key)
    rows = tables.read(spark, settings, TABLE).groupBy("day").agg(F.count_distinct("key").alias("objects"))
    kept = {row["day"]: row["objects"] for row in rows.collect()}
    # A day without any object left goes as a whole, and no file is read for it.
    whole = [day for day, keys in by_day.items() if len(keys) == kept.get(day)]
    conditions = [f"day IN ({_dates(whole)})"] if whole else []
    keys = sorted(key for day, of_day in by_day.items() if day not in whole for key in of_day)
    for start in range(0, len(keys), KEYS_A_DELETE):
        some = keys[start : start + KEYS_A_DELETE]
        conditions.append(f"day IN ({_dates({objects[key] for key in some})}) AND key IN ({_texts(some)})")
    for condition in conditions:
        tables.with_retry(partial(spark.sql, f"DELETE FROM {full} WHERE {condition}"))


def _dates(days: Collection[date]) -> str:
    return ", ".join(f"DATE '{day}'" for day in sorted(days))


def _texts(values: Collection[str]) -> str:
    """Write keys as SQL texts."""
    return ", ".join("'" + re.sub(r"([\\'])", r"\\\1", value) + "'" for value in values)
