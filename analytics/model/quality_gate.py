"""The gate: a model chooses people only when it beats the constant predictor, later in time, on enough clicks.

The constant predictor gives everyone the training share of clickers. An error of 6 % sounds good until one sees that
"nobody ever clicks" has it, too; so Brier score and average precision count, not the error (docs/model.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from analytics.model.regression import Model, Numbers, fit, scores

MIN_TRAIN_POSITIVES = 50
MIN_TEST_POSITIVES = 20
"""With fewer clicks the figures are mostly chance."""
BRIER_MARGIN = 0.02
"""The model's Brier score must be at least 2 % below the constant's ..."""
PRECISION_MARGIN = 0.20
"""... and its average precision at least 20 % above."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Customers at a time: ``rows`` (n x names), ``labels`` (n, 0 or 1) from clicks in (as_of, until].

    The times are None when there is nobody.
    """

    rows: Numbers
    labels: Numbers
    as_of: datetime | None
    until: datetime | None

    @property
    def positives(self) -> int:
        return int(self.labels.sum())


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures of one predictor; ``roc_auc`` is None where only one class was met."""

    error: float
    average_precision: float
    brier: float
    roc_auc: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model beside the constant predictor (the training share of positives); None where nothing could be measured."""

    train_rows: int
    train_positives: int
    train_as_of: datetime | None
    train_until: datetime | None
    test_rows: int
    test_positives: int
    test_as_of: datetime | None
    test_until: datetime | None
    model: Metrics | None
    constant: Metrics | None


@dataclass(frozen=True, slots=True)
class GateResult:
    """Whether a model may choose people, and the figures why."""

    passed: bool
    reason: str


def metrics(labels: Numbers, probabilities: Numbers) -> Metrics | None:
    """Measure probabilities against what happened; None without rows.

    Error counts a probability above 0.5 as "will click".
    """
    if not len(labels):
        return None
    positives = labels.sum()
    return Metrics(
        error=float(((probabilities > 0.5) != (labels == 1)).mean()),
        average_precision=float(average_precision_score(labels, probabilities)) if positives else 0.0,
        brier=float(((probabilities - labels) ** 2).mean()),
        roc_auc=float(roc_auc_score(labels, probabilities)) if 0 < positives < len(labels) else None,
    )


def train(names: Sequence[str], train: Sample, test: Sample) -> tuple[Model | None, Evaluation]:
    """Fit on one sample and measure on another; no model when the training sample holds one class only."""
    model = fit(names, train.rows, train.labels) if 0 < train.positives < len(train.labels) else None
    return model, evaluate(train, test, scores(model, test.rows) if model else None)


def evaluate(train: Sample, test: Sample, probabilities: Numbers | None) -> Evaluation:
    """Put probabilities for the test sample (None: no model) beside the constant predictor."""
    prior = train.labels.mean() if len(train.labels) else 0.0
    return Evaluation(
        len(train.labels),
        train.positives,
        train.as_of,
        train.until,
        len(test.labels),
        test.positives,
        test.as_of,
        test.until,
        model=None if probabilities is None else metrics(test.labels, probabilities),
        constant=metrics(test.labels, np.full(len(test.labels), prior)),
    )


def gate(evaluation: Evaluation) -> GateResult:
    """Decide whether a model may choose people: tested later, on enough clicks, and better than the constant."""
    faults = [*_time_faults(evaluation), *_count_faults(evaluation)]
    if evaluation.model is None or evaluation.constant is None:
        return GateResult(False, "; ".join(faults) or "no model or nothing to test it on")
    faults += _quality_faults(evaluation.model, evaluation.constant)
    figures = _figures(evaluation.model, evaluation.constant)
    return GateResult(not faults, "; ".join([*faults, figures]))


def _time_faults(evaluation: Evaluation) -> list[str]:
    times = (evaluation.train_as_of, evaluation.train_until, evaluation.test_as_of, evaluation.test_until)
    known = [time for time in times if time is not None]
    if len(known) < len(times):
        # Nobody is there; the counts say so.
        return []
    # The training's end and the test's start may be one instant: labels are open at their start.
    if known[0] < known[1] <= known[2] < known[3]:
        return []
    return ["the test does not lie later than the training; collect events over a longer time"]


def _count_faults(evaluation: Evaluation) -> list[str]:
    counts = (
        ("training", evaluation.train_positives, evaluation.train_rows, MIN_TRAIN_POSITIVES),
        ("test", evaluation.test_positives, evaluation.test_rows, MIN_TEST_POSITIVES),
    )
    return [
        f"{clickers} of {rows} customers clicked in the {name} window, at least {least} must"
        for name, clickers, rows, least in counts
        if clickers < least
    ]


def _quality_faults(model: Metrics, constant: Metrics) -> list[str]:
    faults = []
    # Written so that NaN fails, too.
    if not model.brier <= constant.brier * (1 - BRIER_MARGIN):
        faults.append(f"Brier is not {BRIER_MARGIN:.0%} below the constant's")
    if not model.average_precision >= constant.average_precision * (1 + PRECISION_MARGIN):
        faults.append(f"average precision is not {PRECISION_MARGIN:.0%} above the constant's")
    return faults


def _figures(model: Metrics, constant: Metrics) -> str:
    return (
        f"Brier {model.brier:.4f} (constant {constant.brier:.4f}), "
        f"average precision {model.average_precision:.4f} (constant {constant.average_precision:.4f}), "
        f"error {model.error:.4f} (constant {constant.error:.4f})"
    )
