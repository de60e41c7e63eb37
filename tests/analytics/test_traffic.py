"""Traffic equals a count in plain Python: people weighted, staff and bots counted, AI crawlers by name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable
from fractions import Fraction
from typing import Any

import crawleruseragents
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.marts.crawlers import ai_crawlers, crawler, name_of
from analytics.marts.site import Site
from analytics.marts.traffic import traffic
from analytics.schema.columns import TEXT, struct, table_columns
from logdig.errors import MissingColumnError
from logdig.tables.visitors import TRAFFIC
from tests.analytics import behaviour
from tests.analytics.behaviour import Behaviour, Event, frame, kind_of, rows_of

pytestmark = pytest.mark.java


def group_of(made: Behaviour, event: Event) -> tuple[Any, ...]:
    kind = kind_of(event)
    return event["app"], made.day(event), kind, behaviour.CRAWLERS[event["user_agent"]] if kind == "bots" else None


def traffic_by_hand(made: Behaviour) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Add up events, and the greatest weight of each view and visitor, exactly."""
    events: dict[tuple[Any, ...], Fraction] = defaultdict(Fraction)
    things: dict[str, dict[tuple[Any, ...], dict[Hashable, Fraction]]] = {
        name: defaultdict(lambda: defaultdict(Fraction)) for name in ("views", "visitors")
    }
    viewed = {
        (*group_of(made, event), event["session_id"], event["page_view_id"])
        for event in made.events
        if event["type"] == "page" and None not in (event.get("page_view_id"), event.get("session_id"))
    }
    for event in made.events:
        if kind_of(event) is None:
            continue
        group = group_of(made, event)
        weight = Fraction(behaviour.weight_of(event)) if kind_of(event) == "people" else Fraction(1)
        events[group] += weight
        view = (event.get("session_id"), event.get("page_view_id"))
        if None in view and event["type"] == "page":
            things["views"][group][event["event_id"]] = weight
        elif (*group, *view) in viewed:
            things["views"][group][view] = max(weight, things["views"][group][view])
        if event.get("user_key") is not None:
            things["visitors"][group][event["user_key"]] = max(weight, things["visitors"][group][event["user_key"]])
    return {
        group: {"events": total} | {name: sum(of[group].values(), Fraction()) for name, of in things.items()}
        for group, total in events.items()
    }


@given(seed=st.integers(0, 2**32))
@settings(max_examples=1, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_traffic_equals_a_count_when_made_of_any_behaviour(spark: SparkSession, seed: int) -> None:
    made = Behaviour(seed, 60)

    found = rows_of(traffic(frame(spark, made.events), made.site), *TRAFFIC.keys)

    expected = traffic_by_hand(made)
    assert found.keys() == expected.keys()
    for group, row in found.items():
        for name, value in expected[group].items():
            assert row[name] == pytest.approx(float(value), abs=1e-6), (group, name)
    assert {kind for _app, _day, kind, _name in found} == {"people", "staff", "bots"}
    assert {name for _app, _day, _kind, name in found} == {"GPTBot", "ClaudeBot", "PerplexityBot", None}


def test_traffic_is_equal_to_the_last_digit_when_rows_are_read_in_another_order(spark: SparkSession) -> None:
    made = Behaviour(11, 60)
    whole = frame(spark, made.events)

    both = [rows_of(traffic(one, made.site), *TRAFFIC.keys) for one in (whole, whole.repartition(7, F.rand(1)))]

    assert both[0] == both[1]


def test_every_agent_of_the_list_of_ai_crawlers_gets_its_name(spark: SparkSession) -> None:
    agents = [
        (agent, name_of(entry["pattern"]))
        for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA
        if "ai-crawler" in entry["tags"]
        for agent in entry["instances"]
    ]
    others = [(agent, None) for agent, name in behaviour.AGENTS if name is None]

    given_agents = tables.small_frame(spark, struct({"agent": TEXT}), [(agent,) for agent, _name in agents + others])
    rows = given_agents.select("agent", crawler(F.col("agent")).alias("name")).collect()

    assert {row["agent"]: row["name"] for row in rows} == dict(agents + others)
    assert len(agents) > 50


def test_names_of_ai_crawlers_are_plain_text_and_each_has_one_pattern() -> None:
    names = [name for name, _pattern in ai_crawlers()]

    assert [name for name in names if not re.fullmatch(r"[\w .-]+", name)] == []
    assert len(set(names)) == len(names)


def test_traffic_has_its_columns_when_nothing_happened(spark: SparkSession) -> None:
    found = traffic(frame(spark, []), Site())

    assert found.schema.simpleString() == table_columns("traffic").simpleString()
    assert found.count() == 0


def test_traffic_names_missing_columns_before_spark_starts(spark: SparkSession) -> None:
    with pytest.raises(MissingColumnError, match="missing columns"):
        traffic(spark.range(1).toDF("app"), Site())
