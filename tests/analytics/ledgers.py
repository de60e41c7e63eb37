"""Ledgers of a lake: ingest with what it notes, the rows that a job wrote, and those of a reading of everything."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.ingest import ingest_job
from analytics.jobs.ledger import MESSAGES
from analytics.ledger.ledger import Sources, ledger
from analytics.ledger.objects import NO_DAY
from analytics.ledger.reading import LINES, lines_of
from analytics.schema.columns import table_columns
from logdig.aws.clients import dead_letter_queue, s3_store
from logdig.config.settings import Settings
from logdig.privacy.erasure_list import make_salt
from logdig.queue.dead_letters import read_dead
from logdig.store.keys import ZONES, Zone, parse_key
from logdig.store.objects import decompress

Rows = dict[tuple[str, str], dict[str, Any]]


def ingest(spark: SparkSession, settings: Settings, now: datetime) -> None:
    """Bring every object in, and see to it that table ``ingested`` names each."""
    ingest_job(spark, settings, now)
    known = {row["key"] for row in tables.read(spark, settings, "ingested").collect()}
    note(spark, settings, {entry.key for zone in ZONES for entry in s3_store(settings).list(f"{zone}/")} - known, now)


def note(spark: SparkSession, settings: Settings, keys: set[str], now: datetime, error: str | None = None) -> None:
    """Write what ingest notes of objects."""
    rows = [(key, parse_key(key).day, 1, now, error) for key in sorted(keys)]
    tables.append(spark, settings, "ingested", tables.small_frame(spark, table_columns("ingested"), rows))


def ledger_rows(spark: SparkSession, settings: Settings) -> Rows:
    """Table ``ledger`` by app and day."""
    return {(row["app"], str(row["day"])): row.asDict() for row in tables.read(spark, settings, "ledger").collect()}


def full_reading(spark: SparkSession, settings: Settings) -> Rows:
    """Count from the text of every object, read without Spark, and from nothing that is kept."""
    store = s3_store(settings)
    salt = make_salt(store)
    texts: dict[Zone, list[tuple[object, ...]]] = {
        zone: [
            (line.decode(), entry.key, NO_DAY)
            for entry in store.list(f"{zone}/")
            for line in (decompress(store.get(entry.key)) or b"").splitlines()
        ]
        for zone in ZONES
    }
    stored = {zone: tables.small_frame(spark, LINES, texts[zone]) for zone in ZONES}
    dead = read_dead(dead_letter_queue(settings))
    given_up = [
        tables.small_frame(spark, LINES, [(text, "", NO_DAY) for text in lines]) for lines in (dead.raw, dead.bad)
    ]
    lines = lines_of(stored["raw"], stored["bad"], salt)
    read = tables.read(spark, settings, "ingested").where("error IS NULL").select("key")
    sources = Sources(
        lines=lines,
        waiting=lines.select("key").distinct().join(read, "key", "left_anti"),
        events=tables.read(spark, settings, "events"),
        bad_events=tables.read(spark, settings, "bad_events"),
        dead=lines_of(given_up[0], given_up[1], salt),
        dead_messages=tables.small_frame(spark, MESSAGES, [("", day) for day in dead.unreadable]),
        salt=salt,
    )
    return {(row["app"], str(row["day"])): row.asDict() for row in ledger(sources).collect()}
