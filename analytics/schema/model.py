"""Columns of the four tables between listening and targets: features, models, predictions, targets.

All times are UTC. Scores are probabilities, 0 to 1. Ids are text.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql.types import (
    BooleanType,
    DataType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

TEXT, TIME, LONG, REAL, INT = StringType(), TimestampType(), LongType(), DoubleType(), IntegerType()

FEATURE_NAMES = ("morning", "afternoon", "evening", "night", "mobile", "unique")
"""The model's columns, in its order: shares of a customer's listens, 0 to 1, never rounded."""


def _struct(required: Mapping[str, DataType], optional: Mapping[str, DataType]) -> StructType:
    fields = [StructField(name, kind, False) for name, kind in required.items()]
    return StructType(fields + [StructField(name, kind, True) for name, kind in optional.items()])


FEATURES = _struct(
    {"app": TEXT, "offer": TEXT, "split": TEXT, "customer_id": TEXT, "as_of": TIME, "listens": LONG}
    | dict.fromkeys(FEATURE_NAMES, REAL),
    {"label_until": TIME, "label": INT},
)
"""One row per (app, offer, split, customer_id). ``split``: train, test, or now (no label yet); label 1 = clicked the
offer's ad after ``as_of`` and up to ``label_until``."""

MODELS = _struct(
    {
        "app": TEXT,
        "offer": TEXT,
        "trained_at": TIME,
        "train_rows": LONG,
        "train_positives": LONG,
        "test_rows": LONG,
        "test_positives": LONG,
        "passed": BooleanType(),
        "reason": TEXT,
    },
    {
        "train_as_of": TIME,
        "train_until": TIME,
        "test_as_of": TIME,
        "test_until": TIME,
        "model_version": TEXT,
        "coefficients": TEXT,
        "error": REAL,
        "average_precision": REAL,
        "brier": REAL,
        "roc_auc": REAL,
        "constant_error": REAL,
        "constant_average_precision": REAL,
        "constant_brier": REAL,
        "constant_roc_auc": REAL,
    },
)
"""One row per (app, offer, trained_at), refused models too. ``coefficients``: JSON of analytics.model.Model; the
figures are those of the eligible audience in the test window, null where there was nothing to measure."""

PREDICTIONS = _struct(
    {"app": TEXT, "customer_id": TEXT, "offer": TEXT, "model_version": TEXT, "as_of": TIME, "score": REAL}, {}
)
"""One row per (app, offer, customer_id): every customer with listens that ads may use, eligible or not."""

TARGETS = _struct(
    {
        "app": TEXT,
        "customer_id": TEXT,
        "offer": TEXT,
        "level": INT,
        "score": REAL,
        "model_version": TEXT,
        "features_as_of": TIME,
        "rank": INT,
    },
    {},
)
"""One row per (app, offer, customer_id) worth the offer; ``rank`` 1 is the best score of its app and offer."""
