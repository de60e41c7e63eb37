"""Scores of people, by their own ids. The id travels with the row: never a line number (docs/model.md)."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from analytics.model.regression import Model, score_column
from analytics.schema.frames import require_columns
from logdig.tables.feature_sets import BROWSING, LISTENING
from logdig.tables.model import PREDICTIONS

REASONS = 2
"""So many features are named."""
WORDS = {**LISTENING, **BROWSING, "lately": "did it in the 28 days before"}


def predictions(rows: DataFrame, model: Model, *, offer: str, model_version: str) -> DataFrame:
    """Score people for one offer.

    Input:  rows of table features: app, customer_id, user_key, as_of and the model's names.
    Output: the columns of PREDICTIONS, one row per input row whose features are all known; score double, 0 to 1.
    Raises: MissingColumnError, before any Spark job starts.
    """
    require_columns(rows, ["app", "customer_id", "user_key", "as_of", *model.names])
    scored = (
        rows.withColumn("offer", F.lit(offer))
        .withColumn("model_version", F.lit(model_version))
        .withColumn("score", score_column(model))
        .withColumn("reason", reason_column(model))
    )
    return scored.where("score IS NOT NULL").select(*PREDICTIONS.names)


def reason_column(model: Model) -> Column:
    """Name the features that raise a score most above that of an average person, in words; null where none does."""
    told = []
    for name, mean, scale, weight in zip(model.names, model.means, model.scales, model.coefficients, strict=True):
        raised = (F.col(name) - F.lit(mean)) / F.lit(scale) * F.lit(weight)
        words = F.format_string(f"{_escaped(WORDS.get(name, name))} %.2f (mean {mean:.2f})", F.col(name).cast("double"))
        told.append(F.struct((-raised).alias("order"), words.alias("words")))
    above = F.filter(F.array(*told), lambda one: one["order"] < 0)
    best = F.slice(F.array_sort(above), 1, REASONS)
    return F.nullif(F.array_join(F.transform(best, lambda one: one["words"]), "; "), F.lit(""))


def _escaped(words: str) -> str:
    return words.replace("%", "%%")
