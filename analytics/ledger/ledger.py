"""What became of every event, by app and UTC day of arrival. Sums and names: docs/ledger.md."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from analytics.ledger import line_kinds, sequence_gaps
from analytics.schema.columns import spark_columns
from analytics.schema.frames import require_columns
from analytics.tables import staged
from logdig.tables.declaration import MapOf
from logdig.tables.ledger import LEDGER

DAY_KEY = LEDGER.keys
MAPS = tuple(column.name for column in LEDGER.columns if isinstance(column.type, MapOf))
"""Columns that count by reason."""
DROPPED_MOST = 1_000_000
"""A browser that says it dropped more events at once than this is believed no more than this."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What the ledger counts.

    raw, bad: output of lines.parse_raw and lines.parse_bad with a column ``file`` string, the line's object by name.
    events, bad_events: the tables.
    read: file string, the objects that ingest has read.
    dead_raw, dead_bad: as raw and bad, of what lies in the dead-letter queue.
    dead_messages: app '', day, one row a message there that cannot be read.
    salt: makes the pseudonyms of erased lines (logdig/privacy/tombstones.py); None while nothing was erased.
    """

    raw: DataFrame
    bad: DataFrame
    events: DataFrame
    bad_events: DataFrame
    read: DataFrame
    dead_raw: DataFrame
    dead_bad: DataFrame
    dead_messages: DataFrame
    salt: str | None = None


def ledger(sources: Sources) -> DataFrame:
    """Count by app and day what was sent, received, stored, rejected, doubled, dropped and missed.

    Input:  `Sources`.
    Output: columns of table ledger, one row per (app, day of received_at); app '' where a line names none.
    Raises: MissingColumnError, before any Spark job starts.
    """
    for frame in (sources.raw, sources.bad, sources.dead_raw, sources.dead_bad):
        require_columns(frame, ("readable", "e", "line_hash", "file"))
    # Each is read several times below, and each reading would parse every line again.
    lines = staged(line_kinds.raw_lines(sources.raw, sources.read))
    bad = staged(line_kinds.rejected(sources.bad, sources.read))
    unreadable = staged(line_kinds.unreadable(sources.raw, sources.bad, sources.read))
    events = staged(sources.events.select("app", "event_id", F.to_date("received_at").alias("day")))
    first = lines.where("kind = 'first'")
    # Of the dead only what no object holds: the others were written before their message was given up.
    dead = line_kinds.raw_lines(sources.dead_raw, sources.read).where("kind = 'first'")
    dead = dead.join(lines.select("app", "event_id"), ["app", "event_id"], "left_anti")
    dead_bad = line_kinds.rejected(sources.dead_bad, sources.read).join(bad.select("bad_id"), "bad_id", "left_anti")
    dropped = _dropped(first)
    kept = first.where("NOT is_erased")
    parts = [
        _raw_counts(lines),
        unreadable.select(*DAY_KEY, F.lit(1).alias("unreadable"), F.col("raw").alias("raw_unreadable")),
        _ones(bad, "rejected"),
        _ones(events, "in_tables"),
        _ones(sources.bad_events, "bad_in_tables"),
        _ones(line_kinds.unread(kept, events, "app", "event_id"), "waiting"),
        *(_ones(line_kinds.unread(rows, sources.bad_events, "bad_id"), "bad_waiting") for rows in (bad, unreadable)),
        *(_ones(rows, "in_dlq") for rows in (dead, dead_bad, sources.dead_messages)),
        _by_reason(bad),
        _as_map(dropped.groupBy(*DAY_KEY, "reason").agg(F.sum("count").alias("count")), "dropped_by_reason"),
        _numbers(sources, [first, dead], [bad, dead_bad], dropped),
    ]
    return _sums(reduce(lambda left, right: left.unionByName(right, allowMissingColumns=True), parts))


def _raw_counts(lines: DataFrame) -> DataFrame:
    number = line_kinds.number_if
    return lines.select(
        *DAY_KEY,
        F.lit(1).alias("readable_lines"),
        number("kind = 'first' AND NOT is_erased").alias("events"),
        number("kind = 'first' AND is_erased").alias("erased"),
        number("kind = 'browser'").alias("duplicates_browser"),
        number("kind = 'flush'").alias("duplicates_flush"),
        number("kind = 'first' AND NOT is_erased AND is_late").alias("late"),
    )


def _ones(rows: DataFrame, name: str) -> DataFrame:
    """One for each row, to be summed."""
    return rows.select(F.coalesce("app", F.lit("")).alias("app"), "day", F.lit(1).alias(name))


def _by_reason(bad: DataFrame) -> DataFrame:
    """Rejected events by the field and reason of their first error."""
    first = F.try_element_at("errors", F.lit(1))
    # The field is empty where the fault is the whole event's.
    words = F.ltrim(F.concat_ws(" ", first["field"], first["reason"])).alias("reason")
    return _as_map(bad.groupBy(*DAY_KEY, words).agg(F.count("*").alias("count")), "rejected_by_reason")


def _as_map(counts: DataFrame, name: str) -> DataFrame:
    pairs = F.map_from_entries(F.sort_array(F.collect_list(F.struct("reason", "count"))))
    return counts.groupBy(*DAY_KEY).agg(pairs.alias(name))


def _dropped(first: DataFrame) -> DataFrame:
    """What browsers say they dropped: app, day, user_key, reason, count."""
    reports = first.where(F.col("custom.name") == line_kinds.DROPPED_NAME)
    pairs = reports.select(*DAY_KEY, "user_key", F.explode("custom.props").alias("reason", "text"))
    # The lesser of a number and nothing would be the number.
    number = F.expr("try_cast(text AS BIGINT)")
    count = F.when(number > DROPPED_MOST, DROPPED_MOST).otherwise(number).alias("count")
    return pairs.select(*DAY_KEY, "user_key", "reason", count).where("count > 0")


def _numbers(sources: Sources, lines: list[DataFrame], bad: list[DataFrame], dropped: DataFrame) -> DataFrame:
    numbered = [
        *(sequence_gaps.numbers_of_lines(rows) for rows in lines),
        *(sequence_gaps.numbers_of_texts(rows) for rows in bad),
        sequence_gaps.without_number(sources.dead_messages),
    ]
    numbers = sequence_gaps.with_pseudonyms(reduce(DataFrame.unionByName, numbered), sources.salt)
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
