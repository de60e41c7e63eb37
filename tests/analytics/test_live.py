"""What counts as live is what the marts count: plain Python and Spark read the same lines alike."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pyspark.sql import SparkSession

from analytics.lake.line_rows import events, parse_raw
from analytics.marts.people_events import counted, with_pages
from analytics.marts.site import site_of
from logdig.config.goals import PageSettings
from logdig.config.settings import AppSettings, Settings
from logdig.questions.live import seen_of
from logdig.questions.raw_objects import counts, line_of
from tests.analytics.objects import line

pytestmark = pytest.mark.java

SETTINGS = Settings(
    apps=(AppSettings(name="shop", token="pk_shop_12345678", allowed_query=("q",)),), pages=(PageSettings("/album/*"),)
)
CHOICES: dict[str, tuple[Any, ...]] = {
    "type": ("page", "page", "click", "scroll"),
    "app": ("shop", "gone"),
    "bot": (None, False, True),
    "staff": (None, False, True),
    "signed": (None, True),
    "consent": (None, {"analytics": True, "ads": False}, {"analytics": False, "ads": False}),
    "page_view_id": (None, "v1", "v2"),
    "session_id": (None, "s1"),
    "seq": (None, 4),
    "x": (None, 12),
    "sample_rate": (None, 0.5),
    "current_page": (
        "https://shop.test/", "https://shop.test/index.html", "https://shop.test/album/7?utm_source=x",
        "https://shop.test/find?q=a&z=1#top", "https://[broken", "",
    ),
}  # fmt: skip


def test_spark_and_python_count_the_same_events_pages_and_weights(spark: SparkSession) -> None:
    choose = random.Random(4)
    texts = []
    for number in range(600):
        fields = {name: choose.choice(values) for name, values in CHOICES.items()}
        texts.append(
            line(f"event-{number:018}", **{name: value for name, value in fields.items() if value is not None})
        )
    site, lines = site_of(SETTINGS), spark.createDataFrame([(text,) for text in texts], "value string")
    rows = with_pages(counted(events(parse_raw(lines)), site), site)

    wanted = {
        row["event_id"]: (
            row["page"] if row["type"] == "page" else None,
            row["user_key"],
            1 / (row["sample_rate"] or 1),
        )
        for row in rows.select("event_id", "type", "page", "user_key", "sample_rate").collect()
    }

    read = [line_of(text.encode()) for text in texts]
    seen = [seen_of(line, SETTINGS) for line in read if line is not None and counts(line)]
    found = {event.event_id: (event.page, event.user_key, event.weight) for event in seen}
    assert found == wanted
    assert 60 < len(found) < 540
