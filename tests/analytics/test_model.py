"""The model and its gate, on the older system's feature file and on small made-up samples. No Spark."""

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.model.quality_gate import Sample, evaluate, gate, metrics, train
from analytics.model.regression import Model, Numbers, fit, score, scores, version
from logdig.tables.model import FEATURE_NAMES

T1 = datetime(2026, 10, 1, tzinfo=UTC)
WEEK = timedelta(days=7)


def sample(rows: Numbers, labels: Numbers, as_of: datetime = T1) -> Sample:
    return Sample(rows, labels, as_of, as_of + WEEK)


def made_up(count: int, *, strength: float, seed: int) -> tuple[Numbers, Numbers]:
    """Customers of whom about 12 % click, more with a higher first number when ``strength`` is above 0."""
    draw = np.random.default_rng(seed)
    rows = draw.random((count, 3))
    chances = 1 / (1 + np.exp(2.2 - strength * (rows[:, 0] - 0.5)))
    return rows, (draw.random(count) < chances).astype(float)


def pair(strength: float, count: int = 3000, seed: int = 1) -> tuple[Sample, Sample]:
    return (
        sample(*made_up(count, strength=strength, seed=seed)),
        sample(*made_up(count, strength=strength, seed=seed + 1), as_of=T1 + WEEK),
    )


def older_features(folder: Path) -> tuple[Numbers, Numbers]:
    lines = [line.split() for line in (folder / "features.txt").read_text().splitlines()]
    rows = np.array([[float(pair.partition(":")[2]) for pair in line[1:]] for line in lines])
    return rows, np.array([float(line[0]) for line in lines])


def older_split(count: int) -> NDArray[np.bool_]:
    """The split of 2016: seed 0 XOR partition index 1, ten draws thrown away, below 0.7 is training.

    Python 3 seeds its generator with a whole number as Python 2.7 did.
    """
    draw = random.Random(0 ^ 1)
    for _ in range(10):
        draw.random()
    return np.array([draw.random() < 0.7 for _ in range(count)])


def test_model_makes_the_errors_of_2016_when_split_and_fitted_as_then(shared_data: Path) -> None:
    rows, labels = older_features(shared_data)
    kept = older_split(len(rows))

    model = fit(FEATURE_NAMES, rows[kept], labels[kept], penalty=0, standardise=False, intercept=False)
    evaluation = evaluate(
        sample(rows[kept], labels[kept]),
        sample(rows[~kept], labels[~kept], T1 + WEEK),
        scores(model, rows[~kept]),
    )

    assert (evaluation.train_rows, evaluation.test_rows, evaluation.test_positives) == (3484, 1516, 212)
    assert evaluation.model is not None
    assert evaluation.constant is not None
    assert 14 <= evaluation.model.error * 1516 <= 18
    assert evaluation.model.brier == pytest.approx(0.0096, abs=2e-4)
    assert evaluation.constant.brier == pytest.approx(0.1204, abs=1e-4)
    assert evaluation.constant.average_precision == pytest.approx(212 / 1516)
    assert evaluation.constant.roc_auc == pytest.approx(0.5)


def test_our_fit_makes_fewer_errors_when_standardised_with_intercept(shared_data: Path) -> None:
    rows, labels = older_features(shared_data)
    kept = older_split(len(rows))

    found = metrics(labels[~kept], scores(fit(FEATURE_NAMES, rows[kept], labels[kept]), rows[~kept]))

    assert found is not None
    assert found.error * 1516 == pytest.approx(4, abs=1)
    assert found.brier == pytest.approx(0.0023, abs=1e-4)


def test_gate_refuses_the_constant_predictor_when_the_audience_is_active_and_below_gold(shared_data: Path) -> None:
    with (shared_data / "cust.csv").open(newline="") as file:
        audience = {row["CustID"] for row in csv.DictReader(file) if row["Level"] != "2" and row["Status"] == "1"}
    with (shared_data / "features_by_customer.csv").open(newline="") as file:
        people = [row for row in csv.DictReader(file) if row["customer_id"] in audience]
    rows = np.array([[float(row[name]) for name in FEATURE_NAMES] for row in people])
    labels = np.array([float(row["label"]) for row in people])
    known = sample(rows, labels)
    later = sample(rows, labels, T1 + WEEK)

    evaluation = evaluate(known, later, np.full(len(labels), labels.mean()))
    result = gate(evaluation)

    assert (len(labels), labels.sum()) == (4023, 253)
    assert evaluation.model is not None
    # The rule of 2016, "error at most 10 %", lets it pass.
    assert evaluation.model.error == pytest.approx(253 / 4023)
    assert not result.passed
    assert "Brier is not" in result.reason
    assert "average precision is not" in result.reason


def test_gate_passes_when_the_later_test_is_predicted_better_than_by_the_constant() -> None:
    model, evaluation = train(["a", "b", "c"], *pair(strength=8.0))

    result = gate(evaluation)

    assert model is not None
    assert result.passed, result.reason
    assert result.reason.startswith("Brier 0.")


@pytest.mark.parametrize("seed", range(20))
def test_gate_refuses_when_the_features_say_nothing(seed: int) -> None:
    _, evaluation = train(["a", "b", "c"], *pair(strength=0.0, count=400, seed=seed))

    assert not gate(evaluation).passed


def test_gate_refuses_when_the_test_is_not_later() -> None:
    before, after = pair(strength=8.0)

    _, evaluation = train(["a", "b", "c"], after, before)

    assert not gate(evaluation).passed
    assert "not lie later" in gate(evaluation).reason


@pytest.mark.parametrize(
    "train_clicks, test_clicks, said",
    [
        (49, 500, ["49 of 3000 customers clicked in the training window, at least 50"]),
        (500, 19, ["19 of 3000 customers clicked in the test window, at least 20"]),
        (0, 500, ["0 of 3000 customers clicked in the training window"]),
        (3000, 500, ["no model"]),
    ],
)
def test_gate_refuses_with_the_figures_when_clicks_are_too_few(
    train_clicks: int, test_clicks: int, said: list[str]
) -> None:
    rows = np.linspace(1, 0, 3000).reshape(-1, 1)
    first, second = (np.arange(3000) < count for count in (train_clicks, test_clicks))

    _, evaluation = train(["a"], sample(rows, first.astype(float)), sample(rows, second.astype(float), T1 + WEEK))
    result = gate(evaluation)

    assert not result.passed
    assert all(words in result.reason for words in said)


def test_gate_refuses_when_there_is_nobody() -> None:
    nobody = Sample(np.empty((0, 1)), np.empty(0), None, None)

    model, evaluation = train(["a"], nobody, nobody)

    assert model is None
    assert not gate(evaluation).passed
    assert gate(evaluation).reason.startswith("0 of 0 customers")


def test_metrics_leave_the_auc_open_when_one_class_is_met() -> None:
    found = metrics(np.zeros(4), np.full(4, 0.1))

    assert found is not None
    assert (found.error, found.average_precision, found.roc_auc) == (0.0, 0.0, None)
    assert found.brier == pytest.approx(0.01)


def test_model_is_the_same_when_it_went_through_json() -> None:
    model = fit(["a", "b", "c"], *made_up(500, strength=4.0, seed=3))

    copy = msgspec.json.decode(msgspec.json.encode(model), type=Model)

    assert copy == model
    assert version(copy, "app", "offer") == version(model, "app", "offer")
    assert version(model, "app", "offer") != version(model, "app", "other")


def test_model_has_finite_numbers_when_classes_part_and_columns_repeat() -> None:
    rows = np.array([[0.0, 1.0, 0.5], [0.1, 0.9, 0.5], [0.9, 0.1, 0.5], [1.0, 0.0, 0.5]])

    model = fit(["a", "b", "c"], rows, np.array([0.0, 0.0, 1.0, 1.0]))

    assert np.isfinite([*model.coefficients, model.intercept]).all()
    assert [round(chance) for chance in scores(model, rows)] == [0, 0, 1, 1]


@pytest.mark.parametrize("intercept", [-2000.0, -1.0, 0.0, 1.0, 2000.0])
def test_plain_and_array_scores_agree_when_logits_are_extreme(intercept: float) -> None:
    model = Model(("a", "b"), (0.5, 0.1), (0.2, 0.05), (1.5, -3.0), intercept)
    rows = np.random.default_rng(5).random((50, 2))

    plain = [score(model, row) for row in rows.tolist()]

    assert scores(model, rows) == pytest.approx(plain, abs=1e-9)


def test_score_refuses_when_values_are_missing() -> None:
    with pytest.raises(ValueError):
        score(Model(("a", "b"), (0, 0), (1, 1), (1, 1), 0), [0.5])
