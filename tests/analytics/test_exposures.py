"""The mart of decisions, and the points that a model learns from, against plain counts."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from analytics.marts.exposures import exposures
from analytics.marts.site import site_of
from analytics.model.points import activity, exposure_points, known_points, windows, with_lately
from analytics.model.regression import fit, scores
from analytics.model.trainers import train_spark
from analytics.schema.columns import table_columns
from logdig.config.settings import AppSettings, Settings

pytestmark = [pytest.mark.java, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
Row = dict[str, Any]


def frame(spark: SparkSession, name: str, rows: list[Row]) -> DataFrame:
    columns = table_columns(name)
    return spark.createDataFrame([tuple(row.get(field.name) for field in columns) for row in rows], columns)


def found(rows: DataFrame) -> list[Row]:
    listed: list[Row] = rows.toArrow().to_pylist()
    return listed


def decision(number: int, at: datetime, **props: str) -> Row:
    return {
        "app": "shop", "event_id": f"d{number}", "type": "custom", "occurred_at": at, "customer_id": "7",
        "user_key": "v", "custom": {"name": "$exposure", "props": props}, "bot": False, "consent": (True, True),
        "day": at.date(),
    }  # fmt: skip


def test_exposures_are_decisions_with_their_numbers_and_clicks_on_ads(spark: SparkSession) -> None:
    late = datetime(2026, 11, 23, 16, tzinfo=UTC)
    click = {"app": "shop", "event_id": "c", "type": "ad", "occurred_at": late, "user_key": "v", "bot": False}
    rows = [
        decision(1, late, decision="show", offer="UPGRADE", would_show="true", explore="true", band="2", score="0.25",
                 p_show="0.045", placement="top", channel="page", reason="eligible", model_version="m"),
        decision(2, late, decision="suppress", reason="no_consent"),
        # An older service named neither.
        decision(3, late, decision="holdout", offer="UPGRADE"),
        {**decision(4, late, decision="show", offer="UPGRADE"), "staff": True},
        {**decision(5, late), "custom": {"name": "other", "props": {}}},
        {**click, "ad": ("UPGRADE", "click", "d1", "top"), "consent": (True, True)},
        {**click, "event_id": "robot", "ad": ("UPGRADE", "click", None, None), "bot": True, "page_view_id": "p"},
        {**click, "event_id": "seen", "ad": ("UPGRADE", "view", None, None)},
    ]  # fmt: skip
    site = site_of(Settings(apps=(AppSettings(name="shop", token="pk_shop_1", timezone="Asia/Seoul"),)))

    rows_of = {row["event_id"]: row for row in found(exposures(frame(spark, "events", rows), site))}

    assert set(rows_of) == {"d1", "d2", "d3", "c"}
    first = rows_of["d1"]
    assert (first["would_show"], first["explore"], first["band"]) == (True, True, 2)
    assert (first["score"], first["p_show"], str(first["day"])) == (0.25, 0.045, "2026-11-24")
    assert (rows_of["d2"]["would_show"], rows_of["d2"]["offer"], rows_of["d2"]["explore"]) == (False, None, False)
    assert rows_of["d3"]["would_show"] is True
    assert (rows_of["c"]["decision"], rows_of["c"]["offer"], rows_of["c"]["placement"]) == ("click", "UPGRADE", "top")


def random_decisions(draw: random.Random) -> list[Row]:
    return [
        {
            "app": "shop", "event_id": f"d{number}", "occurred_at": NOW - timedelta(days=draw.random() * 200),
            "customer_id": draw.choice(("1", "2", "3", None)), "user_key": "v", "offer": draw.choice(("A", "B")),
            "decision": draw.choice(("show", "holdout")), "would_show": draw.random() < 0.8,
            "p_show": draw.choice((0.9, 0.045, 0.0, None)), "explore": False, "band": 0, "bucket": 0,
        }
        for number in range(400)
    ]  # fmt: skip


def test_points_are_first_decisions_of_windows_that_showed_the_offer(spark: SparkSession) -> None:
    rows = random_decisions(random.Random(3))
    first: dict[tuple[str, int], Row] = {}
    for row in sorted(rows, key=lambda row: (row["occurred_at"], row["event_id"])):
        ago = NOW - row["occurred_at"]
        if row["offer"] == "A" and row["would_show"] and row["customer_id"] and WEEK <= ago <= timedelta(days=183):
            first.setdefault((row["customer_id"], int(ago / WEEK)), row)
    expected = {
        (row["customer_id"], row["occurred_at"], row["p_show"])
        for row in first.values()
        if row["decision"] == "show" and row["p_show"]
    }

    points = found(exposure_points(frame(spark, "exposures", rows), "A", "customer", WEEK, NOW))

    assert {(row["person"], row["as_of"], row["p_show"]) for row in points} == expected
    assert len(points) == len(expected) > 10


def test_known_points_are_people_who_did_something_before_each_time(spark: SparkSession) -> None:
    def event(person: str, days: float, **more: Any) -> Row:
        return {"app": "shop", "event_id": f"{person}{days}", "type": "page", "customer_id": person, "user_key": "v",
                "occurred_at": NOW - timedelta(days=days), "consent": (True, True), "bot": False, **more}  # fmt: skip

    events = [
        event("1", 1), event("1", 1.01), event("2", 20), event("3", 40), event("3", 39, consent=(True, False)),
        event("4", 3, staff=True), event("5", 3, bot=True, page_view_id="p"),
    ]  # fmt: skip
    seen = activity(frame(spark, "events", events), "customer", NOW - timedelta(days=100))
    outcomes = spark.createDataFrame(
        [("shop", "customer", "2", NOW - timedelta(days=18)), ("shop", "customer", "1", NOW)],
        "app string, unit string, person string, occurred_at timestamp",
    )

    points = known_points(seen, "customer", (NOW - 2 * WEEK, NOW))
    rows = found(with_lately(points, outcomes))

    assert sorted((row["person"], row["as_of"], row["lately"]) for row in rows) == [
        ("1", NOW, 0),
        ("2", NOW - 2 * WEEK, 1),
        ("2", NOW, 1),
        ("3", NOW - 2 * WEEK, 0),
    ]
    assert {row["p_show"] for row in rows} == {1.0}


@pytest.mark.parametrize(
    ("days", "count", "length"), [(60.0, 4, 7.0), (400.0, 8, 7.0), (14.0, 2, 3.5), (0.0, 0, 0.0), (29.0, 2, 7.0)]
)
def test_windows_leave_half_of_the_time_for_features(days: float, count: int, length: float) -> None:
    start = NOW - timedelta(days=days)

    placed = windows(start, NOW, WEEK)

    assert (len(placed.times), placed.length) == (count, timedelta(days=length))
    assert all(start + (NOW - start) / 2 <= time <= NOW - placed.length for time in placed.times)
    assert list(placed.times) == sorted(placed.times)


def test_spark_fits_the_numbers_of_scikit_learn(spark: SparkSession) -> None:
    draw = np.random.default_rng(8)
    rows = draw.random((2000, 3)) * [1, 10, 0.1]
    labels = (draw.random(2000) < 1 / (1 + np.exp(2 - 3 * rows[:, 0] + 20 * rows[:, 2]))).astype(float)
    weights = draw.choice([1.1, 4.0], 2000)
    values = [
        (*row, int(label), weight) for row, label, weight in zip(rows.tolist(), labels, weights.tolist(), strict=True)
    ]

    ours = fit(["a", "b", "c"], rows, labels, weights)
    theirs = train_spark(
        spark.createDataFrame(values, "a double, b double, c double, label int, weight double"), ["a", "b", "c"]
    )

    assert theirs.coefficients == pytest.approx(ours.coefficients, abs=1e-3)
    assert theirs.intercept == pytest.approx(ours.intercept, abs=1e-3)
    assert scores(theirs, rows) == pytest.approx(scores(ours, rows), abs=1e-3)
