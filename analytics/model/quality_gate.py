"""The gate: a model chooses people only when it beats two simple predictors, on other people or later in time.

The constant gives everyone the same chance; "clicked lately" knows who did it in the last weeks. An error of 6 % sounds
good until one sees that "nobody ever clicks" has it, too; so Brier score, average precision and profit count, not the
error (docs/model.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from analytics.model.drift import Spread, spread
from analytics.model.measuring import Comparison, Metrics, Money, Range, compare, metrics
from analytics.model.regression import Model, Numbers, calibrated, fit, scores

MIN_TRAIN_POSITIVES = 50
MIN_TEST_POSITIVES = 20
"""With fewer the figures are mostly chance."""
MOST_WEIGHT = 4.0
"""In training a row counts at most so many times: single explorers must not carry the model."""
CONSTANT, LATELY = "constant", "clicked lately"
SPLITS = ("time", "people")


@dataclass(frozen=True, slots=True)
class Sample:
    """People at times.

    Args:
        rows: n x names.
        labels: 0 or 1.
        weights: 1 / chance of being shown.
        lately: 0 or 1: they did it in the last weeks before.
        as_of: First and last time of the features; None when there is nobody.
        until: End of the last label.
    """

    rows: Numbers
    labels: Numbers
    weights: Numbers
    lately: Numbers
    as_of: tuple[datetime, datetime] | None
    until: datetime | None

    @property
    def positives(self) -> int:
        return int(self.labels.sum())


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model beside simple predictors in the test; None where nothing could be measured."""

    split: str
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
    lately: Metrics | None
    comparison: Comparison | None
    spread: Spread | None = None


@dataclass(frozen=True, slots=True)
class GateResult:
    """Whether a model may choose people, and the figures why."""

    passed: bool
    reason: str


def train(
    names: Sequence[str],
    train: Sample,
    test: Sample,
    *,
    split: str = "time",
    money: Money | None = None,
    base: Model | None = None,
) -> tuple[Model | None, Evaluation]:
    """Fit and calibrate on one sample, measure on another; no model when the training sample holds one class only.

    Args:
        names: Of the features.
        train: What is learned from.
        test: Later, or other people.
        split: ``time`` or ``people``: how the two are split.
        money: Of the offer, if known.
        base: A model that Spark has fitted to more rows; None = it is fitted here.
    """
    model = fitted(names, train, base) if 0 < train.positives < len(train.labels) else None
    return model, evaluate(train, test, scores(model, test.rows) if model else None, split=split, money=money)


def fitted(names: Sequence[str], sample: Sample, base: Model | None = None) -> Model:
    """Fit a model with capped weights, if there is none yet, and calibrate it with the whole ones.

    Both take all rows: with a handful of features there is nothing to forget, and a part of the rows makes the share of
    targets swing from month to month (tests/unit/analytics/test_retraining.py).
    """
    capped = np.minimum(sample.weights, MOST_WEIGHT)
    model = base or fit(names, sample.rows, sample.labels, capped)
    # On its own rows a regression is calibrated already.
    if np.array_equal(capped, sample.weights):
        return model
    return calibrated(model, sample.rows, sample.labels, sample.weights)


def evaluate(
    train: Sample, test: Sample, probabilities: Numbers | None, *, split: str = "time", money: Money | None = None
) -> Evaluation:
    """Put probabilities for the test sample (None: no model) beside those of the simple predictors."""
    simple = simple_scores(train, test)
    measured = {name: metrics(test.labels, found, test.weights) for name, found in simple.items()}
    known = probabilities is not None and test.positives > 0
    return Evaluation(
        split,
        len(train.labels),
        train.positives,
        train.as_of[0] if train.as_of else None,
        train.until,
        len(test.labels),
        test.positives,
        test.as_of[0] if test.as_of else None,
        test.until,
        model=None if probabilities is None else metrics(test.labels, probabilities, test.weights),
        constant=measured[CONSTANT],
        lately=measured[LATELY],
        comparison=compare(test.labels, test.weights, probabilities, simple, money)
        if known and probabilities is not None
        else None,
        spread=None if probabilities is None or not len(test.labels) else spread(probabilities, test.weights),
    )


def simple_scores(train: Sample, test: Sample) -> dict[str, Numbers]:
    """Scores for the test of predictors that need no features: shares of the training, of all and by ``lately``.

    Of those who did it lately there may be few; one more of the average is added to either group.
    """
    share = float(np.average(train.labels, weights=train.weights)) if len(train.labels) else 0.0
    found = np.full(len(test.labels), share)
    by_lately = found.copy()
    for value in (0, 1):
        own = train.lately == value
        total = train.weights[own].sum() + 1
        by_lately[test.lately == value] = (float(train.labels[own] @ train.weights[own]) + share) / total
    return {CONSTANT: found, LATELY: by_lately}


def gate(evaluation: Evaluation, *, max_error: float | None = None) -> GateResult:
    """Decide whether a model may choose people.

    It is tested later or on other people, on enough positives, is better than the simple predictors by more than
    chance, and its choice pays more than showing to all and to none.

    Args:
        evaluation: Of a model.
        max_error: Greatest error, the rule of 2016; None = the error decides nothing.
    """
    faults = [*_time_faults(evaluation), *_count_faults(evaluation)]
    if evaluation.model is None or evaluation.comparison is None or evaluation.constant is None:
        return GateResult(False, "; ".join(faults) or "no model or nothing to test it on")
    faults += _quality_faults(evaluation.comparison)
    if max_error is not None and not evaluation.model.error <= max_error:
        faults.append(f"error {evaluation.model.error:.4f} is above {max_error:g}")
    figures = _figures(evaluation.model, evaluation.constant)
    return GateResult(not faults, "; ".join([*faults, figures]))


def details(evaluation: Evaluation) -> dict[str, Any]:
    """What the model card needs beyond the columns of table models; plain values for JSON."""
    lately = asdict(evaluation.lately) if evaluation.lately else None
    comparison = asdict(evaluation.comparison) if evaluation.comparison else {"gains": {}, "profits": None}
    found = asdict(evaluation.spread) if evaluation.spread else None
    return {"split": evaluation.split, "lately": lately, "spread": found, **comparison}


def _time_faults(evaluation: Evaluation) -> list[str]:
    times = (evaluation.train_as_of, evaluation.train_until, evaluation.test_as_of, evaluation.test_until)
    known = [time for time in times if time is not None]
    if evaluation.split != "time" or len(known) < len(times):
        # Other people are tested, or nobody is there; then the counts say so.
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
        f"{positives} of {rows} people did it in the {name} rows, at least {least} must"
        for name, positives, rows, least in counts
        if positives < least
    ]


def _quality_faults(found: Comparison) -> list[str]:
    faults = []
    for name, gains in found.gains.items():
        # Written so that NaN fails, too.
        if not gains.brier.low > 0:
            faults.append(f"Brier score is not below that of {_quoted(name)} by more than chance{_bounds(gains.brier)}")
        if not gains.average_precision.low > 0:
            bounds = _bounds(gains.average_precision)
            faults.append(f"average precision is not above that of {_quoted(name)} by more than chance{bounds}")
    if found.profits is not None:
        if not found.profits.model.estimate > 0:
            faults.append(f"showing where the score pays earns {found.profits.model.estimate:.4f} a person, no profit")
        if not found.profits.over_all.estimate >= 0:
            faults.append(f"showing to all earns {-found.profits.over_all.estimate:.4f} a person more")
    return faults


def _quoted(name: str) -> str:
    return f"the {name}" if name == CONSTANT else f'"{name}"'


def _bounds(found: Range) -> str:
    return f" (difference {found.low:.4f} to {found.high:.4f})"


def _figures(model: Metrics, constant: Metrics) -> str:
    return (
        f"Brier {model.brier:.4f} (constant {constant.brier:.4f}), "
        f"average precision {model.average_precision:.4f} (constant {constant.average_precision:.4f}), "
        f"error {model.error:.4f} (constant {constant.error:.4f})"
    )
