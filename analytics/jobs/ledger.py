"""The ledger's job: read both zones, the tables, the dead-letter queue and the erasures; write the mart."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from functools import partial

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.jobs.report import JobReport
from analytics.lake.line_rows import parse_bad, parse_raw
from analytics.lake.objects import read_keys
from analytics.ledger.ledger import Sources, ledger
from analytics.ledger.line_kinds import RAW_LINE
from analytics.schema.columns import DAY, TEXT, struct
from logdig.aws.clients import dead_letter_queue, s3_store
from logdig.config.settings import Settings
from logdig.marts.reader import Marts
from logdig.privacy.erasure_list import read_salt
from logdig.questions.ledger import broken_sums
from logdig.queue.dead_letters import read_dead
from logdig.store.keys import SUFFIX, Zone
from logdig.tables.catalog import days_kept

LINES = struct({"value": TEXT, "file": TEXT})
MESSAGES = struct({"app": TEXT, "day": DAY})
NO_DAY = date(1970, 1, 1)
"""Day of lines that tell none; it is counted anew each time."""


def ledger_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:
    """Count the ledger anew from all that is stored; days of which something has expired stay as last counted."""
    # In this order what comes in meanwhile waits, and never seems lost.
    read = read_objects(spark, settings)
    events, bad_events = (tables.read(spark, settings, name) for name in ("events", "bad_events"))
    dead = read_dead(dead_letter_queue(settings))
    sources = Sources(
        raw=stored_lines(spark, settings, "raw"),
        bad=stored_lines(spark, settings, "bad"),
        events=events,
        bad_events=bad_events,
        read=read,
        dead_raw=parse_raw(_lines(spark, dead.raw), RAW_LINE),
        dead_bad=parse_bad(_lines(spark, dead.bad)),
        dead_messages=tables.small_frame(spark, MESSAGES, [("", day) for day in dead.unreadable]),
        salt=read_salt(s3_store(settings)),
    )
    earlier = tables.read(spark, settings, "ledger")
    rows = with_expired_days(ledger(sources), earlier, first_whole_day(settings, now.date()))
    count = tables.replace(spark, settings, "ledger", rows)
    # What the alarm on the ledger reads; the table holds a row a day and app.
    broken = sum(len(broken_sums(row.asDict())) for row in tables.read(spark, settings, "ledger").collect())
    return JobReport("ledger", count, notes={"broken_sums": broken})


def first_whole_day(settings: Settings, today: date) -> date:
    """First day of which retention has removed nothing yet, neither objects nor rows."""
    kept, retention = days_kept(settings.retention), settings.retention
    compared = (retention.raw_days, retention.bad_days, kept["events"], kept["bad_events"])
    shortest = min((days for days in compared if days), default=None)
    return date.min if shortest is None else today - timedelta(days=shortest - 1)


def with_expired_days(counted: DataFrame, earlier: DataFrame, first: date) -> DataFrame:
    """Put rows of the earlier ledger in the place of those that can no longer be counted in full."""
    kept = earlier.where((F.col("day") < F.lit(first)) & (F.col("day") != F.lit(NO_DAY)))
    return counted.join(kept.select("app", "day"), ["app", "day"], "left_anti").unionByName(kept)


def stored_lines(spark: SparkSession, settings: Settings, zone: Zone) -> DataFrame:
    """Read every line of a zone with the name of the object it lies in."""
    parse = partial(parse_raw, columns=RAW_LINE) if zone == "raw" else parse_bad
    if next(iter(s3_store(settings).list(f"{zone}/")), None) is None:
        return parse(_lines(spark, []))
    lines = (
        spark.read.option("recursiveFileLookup", "true")
        .option("pathGlobFilter", f"*{SUFFIX}")
        .option("lineSep", "\n")
        .text(f"s3a://{settings.bucket_name}/{zone}/")
    )
    return parse(lines.select("value", F.col("_metadata.file_path").alias("path")).select("value", _name_of("path")))


def read_objects(spark: SparkSession, settings: Settings) -> DataFrame:
    """Name the objects that ingest has read and merged."""
    keys = read_keys(s3_store(settings), Marts(settings, os.environ))
    return tables.small_frame(spark, struct({"file": TEXT}), [(key.rsplit("/", 1)[1],) for key in sorted(keys)])


def _lines(spark: SparkSession, texts: list[str]) -> DataFrame:
    return tables.small_frame(spark, LINES, [(text, "") for text in texts])


def _name_of(path: str) -> Column:
    """The last part of a path; how the parts before are written depends on who wrote it."""
    return F.element_at(F.split(path, "/"), -1).alias("file")
