"""Counts of a run, each taken in its own store: lines in S3, rows in tables, responses at the sender."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from analytics import tables
from demo.story.trial import OFFER as PLANTED
from logdig.config.settings import Settings
from logdig.store.keys import Zone
from logdig.store.object_store import EventStore


class _Line(msgspec.Struct):
    app: str | None
    event_id: str | None = None
    bad_id: str | None = None


@dataclass(frozen=True, slots=True)
class ZoneCount:
    """Lines of one zone: all, and distinct ones."""

    lines: int
    distinct: int


def count_zone(store: EventStore, zone: Zone) -> ZoneCount:
    """Read every object of a zone and count its lines."""
    decoder = msgspec.json.Decoder(_Line)
    lines = 0
    identities: set[tuple[str | None, str | None]] = set()
    for entry in store.list(f"{zone}/"):
        for line in gzip.decompress(store.get(entry.key)).splitlines():
            record = decoder.decode(line)
            identities.add((record.app, record.event_id) if zone == "raw" else (None, record.bad_id))
            lines += 1
    return ZoneCount(lines, len(identities))


@dataclass(frozen=True, slots=True)
class TableCounts:
    """Rows of the tables; listens and ad clicks are split by sender: a server has no session.

    ``customer_0``, ``zero_zips`` and ``quoted_tracks`` are rows that a careless parser loses: the first customer,
    customers whose zip begins with 0, tracks with a quote in their name.
    """

    events: int
    bad_events: int
    listens: int
    browser_listens: int
    ad_clicks: int
    browser_ad_clicks: int
    exposures: int
    customers: int
    customer_0: int
    zero_zips: int
    tracks: int
    quoted_tracks: int


def count_tables(spark: SparkSession, settings: Settings) -> TableCounts:
    """Count rows in the tables themselves."""
    events = tables.read(spark, settings, "events")
    by_server = F.col("session_id").isNull()
    listen = F.col("type") == "listen"
    ad_click = (F.col("type") == "ad") & (F.col("ad.action") == "click")
    planted = F.coalesce(F.try_element_at("custom.props", F.lit("offer")) == PLANTED.name, F.lit(False))
    exposure = (F.col("type") == "custom") & (F.col("custom.name") == "$exposure") & ~planted
    conditions = {
        "listens": listen & by_server,
        "browser_listens": listen & ~by_server,
        "ad_clicks": ad_click & by_server,
        "browser_ad_clicks": ad_click & ~by_server,
        "exposures": exposure,
    }
    often_lost = {"customer_0": F.col("customer_id") == "0", "zero_zips": F.col("zip").startswith("0")}
    customers, tracks = (tables.read(spark, settings, name) for name in ("customers", "tracks"))
    return TableCounts(
        events=events.count(),
        bad_events=tables.read(spark, settings, "bad_events").count(),
        customers=customers.count(),
        tracks=tracks.count(),
        **_count_each(events, conditions),
        **_count_each(customers, often_lost),
        **_count_each(tracks, {"quoted_tracks": F.concat_ws(" ", "title", "artist").contains('"')}),
    )


def _count_each(rows: DataFrame, conditions: Mapping[str, Column]) -> dict[str, int]:
    """Count the rows that meet each condition."""
    counts = rows.agg(*(F.count_if(condition).alias(name) for name, condition in conditions.items()))
    values: dict[str, int] = counts.collect()[0].asDict()
    return values
