"""Ledgers of a lake: ingest with what it notes, the rows that a job wrote, and those of a reading of everything."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.ingest import ingest_job
from analytics.schema.columns import table_columns
from logdig.aws.clients import dead_letter_queue, s3_store
from logdig.config.settings import Settings
from logdig.privacy.erasure_list import make_salt
from logdig.privacy.tombstones import Pseudonyms
from logdig.queue.dead_letters import read_dead
from logdig.store.keys import ZONES, Zone, parse_key
from logdig.store.objects import decompress
from tests.oracle import ledger as oracle

Rows = dict[tuple[str, str], dict[str, Any]]


def ingest(spark: SparkSession, settings: Settings, now: datetime) -> None:
    """Bring every object in."""
    ingest_job(spark, settings, now)


def note(spark: SparkSession, settings: Settings, keys: set[str], now: datetime, error: str | None = None) -> None:
    """Write what ingest notes of objects."""
    rows = [(key, parse_key(key).day, 1, now, error) for key in sorted(keys)]
    tables.append(spark, settings, "ingested", tables.small_frame(spark, table_columns("ingested"), rows))


def ledger_rows(spark: SparkSession, settings: Settings) -> Rows:
    """Table ``ledger`` by app and day."""
    return {(row["app"], str(row["day"])): row.asDict() for row in tables.read(spark, settings, "ledger").collect()}


def full_reading(spark: SparkSession, settings: Settings) -> Rows:
    """Count in plain Python from the text of every object, and from nothing that is kept."""
    store = s3_store(settings)
    lines: dict[Zone, list[tuple[str, str]]] = {
        zone: [
            (entry.key, line.decode())
            for entry in store.list(f"{zone}/")
            for line in (decompress(store.get(entry.key)) or b"").splitlines()
        ]
        for zone in ZONES
    }
    events, bad_events = (
        [
            (row["app"] or "", row[name], str(row["received_at"].date()))
            for row in tables.read(spark, settings, table).collect()
        ]
        for table, name in (("events", "event_id"), ("bad_events", "bad_id"))
    )
    read = {row["key"] for row in tables.read(spark, settings, "ingested").where("error IS NULL").collect()}
    dead = read_dead(dead_letter_queue(settings))
    assert not dead.bad
    names = Pseudonyms(make_salt(store))
    return oracle.count(oracle.Stored(lines["raw"], lines["bad"], dead.raw, read, events, bad_events, names))
