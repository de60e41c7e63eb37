"""Interests of the table equal the rule in plain Python."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from pyspark.sql import SparkSession

from analytics.marts.interests import interests
from logdig.decide.interests import Heard, interests_of

# py4j leaves the closing of its sockets to the garbage collector.
pytestmark = [pytest.mark.java, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]

LISTENS = "app string, event_id string, customer_id string, track_id string, occurred_at timestamp, ads_consent boolean"
START = datetime(2026, 11, 30, 23, tzinfo=UTC)


def test_interests_equal_the_rule_of_the_flush_when_listens_lie_at_the_edge(spark: SparkSession) -> None:
    draw = random.Random(2)
    steps = (0, 600, 900, 1799, 1800, 1801, 2700, 3600, 5400)
    rows = [
        (
            draw.choice(["shop", "radio"]), str(place), draw.choice(["0", "1", None]), draw.choice("789"),
            START + timedelta(seconds=draw.choice(steps)), draw.random() < 0.9,
        )
        for place in range(120)
    ]  # fmt: skip
    people = {(app, who) for app, _, who, *_ in rows if who is not None}
    expected = {}
    for app, who in people:
        heard = [
            Heard(at, key, track) for of, key, by, track, at, may_use in rows if (of, by) == (app, who) and may_use
        ]
        expected |= {(app, who, track): (one.first_at, one.last_at) for track, one in interests_of(heard).items()}

    found = {
        (row["app"], row["customer_id"], row["track_id"]): tuple(
            row[name].astimezone(UTC) for name in ("first_at", "last_at")
        )
        for row in interests(spark.createDataFrame(rows, LISTENS)).collect()
    }

    assert found == expected
    assert expected
