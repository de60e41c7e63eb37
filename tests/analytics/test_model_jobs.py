"""From listens and ad clicks to profiles, over the real tables of the emulator."""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.model import held_back
from analytics.jobs.registry import run
from analytics.model.regression import Model, score
from analytics.schema.columns import table_columns
from logdig.aws.clients import profile_store
from logdig.config.offers import OfferSettings
from logdig.config.settings import AppSettings, Settings
from logdig.decide.policy import decide

pytestmark = [pytest.mark.java, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
START = NOW - timedelta(days=60)
OFFER = OfferSettings(name="UPGRADE", holdout_share=0.0, offer_value=10.0, ad_cost=1.0)
MODEL_JOBS = ("features", "models", "predictions", "targets")

Row = tuple[Any, ...]
EVENTS = (
    "app string, event_id string, type string, customer_id string, occurred_at timestamp, tz_min int, bot boolean, "
    "listen struct<track_id:string,mobile:boolean,zip:string,listened_ms:long>, "
    "ad struct<name:string,action:string,decision_id:string,placement:string>, "
    "consent struct<analytics:boolean,ads:boolean>, day date"
)
PEOPLE = 1200
NOW_ROWS = "app string, customer_id string, mobile double"
CUSTOMERS = "app string, customer_id string, level int, status int"


def shop_in(lake: Settings) -> Settings:
    """Settings of one app and one offer, on tables of their own."""
    return msgspec.structs.replace(lake, apps=(AppSettings(name="shop", token="pk_shop_1"),), offers=(OFFER,))


@pytest.fixture
def shop(own: Settings) -> Settings:
    """A shop that no other test knows."""
    return shop_in(own)


def listen(number: int, who: str, track: str, at: datetime, mobile: bool) -> Row:
    listened = (track, mobile, None, None)
    return ("shop", f"l{number}", "listen", who, at, None, False, listened, None, (True, True), at.date())


def click(number: int, who: str, name: str, at: datetime) -> Row:
    return (
        "shop",
        f"a{number}",
        "ad",
        who,
        at,
        None,
        False,
        None,
        (name, "click", None, None),
        (True, True),
        at.date(),
    )


def behaviour(seed: int) -> Iterator[Row]:
    """Customers of whom the mobile ones click in the last weeks."""
    draw = random.Random(seed)
    number = 0
    for customer in range(PEOPLE):
        likes_mobile = customer % 4 == 0
        for _ in range(20):
            number += 1
            at = START + timedelta(seconds=draw.uniform(0, 59.9 * 86_400))
            yield listen(number, str(customer), str(draw.randrange(400)), at, draw.random() < 0.2 + 0.6 * likes_mobile)
        # The ad is new: who clicked lately says less than what people listen on.
        for week in range(5, 8):
            if draw.random() < (0.5 if likes_mobile else 0.01):
                number += 1
                at = START + timedelta(days=7 * week + draw.uniform(0, 7))
                yield click(number, str(customer), "UPGRADE", at)


def put(spark: SparkSession, shop: Settings, events: Iterable[Row], customers: Iterable[Row]) -> None:
    for name, rows, columns in (("events", events, EVENTS), ("customers", customers, CUSTOMERS)):
        frame = spark.createDataFrame(list(rows), columns)
        missing = [field for field in table_columns(name) if field.name not in frame.columns]
        for field in missing:
            frame = frame.selectExpr("*", f"CAST(NULL AS {field.dataType.simpleString()}) AS {field.name}")
        tables.replace(spark, shop, name, frame.to(table_columns(name)))


def run_all(spark: SparkSession, shop: Settings, now: datetime = NOW) -> dict[str, Any]:
    return {name: run(name, spark, shop, now) for name in ("listens", *MODEL_JOBS)}


def rows(spark: SparkSession, shop: Settings, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tables.read(spark, shop, name).toArrow().to_pylist()
    return found


def people() -> list[Row]:
    """Every third customer is Gold, every fifth has left."""
    return [("shop", str(number), 2 if number % 3 == 0 else 1, 0 if number % 5 == 0 else 1) for number in range(PEOPLE)]


@pytest.fixture(scope="module")
def trained(spark: SparkSession, new_lake: Callable[[], Settings]) -> tuple[Settings, dict[str, Any]]:
    """A shop whose behaviour predicts clicks, after all jobs, and their reports; only read, but by the last test."""
    shop = shop_in(new_lake())
    put(spark, shop, behaviour(seed=1), people())
    return shop, run_all(spark, shop)


def test_jobs_end_in_profiles_of_eligible_clickers_only_when_behaviour_predicts_clicks(
    spark: SparkSession, trained: tuple[Settings, dict[str, Any]]
) -> None:
    shop, reports = trained

    (model,) = rows(spark, shop, "models")
    assert model["passed"], model["reason"]
    assert (model["accepted"], model["kind"]) == (True, "clicks")
    assert model["brier"] < model["constant_brier"]
    assert model["train_as_of"] < model["train_until"] <= model["test_as_of"] < model["test_until"] <= NOW
    chosen = rows(spark, shop, "targets")
    assert 20 < len(chosen) == reports["targets"].rows <= reports["targets"].notes["profiles"]
    ids = [int(row["customer_id"]) for row in chosen]
    assert all(number % 3 and number % 5 for number in ids)
    assert sum(number % 4 == 0 for number in ids) > 0.9 * len(ids)
    assert all(row["score"] > 0.1 for row in chosen)
    assert {row["expires_at"] - row["features_as_of"] for row in chosen} == {timedelta(hours=48)}
    assert sorted(row["rank"] for row in chosen) == list(range(1, len(chosen) + 1))
    profile = profile_store(shop).get(f"shop#c#{chosen[0]['customer_id']}")
    assert decide(profile, [OFFER], NOW + timedelta(hours=1), ads_consent=True).decision == "show"


def test_predictions_are_the_models_scores_of_each_customers_own_features_when_stored(
    spark: SparkSession, trained: tuple[Settings, dict[str, Any]]
) -> None:
    shop, _ = trained
    (newest,) = rows(spark, shop, "models")
    model = msgspec.json.decode(newest["coefficients"], type=Model)
    now_rows = [row for row in rows(spark, shop, "features") if row["split"] == "now"]
    expected = {row["customer_id"]: score(model, [row[name] for name in model.names]) for row in now_rows}

    found = rows(spark, shop, "predictions")

    assert len(found) == PEOPLE
    assert {row["customer_id"]: row["score"] for row in found} == pytest.approx(expected, abs=1e-9)
    assert all("share of listens on a mobile device" in str(row["reason"]) for row in found if row["score"] > 0.3)
    assert {row["model_version"] for row in found} == {newest["model_version"]}


def test_last_good_model_serves_on_when_the_gate_refuses_the_next(
    spark: SparkSession, trained: tuple[Settings, dict[str, Any]]
) -> None:
    shop, _ = trained
    before = rows(spark, shop, "targets")
    put(spark, shop, (row for row in behaviour(seed=1) if row[2] != "ad"), people())

    reports = run_all(spark, shop, NOW + timedelta(hours=1))

    assert "refused: " in str(reports["models"].notes["shop UPGRADE"])
    after = rows(spark, shop, "targets")
    assert {row["model_version"] for row in after} == {row["model_version"] for row in before}
    assert len(after) > 0.8 * len(before)


def test_model_waits_for_approval_when_it_would_leave_fewer_than_half_of_the_targets(spark: SparkSession) -> None:
    shares = [number / 100 for number in range(100)]
    current = spark.createDataFrame([("shop", str(at), share) for at, share in enumerate(shares)], NOW_ROWS)
    customers = spark.createDataFrame([("shop", str(at), at % 2 * 2, 1) for at in range(100)], CUSTOMERS)
    served, fewer, as_good = (
        {"coefficients": f'{{"names":["mobile"],"means":[{mean}],"scales":[0.01],"coefficients":[1],"intercept":-2.2}}',
         "model_version": name, "reason": "why"}
        for name, mean in (("served", 0.195), ("fewer", 0.795), ("as good", 0.395))
    )  # fmt: skip

    held = held_back(current, customers, OFFER, fewer, served)

    assert held["accepted"] is False
    assert held["reason"].startswith("10 targets in place of 40: model served serves on")
    assert "logdig model approve fewer" in held["reason"]
    assert held_back(current, customers, OFFER, as_good, served) == {}


def test_jobs_are_empty_and_refuse_when_nothing_was_collected(spark: SparkSession, shop: Settings) -> None:
    put(spark, shop, [], [])

    reports = run_all(spark, shop)

    assert [reports[name].rows for name in ("features", "predictions", "targets")] == [0, 0, 0]
    assert "0 of 0 people" in str(reports["models"].notes["shop UPGRADE"])


def test_gate_refuses_on_the_older_data_when_all_clicks_share_one_instant(
    spark: SparkSession, shop: Settings, shared_data: Path
) -> None:
    older = msgspec.structs.replace(shop, offers=(OfferSettings(name="ADV_REDUCED_1DAY"),))
    put(spark, older, older_events(shared_data), older_customers(shared_data))

    reports = run_all(spark, older, datetime(2014, 12, 31, tzinfo=UTC))

    (found,) = rows(spark, older, "models")
    assert reports["listens"].rows == 22_941
    splits = Counter(row["split"] for row in rows(spark, older, "features"))
    assert splits["past"] > splits["now"] > 0
    # The head of the events is too short for the shares of 2016: no time divides the clicks, and people do not help.
    assert (found["passed"], found["kind"]) == (False, "clicks")
    assert found["constant_brier"] > 0
    assert reports["targets"].rows == 0


def older_events(folder: Path) -> Iterator[Row]:
    with (folder / "tracks_head.csv").open(newline="") as file:
        for number, row in enumerate(csv.reader(file)):
            yield listen(number, row[1], row[2], datetime.fromisoformat(row[3] + "Z"), row[4] == "1")
    with (folder / "clicks_head.csv").open(newline="") as file:
        for number, row in enumerate(csv.reader(file)):
            # The last row is cut in the middle of its time.
            if len(row[3]) == len("2014-12-18 08:15:16"):
                yield click(number, row[1], row[2], datetime.fromisoformat(row[3] + "Z"))


def older_customers(folder: Path) -> Iterator[Row]:
    with (folder / "cust.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            yield ("shop", row["CustID"], int(row["Level"]), int(row["Status"]))
