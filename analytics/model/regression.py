"""Logistic regression: fitted by scikit-learn, calibrated, kept as JSON numbers, scored anywhere.

Who it may choose for is for `analytics.model.quality_gate` to say (docs/model.md).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from pyspark.sql import Column
from pyspark.sql import functions as F
from sklearn.linear_model import LogisticRegression

Numbers = NDArray[np.float64]

PENALTY = 1e-4
"""Weight of half the squared coefficients (standardised): too small to change a figure, enough for one finite answer
when the classes can be separated without error or the shares sum to 1. scikit-learn's default is 1; it costs errors."""
CALIBRATION_PENALTY = 1e-2
CERTAIN = 15.0
"""Log odds of one in three million."""
ITERATIONS = 100
TOLERANCE = 1e-6
SOLVER = "newton-cholesky"
"""Made for many more rows than columns: a million rows in a few steps."""


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fitted model as plain numbers, one of each per name; `msgspec.json` writes and reads it, never pickle."""

    names: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    coefficients: tuple[float, ...]
    intercept: float


def fit(
    names: Sequence[str],
    rows: Numbers,
    labels: Numbers,
    weights: Numbers | None = None,
    *,
    penalty: float = PENALTY,
    standardise: bool = True,
    intercept: bool = True,
) -> Model:
    """Fit a logistic regression.

    Args:
        names: One per column of ``rows``.
        weights: How much each row counts; None = alike.
        penalty: Weight of half the squared coefficients; 0 for none.
        standardise: Shares vary little, so without it a penalty weighs on them a hundredfold.
    Raises:
        ValueError: ``labels`` hold one class only.
    """
    means = rows.mean(axis=0) if standardise else np.zeros(rows.shape[1])
    spread = rows.std(axis=0) if standardise else np.ones(rows.shape[1])
    scales = np.where(spread > 0, spread, 1.0)
    fitted = _fitted((rows - means) / scales, labels, weights, penalty, intercept=intercept)
    constant = float(fitted.intercept_[0]) if intercept else 0.0
    return Model(tuple(names), _floats(means), _floats(scales), _floats(fitted.coef_[0]), constant)


def calibrated(model: Model, rows: Numbers, labels: Numbers, weights: Numbers) -> Model:
    """Stretch and shift a model's log odds so that its scores are the shares that these rows have.

    It stays a logistic regression, so the numbers of the model hold the calibration.

    Args:
        model: Fitted on other rows.
        rows: With their ``labels`` and ``weights``; of one class only, the model stays as it is.
    Source: J. Platt 1999, Probabilistic outputs for support vector machines.
    """
    if not 0 < labels.sum() < len(labels):
        return model
    logits = _logits(model, rows)
    if np.ptp(logits) == 0:
        return model
    # What is as good as certain stays so, and cannot outweigh all others.
    certain = np.clip(logits, -CERTAIN, CERTAIN).reshape(-1, 1)
    fitted = _fitted(certain, labels, weights, CALIBRATION_PENALTY, intercept=True)
    slope, shift = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    if slope <= 0:
        return model
    return msgspec.structs.replace(
        model,
        coefficients=tuple(slope * weight for weight in model.coefficients),
        intercept=slope * model.intercept + shift,
    )


def score(model: Model, values: Sequence[float]) -> float:
    """Return the probability (0 to 1) for one person's values, in the order of ``model.names``."""
    terms = zip(values, model.means, model.scales, model.coefficients, strict=True)
    logit = sum((value - mean) / scale * weight for value, mean, scale, weight in terms) + model.intercept
    # math.exp overflows above 709; this way it is only asked for what is below 0.
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))


def scores(model: Model, rows: Numbers) -> Numbers:
    """Return the probability of each row; equal to `score` to 1e-9."""
    logits = _logits(model, rows)
    small = np.exp(-np.abs(logits))
    probabilities: Numbers = np.where(logits >= 0, 1 / (1 + small), small / (1 + small))
    return probabilities


def score_column(model: Model) -> Column:
    """Return the probability as a column over the columns ``model.names``; equal to `score` to 1e-9."""
    slopes, constant = _line(model)
    terms = (F.col(name) * F.lit(slope) for name, slope in zip(model.names, slopes, strict=True))
    logit = reduce(add, terms, F.lit(constant))
    return F.lit(1.0) / (F.lit(1.0) + F.exp(-logit))


def version(model: Model, *context: object) -> str:
    """Name a model by its content: the same numbers for the same purpose have the same version."""
    content = repr(context).encode() + msgspec.json.encode(model)
    return hashlib.sha256(content).hexdigest()[:12]


def _fitted(
    rows: Numbers, labels: Numbers, weights: Numbers | None, penalty: float, *, intercept: bool
) -> LogisticRegression:
    strength = 1 / penalty if penalty else np.inf
    regression = LogisticRegression(
        C=strength, fit_intercept=intercept, max_iter=ITERATIONS, tol=TOLERANCE, solver=SOLVER
    )
    return regression.fit(rows, labels, sample_weight=weights)


def _logits(model: Model, rows: Numbers) -> Numbers:
    slopes, constant = _line(model)
    logits: Numbers = rows @ np.array(slopes) + constant
    return logits


def _line(model: Model) -> tuple[tuple[float, ...], float]:
    """Slopes and constant of the log odds over values as they are: standardising each would cost more than the rest."""
    slopes = np.array(model.coefficients) / np.array(model.scales)
    return _floats(slopes), model.intercept - float(np.array(model.means) @ slopes)


def _floats(values: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
