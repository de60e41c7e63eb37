"""The ledger's job: read what is new of both zones, the tables, the dead-letter queue; write the mart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.jobs.report import JobReport
from analytics.ledger.ledger import Sources, ledger
from analytics.ledger.objects import NO_DAY, TABLE, Upkeep, kept_objects, remove, update
from analytics.ledger.reading import LINES, lines_of, version_of
from analytics.ledger.verify import compare_objects, compare_sums
from analytics.schema.columns import DAY, TEXT, struct
from logdig.aws.clients import dead_letter_queue, s3_store
from logdig.config.settings import Settings
from logdig.privacy.erasure_list import make_salt
from logdig.questions.ledger import broken_sums
from logdig.queue.dead_letters import read_dead
from logdig.tables.catalog import days_kept

MESSAGES = struct({"app": TEXT, "day": DAY})
Progress = Callable[[str, int, int], None]
"""Called with what is done, how many objects are, and how many there are to do."""


def no_progress(_what: str, _done: int, _total: int) -> None:
    """Show nothing."""


@dataclass(slots=True)
class Verification:
    """What a reading of every object found.

    objects: how many were read. faults: by key, where what is kept of an object differs from the object. sums: values
    of the ledger that differ for it, see `analytics.ledger.verify.compare_sums`.
    """

    objects: int = 0
    faults: dict[str, str] = field(default_factory=dict)
    sums: list[dict[str, object]] = field(default_factory=list)


def ledger_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:
    """Count the ledger from the lines that are kept of each object; days of which something has expired stay."""
    return _count(spark, settings, now)[1]


def verify(
    spark: SparkSession, settings: Settings, now: datetime, progress: Progress = no_progress
) -> tuple[JobReport, Verification]:
    """Count the ledger, then read every object and compare: line by line what is kept, and the sums.

    What is kept of objects that differ is removed, so that the next run counts them as they are now.
    """
    sources, report = _count(spark, settings, now, progress)
    store, salt, found = s3_store(settings), sources.salt, Verification()
    kept = kept_objects(tables.read(spark, settings, TABLE), version_of(salt))
    objects = {key: one.day for key, one in kept.items()}
    true_rows = []
    for piece in compare_objects(spark, settings, store, objects, salt):
        found.objects += piece.objects
        found.faults |= piece.faults
        true_rows += [piece.rows] if piece.faults else []
        progress("objects compared", found.objects, len(objects))
    if found.faults:
        lines = sources.lines.where(~F.col("key").isin(sorted(found.faults)))
        for rows in true_rows:
            lines = lines.unionByName(rows.where("readable IS NOT NULL").select(*lines.columns))
        counted = ledger(replace(sources, lines=lines))
        first = first_whole_day(settings, now.date())
        found.sums = compare_sums(tables.read(spark, settings, "ledger"), counted, first)
        remove(spark, settings, {key: objects[key] for key in found.faults})
    return report, found


def _count(
    spark: SparkSession, settings: Settings, now: datetime, progress: Progress = no_progress
) -> tuple[Sources, JobReport]:
    sources, done = _sources(spark, settings, progress)
    earlier = tables.read(spark, settings, "ledger")
    rows = with_expired_days(ledger(sources), earlier, first_whole_day(settings, now.date()))
    count = tables.replace(spark, settings, "ledger", rows)
    # What the alarm on the ledger reads; the table holds a row a day and app.
    broken = sum(len(broken_sums(row.asDict())) for row in tables.read(spark, settings, "ledger").collect())
    notes: dict[str, object] = {"broken_sums": broken, "objects_read": done.read}
    if done.damaged:
        notes["objects_damaged"] = len(done.damaged)
    return sources, JobReport("ledger", count, notes=notes)


def _sources(spark: SparkSession, settings: Settings, progress: Progress) -> tuple[Sources, Upkeep]:
    store = s3_store(settings)
    salt = make_salt(store)
    # In this order what comes in meanwhile waits, and never seems lost.
    read = tables.read(spark, settings, "ingested").where("error IS NULL").select("key")
    events, bad_events = (tables.read(spark, settings, name) for name in ("events", "bad_events"))
    dead = read_dead(dead_letter_queue(settings))
    done = update(
        spark, settings, store, salt, lambda: datetime.now(UTC), lambda n, total: progress("objects read", n, total)
    )
    rows = tables.read(spark, settings, TABLE)
    raw, bad = (
        tables.small_frame(spark, LINES, [(text, "", NO_DAY) for text in texts]) for texts in (dead.raw, dead.bad)
    )
    sources = Sources(
        lines=rows.where("readable IS NOT NULL"),
        waiting=rows.where("readable IS NULL").select("key").join(read, "key", "left_anti"),
        events=events,
        bad_events=bad_events,
        dead=lines_of(raw, bad, salt),
        dead_messages=tables.small_frame(spark, MESSAGES, [("", day) for day in dead.unreadable]),
        salt=salt,
    )
    return sources, done


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
