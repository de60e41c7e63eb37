"""What became of offers: every decision, and every click on an ad."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from analytics.marts.people_events import bucket, counted, weight
from analytics.marts.site import Site, local_day
from analytics.schema.frames import require_columns
from logdig.tables.model import EXPOSURES

EXPOSURE = "$exposure"
"""Name of the decision service's event, as in `logdig.decide`."""
NEEDED = ("app", "event_id", "type", "occurred_at", "user_key", "customer_id", "custom", "ad", "sample_rate")


def exposures(events: DataFrame, site: Site) -> DataFrame:
    """Keep decisions and clicks on ads, one row each.

    Input:  events: NEEDED and those of `people_events.counted`.
    Output: columns of table exposures. Decisions are the service's own, so all of them count but those of staff;
            clicks are people's, as in every mart.
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/offers.md; docs/tables.md, "exposures".
    """
    require_columns(events, NEEDED)
    decided = events.where((F.col("type") == "custom") & (F.col("custom.name") == EXPOSURE))
    decided = decided.where("NOT coalesce(staff, false)").withColumn("day", local_day(site))
    clicked = counted(events, site).where((F.col("type") == "ad") & (F.col("ad.action") == "click"))
    return _decisions(decided).unionByName(_clicks(clicked)).select(*EXPOSURES.names)


def _decisions(rows: DataFrame) -> DataFrame:
    decision = _text("decision")
    # Exposures of older versions do not say it: there every answer of these two was the holdout's.
    would_show = F.coalesce(_is_true("would_show"), decision.isin("show", "holdout"), F.lit(False))
    return rows.select(
        *_who(),
        _text("offer").alias("offer"),
        _text("placement").alias("placement"),
        F.coalesce(_text("channel"), F.lit("page")).alias("channel"),
        decision.alias("decision"),
        _text("reason").alias("reason"),
        would_show.alias("would_show"),
        F.coalesce(_is_true("explore"), F.lit(False)).alias("explore"),
        F.coalesce(_number("band").cast("int"), F.lit(0)).alias("band"),
        _number("score").alias("score"),
        _number("p_show").alias("p_show"),
        _text("model_version").alias("model_version"),
        weight().alias("weight"),
        bucket(),
    )


def _clicks(rows: DataFrame) -> DataFrame:
    nothing = {"reason": "string", "score": "double", "p_show": "double", "model_version": "string"}
    return rows.select(
        *_who(),
        F.col("ad.name").alias("offer"),
        F.col("ad.placement").alias("placement"),
        F.lit("page").alias("channel"),
        F.lit("click").alias("decision"),
        *(F.lit(None).cast(kind).alias(name) for name, kind in nothing.items()),
        F.lit(False).alias("would_show"),
        F.lit(False).alias("explore"),
        F.lit(0).alias("band"),
        weight().alias("weight"),
        bucket(),
    )


def _who() -> tuple[str, ...]:
    return ("app", "day", "event_id", "occurred_at", "user_key", "customer_id")


def _text(name: str) -> Column:
    return F.try_element_at("custom.props", F.lit(name))


def _is_true(name: str) -> Column:
    """What a property says; null where it is not there."""
    return _text(name) == "true"


def _number(name: str) -> Column:
    return _text(name).try_cast("double")
