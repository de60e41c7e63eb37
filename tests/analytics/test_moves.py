"""Moves are laid out by element as a loop in plain Python lays them out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from analytics.marts.moves import moves
from analytics.marts.site import Site
from analytics.schema.columns import table_columns
from logdig.errors import MissingColumnError
from tests.analytics import behaviour
from tests.analytics.behaviour import Behaviour, Event, frame, moment, rows_of

pytestmark = pytest.mark.java


def by_element(event: Event) -> dict[str | None, list[dict[str, int]]]:
    """Points of a move by the selector of their element."""
    anchors, found = event["move"]["anchors"], {}
    for index, ex, ey, ms in event["move"]["points"]:
        found.setdefault(None if index < 0 else anchors[index], []).append({"ex": ex, "ey": ey, "ms": ms})
    return found


def row_by_hand(made: Behaviour, event: Event) -> dict[str, Any]:
    width = (event.get("view") or {}).get("vw")
    host, path, page = behaviour.PAGES[event["current_page"]]
    names = ("app", "event_id", "seq", "session_id", "page_view_id", "user_key", "country", "experiments")
    return {name: event.get(name) for name in names} | {
        "day": made.day(event),
        "occurred_at": moment(event["occurred_at"]),
        "host": host,
        "path": path,
        "page": page,
        "release": event["page_version"],
        "device": "desktop" if width is None or width >= 1024 else "tablet" if width >= 768 else "mobile",
        "weight": behaviour.weight_of(event),
    }


@given(seed=st.integers(0, 2**32))
@settings(max_examples=2, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_moves_equal_a_loop_when_made_of_any_behaviour(spark: SparkSession, seed: int) -> None:
    made = Behaviour(seed, 60)

    found = rows_of(moves(frame(spark, made.events), made.site), "event_id", "selector")

    for row in found.values():
        row.pop("bucket")
    assert found == {
        (event["event_id"], selector): row_by_hand(made, event) | {"selector": selector, "points": points}
        for event in made.counted("move")
        for selector, points in by_element(event).items()
    }
    assert len(found) > 20


def test_moves_have_their_columns_when_there_is_none(spark: SparkSession) -> None:
    found = moves(frame(spark, []), Site())

    assert found.schema.simpleString() == table_columns("moves").simpleString()
    assert found.count() == 0


def test_moves_name_missing_columns_before_spark_starts(spark: SparkSession) -> None:
    with pytest.raises(MissingColumnError, match="missing columns"):
        moves(spark.range(1).toDF("app"), Site())
