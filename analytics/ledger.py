"""What became of every event, by app and UTC day of arrival. Sums and names: docs/ledger.md."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 (the name every Spark reader knows)

from analytics import schema
from analytics.model_schema import require_columns

DAY_KEY = ("app", "day")
RECEIVED_ANYWAY = "refused"
"""Reason for which a browser gives up an event that the collector has seen and rejected: no gap comes of it."""
DROPPED_NAME = "$dropped"
"""Name of the custom event in which the collector keeps what a browser says it dropped; as in logdig/dropping.py."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What the ledger counts.

    raw, bad: output of lines.parse_raw and lines.parse_bad with a column ``file`` string, the line's object.
    events, bad_events: the tables.
    erased, in_dlq: app, day, count long; may be empty.
    """

    raw: DataFrame
    bad: DataFrame
    events: DataFrame
    bad_events: DataFrame
    erased: DataFrame
    in_dlq: DataFrame


def ledger(sources: Sources) -> DataFrame:
    """Count by app and day what was sent, received, stored, rejected, doubled, dropped and missed.

    Input:  `Sources`.
    Output: columns of schema.LEDGER, one row per (app, day of received_at); app '' where a line names none.
    Raises: MissingColumnError, before any Spark job starts.
    """
    for frame in (sources.raw, sources.bad):
        require_columns(frame, ("readable", "e", "line_hash", "file"))
    lines, bad = _lines(sources.raw), _bad(sources.bad)
    parts = [
        _raw_counts(lines),
        bad.groupBy(*DAY_KEY).agg(F.count("*").alias("rejected")),
        _by_reason(bad),
        _counted(sources.events.withColumn("day", F.to_date("received_at")), "in_tables"),
        _counted(sources.bad_events, "bad_in_tables"),
        _unreadable(sources.raw, sources.bad),
        _dropped(lines),
        _gaps(lines, bad),
        sources.erased.select(*DAY_KEY, F.col("count").alias("erased")),
        sources.in_dlq.select(*DAY_KEY, F.col("count").alias("in_dlq")),
    ]
    return _sums(reduce(lambda left, right: left.join(right, list(DAY_KEY), "full"), parts))


def _lines(raw: DataFrame) -> DataFrame:
    """Give each readable line its kind: first, browser (sent again) or flush (written again).

    A line is the flush's copy when an earlier object holds the same line of the same pack; of the others the least
    (received_at, line_hash) is the first, as in the table.
    """
    rows = raw.where("readable").select("e.*", "line_hash", "file").withColumn("day", F.to_date("received_at"))
    pack = ["app", "event_id", "pack_id"]
    rows = rows.withColumn("turn", F.row_number().over(Window.partitionBy(*pack, "file").orderBy("line_hash")))
    rows = rows.withColumn("object", F.row_number().over(Window.partitionBy(*pack, "turn").orderBy("file")))
    again = F.col("object") > 1
    order = Window.partitionBy("app", "event_id", again).orderBy("received_at", "line_hash", "pack_id", "turn")
    first = F.row_number().over(order) == 1
    return rows.withColumn("kind", F.when(again, "flush").when(first, "first").otherwise("browser"))


def _bad(bad: DataFrame) -> DataFrame:
    """Readable bad lines, one a ``bad_id``."""
    rows = bad.where("readable").select("e.*", "line_hash").withColumn("day", F.to_date("received_at"))
    order = Window.partitionBy("bad_id").orderBy("received_at", "line_hash")
    rows = rows.withColumn("place", F.row_number().over(order)).where("place = 1")
    return rows.withColumn("app", F.coalesce("app", F.lit("")))


def _raw_counts(lines: DataFrame) -> DataFrame:
    late = (F.col("kind") == "first") & (F.to_date("occurred_at") < F.col("day"))
    return lines.groupBy(*DAY_KEY).agg(
        F.count("*").alias("readable_lines"),
        F.count_if(F.col("kind") == "first").alias("events"),
        F.count_if(F.col("kind") == "browser").alias("duplicates_browser"),
        F.count_if(F.col("kind") == "flush").alias("duplicates_flush"),
        F.count_if(late).alias("late"),
    )


def _by_reason(bad: DataFrame) -> DataFrame:
    """Rejected events by the field and reason of their first error."""
    first = F.try_element_at("errors", F.lit(1))
    words = F.concat_ws(" ", first["field"], first["reason"]).alias("reason")
    return _as_map(bad.groupBy(*DAY_KEY, words).agg(F.count("*").alias("count")), "rejected_by_reason")


def _as_map(counts: DataFrame, name: str) -> DataFrame:
    pairs = F.map_from_entries(F.sort_array(F.collect_list(F.struct("reason", "count"))))
    return counts.groupBy(*DAY_KEY).agg(pairs.alias(name))


def _counted(rows: DataFrame, name: str) -> DataFrame:
    return rows.groupBy(F.coalesce("app", F.lit("")).alias("app"), "day").agg(F.count("*").alias(name))


def _unreadable(raw: DataFrame, bad: DataFrame) -> DataFrame:
    """Lines that Spark cannot read: those of raw, and different ones of both zones as the table holds them."""
    parts = [
        zone.where("NOT readable").select(
            F.coalesce("e.app", F.lit("")).alias("app"),
            F.coalesce(F.expr("try_cast(upper(e.received_at) AS DATE)"), F.lit("1970-01-01").cast("date")).alias("day"),
            F.lit(name).alias("zone"),
            "line_hash",
        )
        for name, zone in (("raw", raw), ("bad", bad))
    ]
    return (
        parts[0]
        .unionByName(parts[1])
        .groupBy(*DAY_KEY)
        .agg(
            F.count_if(F.col("zone") == "raw").alias("raw_unreadable"),
            F.count_distinct("line_hash").alias("unreadable"),
        )
    )


def _dropped(lines: DataFrame) -> DataFrame:
    told = lines.where((F.col("kind") == "first") & (F.col("custom.name") == DROPPED_NAME))
    pairs = told.select(*DAY_KEY, F.explode("custom.props").alias("reason", "text"))
    counts = pairs.groupBy(*DAY_KEY, "reason").agg(F.sum(F.expr("try_cast(text AS BIGINT)")).alias("count"))
    return _as_map(counts.where("count IS NOT NULL"), "dropped_by_reason")


def _gaps(lines: DataFrame, bad: DataFrame) -> DataFrame:
    """Numbers that a session left out, on the day of the event after the gap; ``seq`` begins with 0.

    A rejected event fills its own place where its text still tells it.
    """
    columns = ["app", "session_id", "seq", "day"]
    text = {name: F.get_json_object("text", f"$.{name}") for name in ("session_id", "seq")}
    rejected = bad.select("app", text["session_id"].alias("session_id"), text["seq"].alias("seq"), "day")
    rejected = rejected.withColumn("seq", F.expr("try_cast(seq AS BIGINT)"))
    seen = lines.where("kind = 'first'").select(*columns).unionByName(rejected)
    seen = seen.where("session_id IS NOT NULL AND seq >= 0").groupBy("app", "session_id", "seq").agg(F.min("day"))
    seen = seen.toDF(*columns)
    before = F.lag("seq", 1, -1).over(Window.partitionBy("app", "session_id").orderBy("seq"))
    found = seen.withColumn("gap", F.col("seq") - before - 1)
    return found.groupBy(*DAY_KEY).agg(F.sum("gap").alias("gaps"))


def _sums(joined: DataFrame) -> DataFrame:
    """Fill what was not counted with 0 and add up."""
    maps = {name: F.coalesce(name, F.map_from_arrays(F.array(), F.array())) for name in schema.LEDGER_MAPS}
    kept = {name: joined[name] for name in joined.columns if name not in (*DAY_KEY, *schema.LEDGER_MAPS)}
    filled = joined.select(
        *DAY_KEY,
        *(F.coalesce(column, F.lit(0)).cast("long").alias(name) for name, column in kept.items()),
        *(column.cast("map<string,bigint>").alias(name) for name, column in maps.items()),
    )
    c = F.col
    known = _total(F.map_filter("dropped_by_reason", lambda reason, _count: reason != RECEIVED_ANYWAY)) + c("erased")
    rows = (
        filled.withColumn("raw_lines", c("readable_lines") + c("raw_unreadable"))
        .withColumn("accepted", c("events") + c("duplicates_browser") + c("erased"))
        .withColumn("received", c("accepted") + c("rejected"))
        .withColumn("dropped", _total(c("dropped_by_reason")))
        .withColumn("missing", F.greatest(c("gaps") - known, F.lit(0)))
        .withColumn("sent", c("events") + c("rejected") + c("erased") + c("missing"))
    )
    return rows.select(*(c(field.name).cast(field.dataType) for field in schema.LEDGER))


def _total(counts: Column) -> Column:
    return F.aggregate(F.map_values(counts), F.lit(0).cast("long"), lambda left, right: left + right)
