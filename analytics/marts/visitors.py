"""Visitors over all time: first and last seen, where from, which customers."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from analytics.marts.site import Site, local_day
from analytics.schema.frames import first_rows, require_columns
from logdig.marts.sources import DIRECT
from logdig.tables.visitors import VISITORS

KEYS = ("app", "user_key")
SOURCE = ("source_at", "source", "medium", "campaign", "channel")
"""Columns that come from one session together."""
OF_EVENTS = (*KEYS, "occurred_at", "customer_id")
OF_SESSIONS = (*KEYS, "session_id", "continued", "began_at", "ended_at", "customer_ids", *SOURCE[1:])


def visitors(counted: DataFrame, sessions: DataFrame) -> DataFrame:
    """Summarise the visitors who have an event among those given.

    Input:  counted: OF_EVENTS of counted events, as of the days that are due. sessions: OF_SESSIONS of table sessions,
            of all days.
    Output: columns of table visitors, one row per (app, user_key) of the events; what it says of the time before the
            given events is what their sessions know: `merged` adds what the table knows.
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/measures.md, "visitor".
    """
    require_columns(counted, OF_EVENTS)
    require_columns(sessions, OF_SESSIONS)
    seen = (
        counted.where("user_key IS NOT NULL")
        .groupBy(*KEYS)
        .agg(
            F.min("occurred_at").alias("first_seen"),
            F.max("occurred_at").alias("last_seen"),
            F.collect_set("customer_id").alias("customer_ids"),
        )
    )
    theirs = sessions.select(*OF_SESSIONS).join(seen.select(*KEYS), on=list(KEYS), how="left_semi")
    spans = theirs.groupBy(*KEYS).agg(
        F.min("began_at").alias("first_began"),
        F.max("ended_at").alias("last_ended"),
        F.flatten(F.collect_set("customer_ids")).alias("named"),
    )
    begun = theirs.where("NOT continued").withColumnRenamed("began_at", "source_at")
    came = first_rows(begun, KEYS, F.col("source") == DIRECT, "source_at", "session_id").select(*KEYS, *SOURCE)
    rows = seen.join(spans, on=list(KEYS), how="left").join(came, on=list(KEYS), how="left")
    return rows.select(
        *KEYS,
        F.least("first_seen", "first_began").alias("first_seen"),
        F.greatest("last_seen", "last_ended").alias("last_seen"),
        *SOURCE,
        _union("customer_ids", "named").alias("customer_ids"),
    ).select(*VISITORS.names)


def merged(found: DataFrame, known: DataFrame, site: Site, kept_from: date = date.min) -> DataFrame:
    """Add what the table already knows of visitors: the rows that take the place of theirs.

    Input:  found: output of `visitors`. known: table visitors as it stands. kept_from: the first local day of which
            table sessions still has its rows.
    Output: columns of table visitors, one row per row of ``found``: the earlier first_seen, the later last_seen, the
            customers of both. The source is that of ``found``, unless its session began before kept_from and is gone.
    Raises: MissingColumnError, before any Spark job starts.
    """
    require_columns(found, VISITORS.names)
    require_columns(known, VISITORS.names)
    old = known.select(*(F.col(name).alias(name if name in KEYS else f"old_{name}") for name in VISITORS.names))
    # What a source that is gone said stays, but where it was direct and a later session was not.
    stays = (local_day(site, "old_source_at") < F.lit(kept_from.isoformat()).cast("date")) & (
        (F.col("old_source") != DIRECT) | (F.coalesce("source", F.lit(DIRECT)) == DIRECT)
    )
    values = {name: F.when(stays, F.col(f"old_{name}")).otherwise(F.col(name)) for name in SOURCE}
    values |= {
        "first_seen": F.least("first_seen", "old_first_seen"),
        "last_seen": F.greatest("last_seen", "old_last_seen"),
        "customer_ids": _union("customer_ids", "old_customer_ids"),
    }
    return found.join(old, on=list(KEYS), how="left").withColumns(values).select(*VISITORS.names)


def _union(one: str, other: str) -> Column:
    """Elements of two lists, sorted, each once; null is an empty list."""
    nobody = F.array().cast("array<string>")
    return F.array_sort(F.array_union(F.coalesce(one, nobody), F.coalesce(other, nobody)))
