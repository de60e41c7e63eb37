"""Listens equal a loop in plain Python: those that count, with the visitor's hour and the app's day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from analytics.marts.listens import listens
from analytics.marts.site import Site
from analytics.schema.columns import table_columns
from logdig.errors import MissingColumnError
from tests.analytics.behaviour import Behaviour, Event, frame, moment, rows_of

pytestmark = pytest.mark.java
PARTS = ["night"] * 5 + ["morning"] * 7 + ["afternoon"] * 5 + ["evening"] * 5 + ["night"] * 2
"""Of each hour of a day."""


def row_by_hand(made: Behaviour, event: Event) -> dict[str, Any]:
    hour = (moment(event["occurred_at"]) + timedelta(minutes=event["tz_min"] or 0)).hour
    return {
        **{name: event.get(name) for name in ("app", "event_id", "customer_id", "user_key", "tz_min")},
        **event["listen"],
        "occurred_at": moment(event["occurred_at"]),
        "local_hour": hour,
        "day_part": PARTS[hour],
        "ads_consent": (event["consent"] or {}).get("ads", False),
        "day": made.day(event),
        # Every listen of these is at zip 01234.
        "state": "MA",
    }


@given(seed=st.integers(0, 2**32))
@settings(max_examples=2, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_listens_equal_a_loop_when_made_of_any_behaviour(spark: SparkSession, seed: int) -> None:
    made = Behaviour(seed, 40)

    found = rows_of(listens(frame(spark, made.events), made.site), "event_id")

    assert found == {(event["event_id"],): row_by_hand(made, event) for event in made.counted("listen")}
    assert len(found) > 10


def test_listens_tell_the_hour_where_the_visitor_is(spark: SparkSession) -> None:
    cases = [  # UTC, minutes east, hour there, part of the day there
        ("2026-11-24T14:59:59.999Z", 540, 23, "night"),
        ("2026-11-24T04:59:59.000Z", 0, 4, "night"),
        ("2026-11-24T05:00:00.000Z", None, 5, "morning"),
        ("2026-11-24T01:59:00.000Z", 600, 11, "morning"),
        ("2026-11-24T18:30:00.000Z", -390, 12, "afternoon"),
        ("2026-11-24T11:15:00.000Z", 345, 17, "evening"),
        ("2026-11-24T22:00:00.000Z", 0, 22, "night"),
    ]
    listen = {"app": "shop", "type": "listen", "listen": {"track_id": "7", "mobile": True, "zip": "01234"}}
    lines = [
        listen | {"event_id": f"e{number}", "received_at": utc, "occurred_at": utc, "timestamp": utc, "tz_min": minutes}
        for number, (utc, minutes, *_) in enumerate(cases)
    ]

    rows = rows_of(listens(frame(spark, lines), Site()), "event_id")

    assert [(rows[f"e{n}",]["local_hour"], rows[f"e{n}",]["day_part"]) for n in range(7)] == [c[2:] for c in cases]
    assert (rows["e0",]["zip"], rows["e0",]["ads_consent"], rows["e0",]["listened_ms"]) == ("01234", False, None)


def test_listens_have_their_columns_when_there_is_none(spark: SparkSession) -> None:
    found = listens(frame(spark, []), Site())

    assert found.schema.simpleString() == table_columns("listens").simpleString()
    assert found.count() == 0


def test_listens_name_missing_columns_before_spark_starts(spark: SparkSession) -> None:
    with pytest.raises(MissingColumnError, match="missing columns"):
        listens(spark.range(1).toDF("app"), Site())
