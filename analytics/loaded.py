"""Customers and tracks from loaded files: of several loads of one id the latest counts."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 (the name every Spark reader knows)

from analytics.schema import CUSTOMERS, TRACKS


def customers(lines: DataFrame) -> DataFrame:
    """Keep each customer's latest line.

    Input:  columns of schema.LOADED_CUSTOMERS: app, customer_id and zip text, the codes int.
    Output: one row per (app, customer_id), columns of schema.CUSTOMERS.
    """
    return _latest(lines, "customer_id").select(*CUSTOMERS.fieldNames())


def tracks(lines: DataFrame) -> DataFrame:
    """Keep each track's latest line.

    Input:  columns of schema.LOADED_TRACKS.
    Output: one row per (app, track_id), columns of schema.TRACKS.
    """
    return _latest(lines, "track_id").select(*TRACKS.fieldNames())


def _latest(lines: DataFrame, key: str) -> DataFrame:
    whole = F.xxhash64(*lines.columns)
    place = F.row_number().over(Window.partitionBy("app", key).orderBy(F.desc("loaded_at"), whole))
    rows = lines.withColumn("place", place).where(F.col("place") == 1).where(F.col(key).isNotNull())
    return rows.withColumn("loaded_at", F.col("loaded_at").cast("timestamp"))
