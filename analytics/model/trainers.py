"""Models of more rows than one machine holds, fitted by spark.ml: the same numbers as `regression.fit`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from analytics.model.regression import PENALTY, Model, Numbers

MOST_LOCAL_ROWS = 5_000_000
"""Above these, 240 MB of six features, Spark trains."""
LABEL, WEIGHT = "label", "weight"


def train_spark(rows: DataFrame, names: Sequence[str]) -> Model:
    """Fit by spark.ml, wherever the rows are; the model's JSON does not know who fitted it.

    Input:  rows: the names, ``label`` 0 or 1, ``weight``; none of them null.
    Output: as `analytics.model.regression.fit`, to 1e-3.
    Raises: ValueError: the labels hold one class only.
    """
    spread = [F.stddev_pop(name).alias(f"scale_{name}") for name in names]
    total = rows.agg(F.sum(WEIGHT).alias(WEIGHT), F.countDistinct(LABEL).alias(LABEL), *_means(names), *spread).first()
    if total is None or total[LABEL] < 2:
        raise ValueError("the labels hold one class only")
    means = [float(total[f"mean_{name}"]) for name in names]
    scales = [float(total[f"scale_{name}"]) or 1.0 for name in names]
    standard = [
        ((F.col(name) - F.lit(mean)) / F.lit(scale)).alias(name)
        for name, mean, scale in zip(names, means, scales, strict=True)
    ]
    vectors = VectorAssembler(inputCols=list(names), outputCol="features").transform(
        rows.select(*standard, F.col(LABEL).cast("double").alias(LABEL), F.col(WEIGHT).cast("double").alias(WEIGHT))
    )
    # spark.ml weighs its penalty against the mean loss, scikit-learn against the sum.
    regression = LogisticRegression(
        regParam=PENALTY / float(total[WEIGHT]), standardization=False, weightCol=WEIGHT, maxIter=200, tol=1e-12
    )
    fitted = regression.fit(vectors)
    slopes = tuple(float(value) for value in fitted.coefficients)
    return Model(tuple(names), tuple(means), tuple(scales), slopes, float(fitted.intercept))


def matrix(table: pa.Table, names: Sequence[str]) -> Numbers:
    """Columns of a table as n x names."""
    return np.column_stack([table[name].to_numpy().astype(np.float64) for name in names])


def _means(names: Sequence[str]) -> list[Column]:
    return [F.avg(name).alias(f"mean_{name}") for name in names]
