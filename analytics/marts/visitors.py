"""Visitors over all time: first and last seen, where from, which customers."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from analytics.marts.site import Site, local_day
from analytics.schema.frames import first_rows, require_columns
from logdig.tables.visitors import VISITORS
from logdig.visits.sources import DIRECT

KEYS = ("app", "user_key")
SOURCE = ("source_at", "source", "medium", "campaign", "channel")
"""Columns that come from one session together."""
SEEN = ("first_seen", "last_seen", "customer_ids")
OF_DAYS = (*KEYS, *SEEN)
OF_SESSIONS = (*KEYS, "session_id", "continued", "began_at", *SOURCE[1:])
GONE = "s.last_seen IS NULL"
"""Of a row of `merged`, for `analytics.tables.merge`: nothing tells of this visitor any more."""


def visitors(days: DataFrame, sessions: DataFrame) -> DataFrame:
    """Summarise visitors by what their days and their sessions tell.

    Input:  days: OF_DAYS of table visitor_days, all days of each visitor in question. sessions: OF_SESSIONS of table
            sessions, of these visitors at least.
    Output: columns of table visitors, one row per (app, user_key) of the days.
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/measures.md, "visitor".
    """
    require_columns(days, OF_DAYS)
    require_columns(sessions, OF_SESSIONS)
    seen = days.groupBy(*KEYS).agg(
        F.min("first_seen").alias("first_seen"),
        F.max("last_seen").alias("last_seen"),
        F.array_sort(F.array_distinct(F.flatten(F.collect_list("customer_ids")))).alias("customer_ids"),
    )
    begun = sessions.select(*OF_SESSIONS).where("NOT continued").withColumnRenamed("began_at", "source_at")
    came = first_rows(begun, KEYS, F.col("source") == DIRECT, "source_at", "session_id").select(*KEYS, *SOURCE)
    return seen.join(came, on=list(KEYS), how="left").select(*VISITORS.names)


def merged(
    found: DataFrame, known: DataFrame, site: Site, days_from: date = date.min, sessions_from: date = date.min
) -> DataFrame:
    """Add what the table knows of days that are gone: the rows that take the place of its own.

    Input:  found: output of `visitors`. known: rows of table visitors of the visitors in question, as they stand.
            days_from, sessions_from: the first local day of which table visitor_days, sessions, surely has its rows.
    Output: columns of table visitors, one row per visitor of either whose row changes; GONE where it leaves the table.
            What is found counts alone, unless the visitor was first seen before days_from: then the earlier first_seen,
            the later last_seen and the customers of both. The source is that of ``found``, unless its session began
            before sessions_from and is gone.
    Raises: MissingColumnError, before any Spark job starts.
    """
    require_columns(found, VISITORS.names)
    require_columns(known, VISITORS.names)
    old = known.select(*(F.col(name).alias(name if name in KEYS else f"old_{name}") for name in VISITORS.names))
    goes_back = F.coalesce(_before(site, "old_first_seen", days_from), F.lit(False))
    # What a source that is gone said stays, but where it was direct and a later session was not.
    stays = _before(site, "old_source_at", sessions_from) & (
        (F.col("old_source") != DIRECT) | (F.coalesce("source", F.lit(DIRECT)) == DIRECT)
    )
    values = {name: F.when(stays, F.col(f"old_{name}")).otherwise(F.col(name)) for name in SOURCE}
    both = {
        "first_seen": F.least("first_seen", "old_first_seen"),
        "last_seen": F.greatest("last_seen", "old_last_seen"),
        "customer_ids": _union("customer_ids", "old_customer_ids"),
    }
    values |= {name: F.when(goes_back, value).otherwise(F.col(name)) for name, value in both.items()}
    rows = found.join(old, on=list(KEYS), how="full").withColumns(values)
    changed = F.lit(False)
    for name in VISITORS.names:
        if name not in KEYS:
            changed |= ~F.col(name).eqNullSafe(F.col(f"old_{name}"))
    return rows.where(changed).select(*VISITORS.names)


def _before(site: Site, moment: str, first: date) -> Column:
    return local_day(site, moment) < F.lit(first.isoformat()).cast("date")


def _union(one: str, other: str) -> Column:
    """Elements of two lists, sorted, each once; null is an empty list."""
    nobody = F.array().cast("array<string>")
    return F.array_sort(F.array_union(F.coalesce(one, nobody), F.coalesce(other, nobody)))
