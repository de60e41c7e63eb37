"""Features and labels against a plain count, and against time."""

import csv
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from analytics.model.features import Windows, ad_clicks, features, labelled, spans, training_rows, windows
from logdig.errors import MissingColumnError
from logdig.tables.model import FEATURE_NAMES, FEATURES

# py4j leaves the closing of its sockets to the garbage collector.
pytestmark = [pytest.mark.java, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]

LISTENS = (
    "app string, customer_id string, track_id string, occurred_at timestamp, day_part string, mobile boolean, "
    "ads_consent boolean"
)
EVENTS = (
    "app string, customer_id string, type string, occurred_at timestamp, ad struct<name:string,action:string>, "
    "consent struct<analytics:boolean,ads:boolean>, bot boolean"
)
T0 = datetime(2026, 10, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def listen(customer: str | None, track: str, day: float, part: str, mobile: bool, ads: bool = True) -> tuple[Any, ...]:
    return ("shop", customer, track, T0 + day * DAY, part, mobile, ads)


def click(
    customer: str | None,
    day: float,
    name: str = "UPGRADE",
    action: str = "click",
    ads: bool = True,
    bot: bool | None = False,
) -> Any:
    return ("shop", customer, "ad", T0 + day * DAY, (name, action), (True, ads), bot)


def rows(frame: DataFrame) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = frame.toArrow().to_pylist()
    return found


def part_of(hour: int) -> str:
    if hour < 5 or hour >= 22:
        return "night"
    return "morning" if hour < 12 else "afternoon" if hour < 17 else "evening"


@pytest.mark.parametrize("as_of", [datetime(2014, 12, 31, tzinfo=UTC), datetime(2014, 11, 15, 12, tzinfo=UTC)])
def test_features_equal_a_plain_count_when_computed_from_the_older_listens(
    spark: SparkSession, shared_data: Path, as_of: datetime
) -> None:
    with (shared_data / "tracks_head.csv").open(newline="") as file:
        listens = [(row[1], row[2], datetime.fromisoformat(row[3] + "Z"), row[4] == "1") for row in csv.reader(file)]
    expected = plain_features([one for one in listens if one[2] <= as_of])
    frame = spark.createDataFrame(
        [("shop", who, track, at, part_of(at.hour), mobile, True) for who, track, at, mobile in listens], LISTENS
    )

    found = rows(features(frame, as_of))

    assert len(listens) == 22_941
    assert "0" in expected
    assert len(found) == len(expected)
    assert {row["customer_id"]: [row["listens"], *(row[name] for name in FEATURE_NAMES)] for row in found} == expected
    assert all(sum(row[name] for name in FEATURE_NAMES[:4]) == pytest.approx(1) for row in found)


def plain_features(listens: list[tuple[str, str, datetime, bool]]) -> dict[str, list[float]]:
    by_customer: dict[str, list[tuple[str, str, bool]]] = defaultdict(list)
    for who, track, at, mobile in listens:
        by_customer[who].append((track, part_of(at.hour), mobile))
    return {
        who: [
            len(own),
            *(sum(part == name for _, part, _ in own) / len(own) for name in FEATURE_NAMES[:4]),
            sum(mobile for *_, mobile in own) / len(own),
            len({track for track, *_ in own}) / len(own),
        ]
        for who, own in by_customer.items()
    }


def test_features_leave_out_later_unknown_and_unconsented_listens_when_summing(spark: SparkSession) -> None:
    frame = spark.createDataFrame(
        [
            listen("1", "a", 0, "morning", True),
            listen("1", "a", 1, "night", False),
            listen("1", "b", 2.001, "evening", True),
            listen("1", "c", 1, "evening", True, ads=False),
            listen("2", "a", 1, "evening", True, ads=False),
            listen(None, "a", 1, "evening", True),
            ("other", "1", "z", T0, "afternoon", True, True),
        ],
        LISTENS,
    )

    found = rows(features(frame, T0 + 2 * DAY).orderBy("app"))

    assert [(row["app"], row["customer_id"], row["listens"]) for row in found] == [("other", "1", 1), ("shop", "1", 2)]
    assert [found[1][name] for name in FEATURE_NAMES] == [0.5, 0.0, 0.0, 0.5, 0.5, 0.5]
    assert found[1]["as_of"] == T0 + 2 * DAY


def test_features_are_empty_when_there_are_no_listens(spark: SparkSession) -> None:
    assert rows(features(spark.createDataFrame([], LISTENS), T0)) == []


def test_features_name_the_missing_column_when_the_frame_lacks_one(spark: SparkSession) -> None:
    frame = spark.createDataFrame([], LISTENS).drop("mobile")

    with pytest.raises(MissingColumnError, match="mobile"):
        features(frame, T0)


def test_ad_clicks_keep_consented_clicks_of_known_customers_only_when_picked(spark: SparkSession) -> None:
    frame = spark.createDataFrame(
        [
            click("1", 1),
            click("1", 1, action="view"),
            click("2", 1, ads=False),
            click(None, 1),
            click("4", 1, bot=True),
            click("5", 1, bot=None),
            ("shop", "3", "click", T0, None, (True, True), False),
        ],
        EVENTS,
    )

    assert rows(ad_clicks(frame)) == [
        {"app": "shop", "customer_id": "1", "ad": "UPGRADE", "occurred_at": T0 + DAY},
        {"app": "shop", "customer_id": "5", "ad": "UPGRADE", "occurred_at": T0 + DAY},
    ]


def test_spans_reach_from_the_first_to_the_last_event_when_ads_may_use_it(spark: SparkSession) -> None:
    listens = spark.createDataFrame(
        [
            listen("1", "a", 0, "night", True, ads=False),
            listen("1", "a", 1, "night", True),
            listen("2", "a", 3, "night", True),
            listen(None, "a", 9, "night", True),
        ],
        LISTENS,
    )
    clicks = ad_clicks(spark.createDataFrame([click("1", 4, name="OTHER"), ("x", *click("1", 4)[1:])], EVENTS))

    assert rows(spans(listens, clicks)) == [{"app": "shop", "start": T0 + DAY, "end": T0 + 4 * DAY}]


def test_labels_open_at_their_start_and_close_at_their_end_when_clicks_lie_on_the_edges(spark: SparkSession) -> None:
    customers = ["at start", "inside", "at end", "after", "other ad", "never", "early and inside"]
    listens = spark.createDataFrame([listen(who, "a", 0, "night", True) for who in customers], LISTENS)
    clicks = ad_clicks(
        spark.createDataFrame(
            [
                click("at start", 1),
                click("inside", 1.5),
                click("inside", 1.6),
                click("at end", 2),
                click("after", 2.001),
                click("other ad", 1.5, name="OTHER"),
                click("early and inside", 0.5),
                click("early and inside", 1.5),
            ],
            EVENTS,
        )
    )

    found = rows(labelled(features(listens, T0 + DAY), clicks, "UPGRADE", T0 + 2 * DAY))

    assert len(found) == len(customers)
    assert {row["customer_id"] for row in found if row["label"]} == {"inside", "at end", "early and inside"}
    assert {row["label_until"] for row in found} == {T0 + 2 * DAY}


def test_training_rows_never_see_later_events_when_the_future_changes(spark: SparkSession) -> None:
    times = Windows(T0 + 2 * DAY, T0 + 3 * DAY, T0 + 4 * DAY)
    listens = [listen("1", "a", 1, "night", True), listen("1", "b", 2.5, "morning", False)]
    later = [listen("1", "c", 3.5, "evening", False), listen("2", "c", 3.5, "evening", False)]
    clicks = [click("1", 2.5)]
    later_clicks = [click("1", 3.5)]

    def made(some_listens: list[Any], some_clicks: list[Any]) -> dict[str, list[dict[str, Any]]]:
        frame = training_rows(
            spark.createDataFrame(some_listens, LISTENS),
            ad_clicks(spark.createDataFrame(some_clicks, EVENTS)),
            "UPGRADE",
            times,
            T0 + 9 * DAY,
        )
        assert tuple(frame.columns) == FEATURES.names
        found = rows(frame)
        return {split: [row for row in found if row["split"] == split] for split in ("train", "test", "now")}

    before, after = made(listens, clicks), made(listens + later, clicks + later_clicks)

    assert before["train"] == after["train"]
    assert [row["label"] for row in before["train"] + before["test"] + after["test"]] == [1, 0, 1]
    assert [row["listens"] for row in before["train"] + before["test"] + before["now"]] == [1, 2, 2]
    assert {row["customer_id"]: row["listens"] for row in after["now"]} == {"1": 3, "2": 1}
    assert {row["label"] for row in after["now"]} == {None}


@pytest.mark.parametrize("days, length", [(60, 15), (90, 22.5), (112, 28), (2000, 28), (0, 0)])
def test_windows_are_equal_quarters_of_at_most_28_days_when_the_span_grows(days: int, length: float) -> None:
    found = windows(T0, T0 + days * DAY)

    assert found.test_until == T0 + days * DAY
    assert found.test_until - found.test_as_of == found.test_as_of - found.train_as_of == length * DAY


def test_windows_refuse_when_the_span_ends_before_it_starts() -> None:
    with pytest.raises(ValueError, match="before it starts"):
        windows(T0, T0 - DAY)
