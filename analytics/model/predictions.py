"""Scores of customers, by their own ids. The id travels with the row: never a line number (docs/model.md)."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from analytics.model.regression import Model, score_column
from analytics.schema.frames import require_columns
from logdig.tables.model import PREDICTIONS


def predictions(rows: DataFrame, model: Model, *, offer: str, model_version: str) -> DataFrame:
    """Score customers for one offer.

    Input:  rows of `analytics.model.features.features`: app, customer_id, as_of and the model's names, not null.
    Output: the columns of PREDICTIONS, one row per input row; score double, 0 to 1.
    Raises: MissingColumnError, before any Spark job starts.
    """
    require_columns(rows, ["app", "customer_id", "as_of", *model.names])
    scored = (
        rows.withColumn("offer", F.lit(offer))
        .withColumn("model_version", F.lit(model_version))
        .withColumn("score", score_column(model))
    )
    return scored.select(*PREDICTIONS.names)
