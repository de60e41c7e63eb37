"""What became of every event, by app and UTC day of arrival. Sums and names: docs/ledger.md."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from analytics.ledger import line_kinds, sequence_gaps
from analytics.ledger.lines import COLUMNS, pseudonym
from analytics.schema.columns import spark_columns
from analytics.schema.frames import require_columns
from analytics.tables import staged
from logdig.tables.declaration import MapOf
from logdig.tables.ledger import LEDGER

DAY_KEY = LEDGER.keys
MAPS = tuple(column.name for column in LEDGER.columns if isinstance(column.type, MapOf))
"""Columns that count by reason."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What the ledger counts.

    lines: columns of table ledger_lines, of every line that is stored; not the objects' own rows.
    waiting: key string, the objects that ingest has not read.
    events, bad_events: the tables.
    dead: as lines, of what lies in the dead-letter queue.
    dead_messages: app '', day, one row a message there that cannot be read.
    salt: of the digests in lines.
    """

    lines: DataFrame
    waiting: DataFrame
    events: DataFrame
    bad_events: DataFrame
    dead: DataFrame
    dead_messages: DataFrame
    salt: str


def ledger(sources: Sources) -> DataFrame:
    """Count by app and day what was sent, received, stored, rejected, doubled, dropped and missed.

    Input:  `Sources`.
    Output: columns of table ledger, one row per (app, day of received_at); app '' where a line names none.
    Raises: MissingColumnError, before any Spark job starts.
    """
    for frame in (sources.lines, sources.dead):
        require_columns(frame, COLUMNS.names)
    # Each is read several times below, and each reading would bring the copies of every event together again.
    lines = staged(line_kinds.raw_lines(sources.lines, sources.waiting))
    bad = staged(line_kinds.rejected(sources.lines, sources.waiting))
    unreadable = staged(line_kinds.unreadable(sources.lines, sources.waiting))
    events = sources.events.select("app", F.to_date("received_at").alias("day"), _event("event_id", sources.salt))
    bad_events = sources.bad_events.select("app", "day", _event("bad_id", sources.salt))
    first = lines.where("kind = 'first'")
    # Of the dead only what no object holds: the others were written before their message was given up.
    dead = line_kinds.raw_lines(sources.dead, sources.waiting).where("kind = 'first'")
    dead = dead.join(lines.select("app", "event"), ["app", "event"], "left_anti")
    dead_bad = line_kinds.rejected(sources.dead, sources.waiting).join(bad.select("event"), "event", "left_anti")
    dropped = _dropped(first)
    kept = first.where("NOT is_erased")
    parts = [
        _raw_counts(lines),
        unreadable.select(*DAY_KEY, F.lit(1).alias("unreadable"), F.col("raw").alias("raw_unreadable")),
        _number(bad, "rejected"),
        _number(events, "in_tables"),
        _number(bad_events, "bad_in_tables"),
        _number(line_kinds.unread(kept, events, "app", "event"), "waiting"),
        *(_number(line_kinds.unread(rows, bad_events, "event"), "bad_waiting") for rows in (bad, unreadable)),
        *(_number(rows, "in_dlq") for rows in (dead, dead_bad, sources.dead_messages)),
        _as_map(bad.groupBy(*DAY_KEY, "reason").agg(F.count("*").alias("count")), "rejected_by_reason"),
        _as_map(dropped.groupBy(*DAY_KEY, "reason").agg(F.sum("count").alias("count")), "dropped_by_reason"),
        _numbers(sources, [first, dead, bad, dead_bad], dropped),
    ]
    return _sums(reduce(lambda left, right: left.unionByName(right, allowMissingColumns=True), parts))


def _event(name: str, salt: str) -> Column:
    return pseudonym("event", name, salt).alias("event")


def _raw_counts(lines: DataFrame) -> DataFrame:
    number = line_kinds.number_if
    counted = {
        "readable_lines": F.lit(1),
        "events": number("kind = 'first' AND NOT is_erased"),
        "erased": number("kind = 'first' AND is_erased"),
        "duplicates_browser": number("kind = 'browser'"),
        "duplicates_flush": number("kind = 'flush'"),
        "late": number("kind = 'first' AND NOT is_erased AND is_late"),
    }
    return lines.groupBy(*DAY_KEY).agg(*(F.sum(value).alias(name) for name, value in counted.items()))


def _number(rows: DataFrame, name: str) -> DataFrame:
    """Count rows by app and day."""
    return rows.groupBy(F.coalesce("app", F.lit("")).alias("app"), "day").agg(F.count(F.lit(1)).alias(name))


def _as_map(counts: DataFrame, name: str) -> DataFrame:
    pairs = F.map_from_entries(F.sort_array(F.collect_list(F.struct("reason", "count"))))
    return counts.groupBy(*DAY_KEY).agg(pairs.alias(name))


def _dropped(first: DataFrame) -> DataFrame:
    """What browsers say they dropped: app, day, browser, reason, count."""
    return first.select(*DAY_KEY, "browser", F.explode("dropped").alias("pair")).select(*DAY_KEY, "browser", "pair.*")


def _numbers(sources: Sources, events: list[DataFrame], dropped: DataFrame) -> DataFrame:
    numbered = [rows.select(*sequence_gaps.NUMBERED) for rows in events]
    numbers = reduce(DataFrame.unionByName, [*numbered, sequence_gaps.without_number(sources.dead_messages)])
    return sequence_gaps.counts(numbers, dropped.where(F.col("reason") != sequence_gaps.UNNUMBERED_REASON))


def _sums(parts: DataFrame) -> DataFrame:
    """Bring the parts of each app and day together, 0 for what was not counted, and add up."""
    counts = [name for name in parts.columns if name not in (*DAY_KEY, *MAPS)]
    no_counts = F.map_from_arrays(F.array(), F.array()).cast("map<string,bigint>")
    filled = parts.groupBy(*DAY_KEY).agg(
        *(F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in counts),
        *(F.coalesce(F.first(name, ignorenulls=True), no_counts).alias(name) for name in MAPS),
    )
    c = F.col
    rows = (
        filled.withColumn("raw_lines", c("readable_lines") + c("raw_unreadable"))
        .withColumn("accepted", c("events") + c("duplicates_browser") + c("erased"))
        .withColumn("received", c("accepted") + c("rejected") + c("in_dlq"))
        .withColumn("dropped", _total(c("dropped_by_reason")))
    )
    return rows.select(*(c(field.name).cast(field.dataType) for field in spark_columns(LEDGER.columns)))


def _total(counts: Column) -> Column:
    return F.aggregate(F.map_values(counts), F.lit(0).cast("long"), lambda left, right: left + right)
