"""What each customer's listening looked like up to a time, and whether an ad was clicked after it.

Only events with ads consent are read. Nothing after ``as_of`` reaches a feature and nothing up to it reaches a label,
so a test set can lie later than its training set (docs/model.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from analytics.schema.frames import require_columns
from logdig.tables.model import FEATURE_NAMES, FEATURES

DAY_PARTS = FEATURE_NAMES[:4]
LONGEST_WINDOW = timedelta(days=28)
"""Label windows never grow beyond four whole weeks: behaviour a year ago says little about the next weeks."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Train on clicks in (train_as_of, test_as_of], test on clicks in (test_as_of, test_until]; equally long."""

    train_as_of: datetime
    test_as_of: datetime
    test_until: datetime


def windows(start: datetime, end: datetime) -> Windows:
    """Place the two label windows at the end of what is known.

    Each is a quarter of the span, at most 28 days: half of the span remains for features before the first label, and
    equal lengths make the share of positives comparable.

    Args:
        start: The first listen or click of an app.
        end: The last one.
    Raises:
        ValueError: ``end`` lies before ``start``.
    """
    if end < start:
        raise ValueError(f"the span ends {end} before it starts {start}")
    length = min((end - start) / 4, LONGEST_WINDOW)
    return Windows(end - 2 * length, end - length, end)


def features(listens: DataFrame, as_of: datetime) -> DataFrame:
    """Summarise each customer's listens up to a time.

    Input:  mart listens: app, customer_id, track_id, occurred_at, day_part, mobile, ads_consent.
    Output: one row per (app, customer_id) with a listen: app, customer_id, as_of, listens long >= 1, then the shares
            (double, 0 to 1, unrounded) morning afternoon evening night mobile and unique = distinct tracks / listens.
            The four day parts sum to 1. Listens of visitors without a customer_id are left out.
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/model.md, "Features".
    """
    require_columns(listens, ["app", "customer_id", "track_id", "occurred_at", "day_part", "mobile", "ads_consent"])
    known = listens.where(
        F.col("ads_consent") & F.col("customer_id").isNotNull() & (F.col("occurred_at") <= F.lit(as_of))
    )
    shares = [_share(F.col("day_part") == part).alias(part) for part in DAY_PARTS]
    return (
        known.groupBy("app", "customer_id")
        .agg(
            F.count("*").alias("listens"),
            *shares,
            _share(F.col("mobile")).alias("mobile"),
            (F.countDistinct("track_id") / F.count("*")).alias("unique"),
        )
        .select("app", "customer_id", F.lit(as_of).alias("as_of"), "listens", *FEATURE_NAMES)
    )


def ad_clicks(events: DataFrame) -> DataFrame:
    """Pick the clicks on ads.

    Input:  table events: app, customer_id, type, occurred_at, ad {name, action}, consent {ads}, bot.
    Output: one row per click of a known customer who allowed ads: app, customer_id, ad, occurred_at. Bots are left out.
    Raises: MissingColumnError, before any Spark job starts.
    """
    require_columns(events, ["app", "customer_id", "type", "occurred_at", "ad", "consent", "bot"])
    return events.where(
        (F.col("type") == "ad")
        & (F.col("ad.action") == "click")
        & F.col("consent.ads")
        & F.col("customer_id").isNotNull()
        & ~F.coalesce(F.col("bot"), F.lit(False))
    ).select("app", "customer_id", F.col("ad.name").alias("ad"), "occurred_at")


def spans(listens: DataFrame, clicks: DataFrame) -> DataFrame:
    """Find how long each app has been heard of.

    Input:  mart listens; clicks of `ad_clicks`.
    Output: one row per app with a listen that ads may use: app, start and end (timestamps) of its first and last
            listen or click.
    """
    heard = listens.where(F.col("ads_consent") & F.col("customer_id").isNotNull()).select("app", "occurred_at")
    later = clicks.select("app", "occurred_at").join(heard.select("app").distinct(), on="app", how="left_semi")
    return (
        heard.unionByName(later)
        .groupBy("app")
        .agg(F.min("occurred_at").alias("start"), F.max("occurred_at").alias("end"))
        .select("app", "start", "end")
    )


def labelled(rows: DataFrame, clicks: DataFrame, ad: str, until: datetime) -> DataFrame:
    """Add whether each row's customer clicked an ad after the row's time.

    Input:  rows of `features`; clicks of `ad_clicks`.
    Output: the same rows, once each, with label_until and label int: 1 = a click in (as_of, until], else 0.
    """
    wanted = clicks.where((F.col("ad") == ad) & (F.col("occurred_at") <= F.lit(until))).select(
        "app", "customer_id", F.col("occurred_at").alias("clicked_at")
    )
    last = wanted.groupBy("app", "customer_id").agg(F.max("clicked_at").alias("clicked_at"))
    label = F.coalesce(F.col("clicked_at") > F.col("as_of"), F.lit(False)).cast("int")
    return rows.join(last, on=["app", "customer_id"], how="left").select(
        *rows.columns, F.lit(until).alias("label_until"), label.alias("label")
    )


def training_rows(listens: DataFrame, clicks: DataFrame, ad: str, times: Windows, now: datetime) -> DataFrame:
    """Make the rows to train on, to test on and to score.

    Output: table features (columns of FEATURES): splits train, test, and now, whose label is null.
    """
    train = labelled(features(listens, times.train_as_of), clicks, ad, times.test_as_of)
    test = labelled(features(listens, times.test_as_of), clicks, ad, times.test_until)
    current = (
        features(listens, now)
        .withColumn("label_until", F.lit(None).cast("timestamp"))
        .withColumn("label", F.lit(None).cast("int"))
    )
    parts = {"train": train, "test": test, "now": current}
    named = [rows.withColumn("split", F.lit(split)) for split, rows in parts.items()]
    return reduce(DataFrame.unionByName, named).withColumn("offer", F.lit(ad)).select(*FEATURES.names)


def _share(condition: Column) -> Column:
    return F.avg(F.when(condition, 1.0).otherwise(0.0))
