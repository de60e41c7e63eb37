"""Every example of docs/measures.md is what the tables give; every measure has one."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from analytics.marts.clicks import clicks
from analytics.marts.conversions import conversions
from analytics.marts.journeys import journeys
from analytics.marts.page_views import page_views
from analytics.marts.sessions import sessions
from analytics.marts.site import Site
from analytics.marts.traffic import traffic
from analytics.marts.visitor_days import visitor_days
from analytics.marts.visitors import visitors
from tests.analytics.behaviour import frame
from tests.analytics.measure_examples import BEFORE_LATE, EXAMPLES, LATE, RULES, Found, each

PAGE = Path(__file__).resolve().parents[2] / "docs" / "measures.md"
BEFORE = "Late events, before"
FIRST = datetime(1, 1, 1)


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> dict[str, Found]:
    """Tables of every example, each an app of its own."""
    cases = {name: example.events for name, example in EXAMPLES.items()} | {BEFORE: LATE}
    apps = {name: f"app{number}" for number, name in enumerate(cases)}
    lines = [
        event | {"app": app, "event_id": f"{app}e{number:02}"}
        for name, app in apps.items()
        for number, event in enumerate(cases[name])
    ]
    goals = {app: EXAMPLES[name].goals if name in EXAMPLES else () for name, app in apps.items()}
    site = Site({app: replace(RULES, goals=goals[app]) for app in apps.values()})
    events = frame(spark, lines).localCheckpoint()
    together = journeys(events, site).localCheckpoint()
    by_day = sessions(together, site).localCheckpoint()
    tables = {
        "clicks": clicks(events, site),
        "page_views": page_views(together, site),
        "sessions": by_day,
        "conversions": conversions(together, site),
        "traffic": traffic(events, site),
        "visitors": visitors(visitor_days(events, site), by_day),
    }
    rows: dict[str, dict[str, list[dict[str, Any]]]] = {app: defaultdict(list) for app in apps.values()}
    for table, made in tables.items():
        for row in made.collect():
            rows[row["app"]][table].append(row.asDict(recursive=True))
    return {
        name: Found(**{table: sorted(of, key=_moment) for table, of in rows[app].items()}) for name, app in apps.items()
    }


def _moment(row: dict[str, Any]) -> tuple[Any, ...]:
    return row.get("place") or 0, row.get("occurred_at") or row.get("began_at") or FIRST


def texts() -> dict[str, list[str]]:
    """Examples of the page by their heading."""
    return {
        part.partition("\n")[0]: re.findall(r"^Example: (.+)$", part, re.MULTILINE)
        for part in re.split(r"^### ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    }


@pytest.mark.java
@pytest.mark.parametrize("measure", EXAMPLES)
def test_tables_give_what_the_example_says(found: dict[str, Found], measure: str) -> None:
    example = EXAMPLES[measure]

    assert example.question(found[measure]) == example.answer


@pytest.mark.java
def test_late_event_leaves_rows_of_other_sessions_as_they_were(found: dict[str, Found]) -> None:
    rows = each(found[BEFORE].sessions, "session_id", "exit_page", "views")

    assert rows == BEFORE_LATE
    assert [before == after for before, after in zip(rows, EXAMPLES["Late events"].answer, strict=True)] == [
        False, False, True,
    ]  # fmt: skip


def test_every_measure_of_the_page_has_one_example_that_is_tested() -> None:
    assert list(texts()) == list(EXAMPLES)
    assert {len(examples) for examples in texts().values()} == {1}
