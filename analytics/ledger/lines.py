"""What the ledger keeps of a stored line: counts and digests, in the columns of table ledger_lines.

Pure. Everything that the ledger's sums need is read here, once; they are computed from these rows alone.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from analytics.lake.line_rows import ERASED_NAME
from analytics.schema.columns import RAW_LINE as WHOLE_LINE
from analytics.schema.columns import struct, table_columns
from analytics.schema.frames import fit, require_columns

VERSION = 1
"""Raised when this module reads other rows of the same line; then every object is read again."""
DROPPED_NAME = "$dropped"
"""Name of the custom event in which the collector keeps what a browser says it dropped (logdig/events/dropped.py)."""
DROPPED_MOST = 1_000_000
"""A browser that says it dropped more events at once than this is believed no more than this."""
RAW_NAMES = ("received_at", "occurred_at", "app", "event_id", "pack_id", "session_id", "seq", "user_key", "custom")
RAW_LINE = struct({name: WHOLE_LINE[name].dataType for name in (*RAW_NAMES, "type")})
"""All that is read of a raw line; parsing it whole would take longer."""
COLUMNS = table_columns("ledger_lines")
PARSED = ("readable", "e", "line_hash", "value", "key", "day")

_ID = '"([^"]{1,64})"'


def pseudonym(kind: str, value: Column | str, salt: str) -> Column:
    """Hash a value of a kind as `logdig.privacy.tombstones.Pseudonyms` does: 128 bits, hexadecimal."""
    text = F.concat(F.lit(f"{salt} {kind} "), F.col(value) if isinstance(value, str) else value)
    return F.substring(F.sha2(text, 256), 1, 32)


def raw_lines(parsed: DataFrame, salt: str) -> DataFrame:
    """Read lines of the raw zone.

    Input:  output of lines.parse_raw with columns ``key`` string and ``day`` date, of the line's object.
    Output: columns of table ledger_lines.
    Raises: MissingColumnError, before any Spark job starts.
    """
    require_columns(parsed, PARSED)
    erased = F.expr(f"e.custom.name <=> '{ERASED_NAME}'")
    kept = F.col("e.custom.props.session"), F.expr("try_cast(e.custom.props.seq AS BIGINT)")
    late = F.to_date(_time("occurred_at")) < F.to_date(_time("received_at"))
    rows = parsed.where("readable").select(
        *_common("raw", F.col("e.event_id"), salt),
        F.xxhash64("e.pack_id").alias("pack"),
        _session(F.when(erased, kept[0]).otherwise(F.col("e.session_id")), salt),
        F.when(erased, kept[1]).otherwise(F.col("e.seq")).alias("seq"),
        pseudonym("browser", "e.user_key", salt).alias("browser"),
        erased.alias("is_erased"),
        F.coalesce(late, F.lit(False)).alias("is_late"),
        F.when(F.expr(f"e.custom.name <=> '{DROPPED_NAME}'"), _dropped()).alias("dropped"),
    )
    return fit(rows, COLUMNS).unionByName(_unreadable(parsed, "raw", salt))


def bad_lines(parsed: DataFrame, salt: str) -> DataFrame:
    """Read lines of the bad zone.

    Session and number of a rejected event are those that its text still tells, also when it is cut.

    Input:  output of lines.parse_bad with columns ``key`` and ``day``.
    Output: columns of table ledger_lines.
    Raises: MissingColumnError, before any Spark job starts.
    """
    require_columns(parsed, PARSED)
    first = F.try_element_at("e.errors", F.lit(1))
    seq = F.expr("try_cast(number AS BIGINT)")
    readable = parsed.where("readable").withColumn("number", _found("seq", r"(\d{1,16})\b"))
    rows = readable.select(
        *_common("bad", F.col("e.bad_id"), salt),
        _session(_found("session_id", _ID), salt),
        seq.alias("seq"),
        pseudonym("browser", _found("user_key", _ID), salt).alias("browser"),
        # The field is empty where the fault is the whole event's.
        F.ltrim(F.concat_ws(" ", first["field"], first["reason"])).alias("reason"),
    )
    return fit(rows, COLUMNS).unionByName(_unreadable(parsed, "bad", salt))


def _unreadable(parsed: DataFrame, zone: str, salt: str) -> DataFrame:
    rows = parsed.where("NOT readable").select(*_common(zone, F.sha2("value", 256), salt))
    return fit(rows, COLUMNS)


def _common(zone: str, event: Column, salt: str) -> list[Column]:
    moment = _time("received_at")
    return [
        F.col("key"),
        F.col("day"),
        F.lit(zone).alias("zone"),
        F.col("readable"),
        F.col("line_hash"),
        F.coalesce("e.app", F.lit("")).alias("app"),
        F.coalesce(F.to_date(moment), F.lit("1970-01-01").cast("date")).alias("arrived"),
        moment.alias("received_at"),
        pseudonym("event", event, salt).alias("event"),
    ]


def _time(name: str) -> Column:
    # RFC 3339 allows small t and z, which a cast does not.
    return F.expr(f"try_cast(upper(e.{name}) AS TIMESTAMP)")


def _session(value: Column, salt: str) -> Column:
    """Write a session as erased lines name it, so that the two meet; see logdig/privacy/tombstones.py."""
    hidden = F.concat(F.lit("~"), pseudonym("session", value, salt))
    return F.when(F.startswith(value, F.lit("~")), value).otherwise(hidden).alias("session")


def _found(name: str, pattern: str) -> Column:
    cut = F.nullif(F.regexp_extract("e.text", rf'"{name}"\s*:\s*{pattern}', 1), F.lit(""))
    return F.coalesce(F.get_json_object("e.text", f"$.{name}"), cut)


def _dropped() -> Column:
    """Pairs of reason and count, above 0 and at most DROPPED_MOST, in the order of the reasons."""
    pairs = F.expr(
        "filter(transform(map_entries(e.custom.props), p -> named_struct('reason', p.key, 'count', "
        f"if(try_cast(p.value AS BIGINT) > {DROPPED_MOST}, {DROPPED_MOST}, try_cast(p.value AS BIGINT)))), "
        "p -> p.count > 0)"
    )
    return F.array_sort(pairs)
