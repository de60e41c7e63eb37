"""Scores by real id, who becomes a target, and what the profile store holds afterwards."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from analytics.model.predictions import predictions
from analytics.model.regression import Model, fit, score
from analytics.model.target_history import target_history
from analytics.model.targets import profiles, retire, scored
from analytics.schema.columns import table_columns
from logdig.config.offers import OfferSettings
from logdig.decide.profiles import OfferScore
from logdig.decide.stores.memory_items import InMemoryProfiles
from logdig.errors import MissingColumnError
from logdig.tables.model import FEATURE_NAMES, PREDICTIONS

# py4j leaves the closing of its sockets to the garbage collector.
pytestmark = [pytest.mark.java, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]

AS_OF = datetime(2026, 11, 24, tzinfo=UTC)
OFFER = OfferSettings(name="UPGRADE", below_level=2, status=1, offer_value=2.0, ad_cost=1.0)
WHO = "app string, customer_id string, user_key string, as_of timestamp"
CUSTOMERS = "app string, customer_id string, level int, status int"


def rows(frame: DataFrame) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = frame.toArrow().to_pylist()
    return found


def predicted(spark: SparkSession, *scores: tuple[str, float]) -> DataFrame:
    rows = [("shop", who, "UPGRADE", "m1", AS_OF, chance, None, "why", 0.1) for who, chance in scores]
    return spark.createDataFrame(rows, table_columns("predictions"))


def target(customer: str, offer: str = "UPGRADE", chance: float = 0.9, as_of: datetime = AS_OF) -> dict[str, Any]:
    return {
        "app": "shop",
        "customer_id": customer,
        "user_key": None,
        "offer": offer,
        "level": 1,
        "status": 1,
        "score": chance,
        "model_version": "m1",
        "features_as_of": as_of,
        "rank": 1,
        "band": 5,
        "target": True,
    }


def test_predictions_belong_to_their_customers_when_the_feature_file_has_another_order(
    spark: SparkSession, shared_data: Path
) -> None:
    with (shared_data / "features_by_customer.csv").open(newline="") as file:
        people = list(csv.DictReader(file))
    with (shared_data / "cust.csv").open(newline="") as file:
        levels = {row["CustID"]: row["Level"] for row in csv.DictReader(file)}
    lines = [line.split() for line in (shared_data / "features.txt").read_text().splitlines()]
    shares = [[float(pair.partition(":")[2]) for pair in line[1:]] for line in lines]
    model = fit(FEATURE_NAMES, np.array(shares), np.array([float(line[0]) for line in lines]))
    frame = spark.createDataFrame(
        [("shop", row["customer_id"], None, AS_OF, *(float(row[name]) for name in FEATURE_NAMES)) for row in people],
        f"{WHO}, " + ", ".join(f"{name} double" for name in FEATURE_NAMES),
    )

    found = rows(predictions(frame, model, offer="UPGRADE", model_version="m1"))

    by_customer = {row["customer_id"]: row["score"] for row in found}
    by_line = {row["customer_id"]: score(model, shares[int(row["features_txt_line"]) - 1]) for row in people}
    assert by_customer == pytest.approx(by_line, abs=1e-9)
    positives = [row["customer_id"] for row in people if row["label"] == "1"]
    assert len(positives) == len([who for who in positives if who in by_customer and who in levels]) == 742
    assert [levels[who] for who in positives].count("0") == 0
    # Measured: 21 of 5,000 misjudged by id; by line number, the fault of 2016, it would be 1,249.
    assert sum((chance > 0.5) != (who in set(positives)) for who, chance in by_customer.items()) < 30


@pytest.mark.parametrize("intercept", [-900.0, 0.3, 900.0])
def test_spark_scores_as_plain_python_does_when_logits_are_extreme(spark: SparkSession, intercept: float) -> None:
    model = Model(FEATURE_NAMES, (0.3,) * 6, (0.05,) * 6, (1.0, -2.0, 3.0, -4.0, 5.0, -6.0), intercept)
    values = [tuple(row) for row in np.random.default_rng(7).random((40, 6)).tolist()]
    frame = spark.createDataFrame(
        [("shop", str(number), None, AS_OF, *row) for number, row in enumerate(values)],
        f"{WHO}, " + ", ".join(f"{name} double" for name in FEATURE_NAMES),
    )

    found = rows(predictions(frame, model, offer="UPGRADE", model_version="m1"))

    assert found[0].keys() == set(PREDICTIONS.names)
    assert {row["customer_id"]: row["score"] for row in found} == pytest.approx(
        {str(number): score(model, row) for number, row in enumerate(values)}, abs=1e-9
    )


def test_predictions_name_the_missing_column_when_features_lack_one(spark: SparkSession) -> None:
    model = Model(("mobile",), (0.0,), (1.0,), (1.0,), 0.0)

    with pytest.raises(MissingColumnError, match="mobile"):
        predictions(
            spark.createDataFrame([], WHO),
            model,
            **NAMED,
        )


NAMED: dict[str, Any] = {"offer": "UPGRADE", "model_version": "m1"}


def test_targets_are_active_and_below_the_level_with_a_good_score_when_picked(spark: SparkSession) -> None:
    customers = spark.createDataFrame(
        [
            ("shop", "silver", 1, 1),
            ("shop", "free", 0, 1),
            ("shop", "tie", 0, 1),
            ("shop", "gold", 2, 1),
            ("shop", "left", 0, 0),
            ("shop", "no level", None, 1),
            ("shop", "no status", 0, None),
            ("shop", "low", 0, 1),
            ("other", "stranger", 0, 1),
        ],
        CUSTOMERS,
    )
    scores = predicted(
        spark,
        ("tie", 0.5),
        ("free", 0.5),
        ("silver", 0.75),
        ("low", 0.4999),
        *[(who, 0.99) for who in ("gold", "left", "no level", "no status", "stranger", "not loaded")],
    )

    found = rows(scored(scores, customers, OFFER).orderBy("rank"))

    # Half a chance of 2 is no more than the cost of 1.
    assert [(row["customer_id"], row["level"], row["rank"], row["target"]) for row in found] == [
        ("silver", 1, 1, True),
        ("free", 0, 2, False),
        ("tie", 0, 3, False),
        ("low", 0, 4, False),
    ]
    assert found[0]["features_as_of"] == AS_OF
    assert [row["band"] for row in found] == [5, 4, 3, 2]


def test_best_share_are_targets_when_nothing_is_known_of_money(spark: SparkSession) -> None:
    customers = spark.createDataFrame([("shop", str(number), 0, 1) for number in range(11)], CUSTOMERS)
    scores = predicted(spark, *((str(number), number / 1000) for number in range(11)))

    found = rows(scored(scores, customers, OfferSettings(name="UPGRADE", target_share=0.2)).where("target"))

    assert sorted(row["customer_id"] for row in found) == ["10", "8", "9"]


def test_visitors_are_eligible_when_no_customer_is_known(spark: SparkSession) -> None:
    scores = spark.createDataFrame(
        [("shop", None, "UPGRADE", "m1", AS_OF, 0.9, "v1", "why", 0.1)], table_columns("predictions")
    )

    (found,) = rows(scored(scores, spark.createDataFrame([], CUSTOMERS), OFFER))

    assert (found["user_key"], found["level"], found["target"]) == ("v1", None, True)


def test_profiles_gather_a_customers_offers_when_there_are_several() -> None:
    rows = [target("7"), target("7", "OTHER", 0.6, AS_OF - timedelta(hours=1)), target("8")]

    found = list(profiles(rows, {("shop", "OTHER"): 0.3}))

    assert [profile.person for profile in found] == ["shop#c#7", "shop#c#8"]
    assert found[0].offers == {"UPGRADE": OfferScore(0.9, "m1", band=5), "OTHER": OfferScore(0.6, "m1", True, 5, 0.3)}
    assert found[0].features_as_of == AS_OF - timedelta(hours=1)


def test_retire_leaves_only_current_targets_when_earlier_ones_dropped_out() -> None:
    earlier, current = [target("1"), target("2")], [target("2"), target("3")]
    store = InMemoryProfiles(profiles(earlier, {}), lambda: AS_OF)

    removed = retire(store, earlier, {"shop#c#2", "shop#c#3"})
    store.put(profiles(current, {}))

    assert removed == 1
    assert [store.get(f"shop#c#{number}") is not None for number in (1, 2, 3)] == [False, True, True]


def test_retire_removes_everyone_when_the_gate_refused() -> None:
    earlier = [target("1"), target("2")]
    store = InMemoryProfiles(profiles(earlier, {}), lambda: AS_OF)

    removed = retire(store, earlier, set())

    assert removed == 2
    assert store.get("shop#c#1") is None


LISTS = ((0, "ab"), (24, "bc"), (40, "abc"), (110, "c"), (120, ""))
"""Hour at which each list of targets is made, and whom it names."""
HISTORY = "app string, customer_id string, user_key string, offer string, since timestamp, until timestamp"
LISTED = "app string, customer_id string, user_key string, offer string, features_as_of timestamp, expires_at timestamp"


def at(hour: float) -> datetime:
    return AS_OF + timedelta(hours=hour)


def test_history_says_of_every_hour_who_was_a_target_when_lists_follow_each_other(spark: SparkSession) -> None:
    known, earlier = list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    for hour, names in LISTS:
        listed = [("shop", name, None, "UPGRADE", at(hour), at(hour + 48)) for name in names]
        # A run that died after the history, and before the list itself was replaced, is repeated.
        for _ in range(2):
            frames = (
                spark.createDataFrame(known, HISTORY),
                *(spark.createDataFrame(x, LISTED) for x in (earlier, listed)),
            )
            known = [tuple(row.values()) for row in rows(target_history(*frames, at(hour)))]
        earlier = listed

    def was_target(name: str, hour: float) -> bool:
        last, names = max(one for one in LISTS if one[0] <= hour)
        return name in names and hour < last + 48

    for name in "abc":
        times = [row[-2:] for row in known if row[1] == name]
        for hour in (number / 2 for number in range(360)):
            assert sum(since <= at(hour) < until for since, until in times) == was_target(name, hour), (name, hour)
