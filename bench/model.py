"""How long a model takes: fit, calibration and figures of a million rows, 200 resamples, and scoring in Spark against a
Python function.

Run ``.venv/bin/python bench/model.py``, or with ``--rows 100000`` fewer rows; ``--no-spark`` leaves Spark out. Seconds
are of this machine; the two ways to score run in one session, one after the other, and the fastest of ROUNDS counts:
Java compiles what runs often, and the first round also starts Python's workers.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np

from analytics.model.measuring import Money, compare, metrics
from analytics.model.regression import Model, calibrated, fit, score, score_column, scores

NAMES = ("a", "b", "c", "d", "e", "f")
MONEY = Money(1.0, 10.0)
ROUNDS = 6


def timed(what: str, work: Callable[[], object]) -> tuple[object, float]:
    """Do it, and print wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{what:48} {wall:7.2f} s wall {cpu:7.2f} s CPU", flush=True)
    return found, wall


def training(rows: int) -> Model:
    """Fit, calibrate, measure; then compare with simple predictors."""
    draw = np.random.default_rng(1)
    values = draw.random((rows, len(NAMES)))
    labels = (draw.random(rows) < 1 / (1 + np.exp(3 - 3 * (values[:, 0] - 0.5) - values[:, 1]))).astype(float)
    weights = draw.choice([1.1, 22.0], rows, p=[0.9, 0.1])

    def once() -> Model:
        model = fit(NAMES, values, labels, np.minimum(weights, 4.0))
        model = calibrated(model, values, labels, weights)
        metrics(labels, scores(model, values), weights)
        return model

    model, _ = timed("fit, calibration, Brier, average precision", once)
    assert isinstance(model, Model)
    found, simple = scores(model, values), np.full(rows, labels.mean())
    lately = np.where(values[:, 0] > 0.5, 0.2, 0.1)
    others = {"constant": simple, "clicked lately": lately}
    timed("200 resamples against two predictors", lambda: compare(labels, weights, found, others, MONEY))
    return model


def scoring(model: Model, rows: int) -> None:
    """Score by the column expression and by a Python function."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as F  # noqa: N812

    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    frame = spark.range(rows).select(*(F.rand(place).alias(name) for place, name in enumerate(NAMES))).cache()
    frame.count()
    in_python = F.udf(lambda *values: score(model, values), "double")
    ways = {"as a column expression": score_column(model), "by a Python function": in_python(*NAMES)}
    seconds: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, column in ways.items():
            _, took = timed(f"score {rows:,} {name}", lambda column=column: frame.agg(F.sum(column)).collect())
            seconds[name] = min(took, seconds.get(name, took))
    first, second = seconds.values()
    print(f"the expression is {second / first:.1f} times as fast")
    spark.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--no-spark", action="store_true")
    options = parser.parse_args()
    model = training(options.rows)
    if not options.no_spark:
        scoring(model, options.rows)


if __name__ == "__main__":
    main()
