"""Stored lines into rows of ``events`` and ``bad_events``: pure, one row an event whatever came how often."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from analytics.schema.columns import BAD_LINE, RAW_LINE, TIMES, table_columns
from analytics.schema.frames import first_rows, fit, require_columns
from logdig.tables.events import BAD_EVENTS, EVENTS

ORDER = ("received_at", "line_hash")
"""Of several copies of an event the least stays, so that the order of arrival changes nothing."""

WINS = "struct({}) < struct({})".format(*(", ".join(f"{side}.{name}" for name in ORDER) for side in "st"))
"""Condition of a merge: the new row ``s`` takes the place of the one in the table, ``t``."""

BAD_ORDER = (*ORDER, "object", "line")
"""Of equal lines in several objects the first stays, again in any order of arrival."""

BAD_WINS = "struct({}) < struct({})".format(*(", ".join(f"{side}.{name}" for name in BAD_ORDER) for side in "st"))

SKEW_MINUTES = 30
"""A row of which the two times are further apart lies apart: copies of it are not found by ``occurred_at``."""

IS_SKEWED = f"coalesce(abs(unix_micros(occurred_at) - unix_micros(timestamp)) > {SKEW_MINUTES * 60_000_000}, true)"

ERASED_NAME = "$erased"
"""Name of the custom event that stands where a person's line was (logdig/privacy/tombstones.py); it is in no table."""

KEPT_BYTES = 16 * 1024
"""What is kept of a line that cannot be read, as of every rejected event (docs/data-layout.md)."""

PLACE = ("object", "line")
"""Columns that tell where a line stands."""

PARSED = ("readable", "e", "line_hash", "value")
PARSED_RAW = (*PARSED, "text_props")


def parse_raw(lines: DataFrame, columns: StructType = RAW_LINE) -> DataFrame:
    """Read lines of the raw zone once, for `events` and `unreadable`.

    Input:  column value string: stored lines; other columns stay beside. columns: those of the line that are wanted.
    Output: columns PARSED_RAW: readable boolean (an event with app, id, type and both times), e struct of the columns,
            line_hash long, value string only where the line is unreadable, text_props as in table events.
    """
    marked = lines.withColumn("text_props", _text_props(F.col("value"), "$.custom.props"))
    return _parse(marked, columns, texts=("app", "event_id", "type"), times=("received_at", "occurred_at"))


def parse_bad(lines: DataFrame) -> DataFrame:
    """Read lines of the bad zone once, for `bad_events` and `unreadable`.

    Input:  column value string: stored lines.
    Output: columns PARSED; e struct of BAD_LINE.
    """
    return _parse(lines, BAD_LINE, texts=("bad_id",), times=("received_at",))


def events(parsed: DataFrame) -> DataFrame:
    """Take the readable lines as events, one row per (app, event_id); what stands for an erased one is left out.

    Input:  output of `parse_raw`.
    Output: columns of table events; of several copies the least (received_at, line_hash).
    Raises: MissingColumnError, before any Spark job starts.
    """
    return least(copies(parsed), ["app", "event_id"]).select(*EVENTS.names)


def copies(parsed: DataFrame) -> DataFrame:
    """Take every readable line as a row of events, copies of an event too; without a shuffle.

    Input:  output of `parse_raw`.
    Output: columns of table events.
    Raises: MissingColumnError, before any Spark job starts.
    """
    require_columns(parsed, PARSED_RAW)
    columns = [_time(name) if name in TIMES else F.col(f"e.{name}") for name in RAW_LINE.names]
    people = parsed.where(f"readable AND NOT e.custom.name <=> '{ERASED_NAME}'")
    rows = people.select(*columns, F.to_date(_time("occurred_at")).alias("day"), "line_hash", "text_props")
    return rows.withColumn("skewed", F.expr(IS_SKEWED)).select(*EVENTS.names)


def bad_events(parsed: DataFrame) -> DataFrame:
    """Take the readable bad lines, one row per ``bad_id``.

    Input:  output of `parse_bad`.
    Output: columns of table bad_events; of several copies the least (received_at, line_hash).
    Raises: MissingColumnError, before any Spark job starts.
    """
    require_columns(parsed, PARSED)
    columns = [_time(name) if name == "received_at" else F.col(f"e.{name}") for name in BAD_LINE.names]
    return _bad_rows(parsed.where("readable").select(*columns, "line_hash"))


def unreadable(parsed: DataFrame) -> DataFrame:
    """Turn lines that cannot be read into rows of ``bad_events``, so that nothing disappears.

    Input:  output of `parse_raw` or `parse_bad`, of lines with columns object string and line long beside them where
            it is known where they stand.
    Output: columns of table bad_events; bad_id = sha256 = SHA-256 of the line; received_at 1970-01-01 where the line
            does not tell; text = its first KEPT_BYTES.
    Raises: MissingColumnError, before any Spark job starts.
    """
    require_columns(parsed, PARSED)
    size, digest = F.octet_length("value").cast("long"), F.sha2("value", 256)
    epoch = F.lit("1970-01-01").cast("timestamp")
    reason = F.struct(F.lit("").alias("field"), F.lit("stored line cannot be read").alias("reason"))
    rows = parsed.where("NOT readable").select(
        F.coalesce(_time("received_at"), epoch).alias("received_at"),
        digest.alias("bad_id"),
        "e.app",
        F.array(reason).alias("errors"),
        F.substring("value", 1, KEPT_BYTES).alias("text"),
        size.alias("bytes"),
        digest.alias("sha256"),
        (size > KEPT_BYTES).alias("truncated"),
        "e.pack_id",
        "line_hash",
        *(name for name in PLACE if name in parsed.columns),
    )
    return _bad_rows(rows)


def _parse(lines: DataFrame, columns: StructType, *, texts: tuple[str, ...], times: tuple[str, ...]) -> DataFrame:
    conditions = [f"e.{name} IS NOT NULL" for name in texts]
    # Spark reads years that neither Python nor a date of a partition can hold.
    conditions += [f"year(try_cast(e.{name} AS TIMESTAMP)) BETWEEN 1 AND 9999" for name in times]
    readable = F.expr(" AND ".join(conditions))
    beside = [name for name in lines.columns if name != "value"]
    # A later filter would otherwise be moved below and parse each line again for every field that it looks at.
    once = F.explode(F.array(F.from_json("value", columns))).alias("e")
    parsed = lines.select("*", once).withColumn("readable", readable)
    unread = F.when(~F.col("readable"), F.col("value"))
    return parsed.select("readable", "e", F.xxhash64("value").alias("line_hash"), unread.alias("value"), *beside)


def _text_props(line: Column, path: str) -> Column:
    """Names of an object's members that are texts; the map of texts that is parsed tells no types."""
    written = F.when(line.contains('"custom"'), F.try_parse_json(F.get_json_object(line, path)))
    values = written.cast("map<string,variant>")
    return F.map_keys(F.map_filter(values, lambda _name, value: F.schema_of_variant(value) == "STRING"))


def _time(name: str) -> Column:
    # RFC 3339 allows small t and z, which a cast does not.
    return F.expr(f"try_cast(upper(e.{name}) AS TIMESTAMP)").alias(name)


def _bad_rows(rows: DataFrame) -> DataFrame:
    placed = fit(rows.withColumn("day", F.to_date("received_at")), table_columns("bad_events"))
    return least(placed, ["bad_id"], BAD_ORDER).select(*BAD_EVENTS.names)


def least(rows: DataFrame, keys: list[str], order: Sequence[str] = ORDER) -> DataFrame:
    """Keep one row a key: the least in an order."""
    return first_rows(rows, keys, *order)
