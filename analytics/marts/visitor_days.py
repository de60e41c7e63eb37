"""Every visitor of a day: when seen, which customers."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from analytics.marts.people_events import COUNTED_COLUMNS, counted
from analytics.marts.site import Site
from analytics.schema.frames import require_columns
from logdig.tables.visitors import VISITOR_DAYS

NEEDED = ("user_key", "customer_id", *COUNTED_COLUMNS)


def visitor_days(events: DataFrame, site: Site) -> DataFrame:
    """Summarise the visitors of each day by the events that count.

    Input:  events: NEEDED.
    Output: columns of table visitor_days, one row per (app, day, user_key) with a counted event; day is the local day.
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/measures.md, "visitor".
    """
    require_columns(events, NEEDED)
    seen = counted(events.select(*dict.fromkeys(NEEDED)), site).where("user_key IS NOT NULL")
    return (
        seen.groupBy("app", "day", "user_key")
        .agg(
            F.min("occurred_at").alias("first_seen"),
            F.max("occurred_at").alias("last_seen"),
            F.array_sort(F.collect_set("customer_id")).alias("customer_ids"),
        )
        .select(*VISITOR_DAYS.names)
    )
