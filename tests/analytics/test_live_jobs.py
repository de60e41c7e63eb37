"""The jobs of live numbers and interests over the emulated lake."""

from __future__ import annotations

import random
from datetime import timedelta

import msgspec
import pytest
from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs import registry
from logdig.aws.clients import profile_store, s3_store
from logdig.config.settings import AppSettings, Settings
from logdig.decide.interests import stored
from logdig.store.objects import build_object
from tests.analytics.behaviour import wire
from tests.analytics.test_live_stats import MINUTE, NOW, by_hand, by_key, made_lines

# py4j leaves the closing of its sockets to the garbage collector.
pytestmark = [pytest.mark.java, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]


@pytest.mark.full
def test_stream_and_mart_hold_the_same_rows_and_interests_reach_the_store(spark: SparkSession, own: Settings) -> None:
    app = AppSettings(name="shop", token="pk_shop_12345678", timezone="Asia/Seoul")
    settings = msgspec.structs.replace(own, apps=(app,), freshness="live")
    lines = made_lines(random.Random(4), 60, NOW - 25 * MINUTE, 15)
    heard = {"type": "listen", "app": "shop", "customer_id": "7", "consent": {"analytics": True, "ads": True},
             "listen": {"track_id": "9", "mobile": True}}  # fmt: skip
    for place, at in enumerate((NOW - 30 * MINUTE, NOW - 9 * MINUTE, NOW)):
        times = dict.fromkeys(("received_at", "occurred_at", "timestamp"), wire(at))
        lines.append(heard | times | {"event_id": f"i{place}", "pack_id": "p"})
    built = build_object(
        "raw", NOW.date(), [msgspec.json.encode({"received_at": line["received_at"]} | line) for line in lines]
    )
    s3_store(settings).put(built.key, built.body)

    registry.run("live", spark, settings, NOW)
    streamed = by_key(tables.read(spark, settings, "live_stats").collect())
    for name in ("ingest", "listens", "live_stats", "interests"):
        registry.run(name, spark, settings, NOW + timedelta(minutes=1))

    assert streamed == by_hand(lines)
    assert by_key(tables.read(spark, settings, "live_stats").collect()) == streamed
    assert [*stored(profile_store(settings), "shop#c#7").interests] == ["9"]
