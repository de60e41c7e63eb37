"""The job of the live numbers, and that of customers' interests."""

from __future__ import annotations

from collections import defaultdict
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from functools import partial

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.jobs.report import JobReport
from analytics.live import stream
from analytics.marts.interests import interests
from analytics.marts.site import site_of
from logdig.aws.clients import profile_store
from logdig.config.settings import Settings
from logdig.decide.interests import Interest, add_interests
from logdig.decide.profiles import person_key
from logdig.tables.catalog import TABLES

CHECKPOINT = "checkpoints/live"
"""Folder of the bucket with what the stream knows."""
RECENT = timedelta(days=3)
"""Interests of so long go into the profile store: a run may have failed, and the one before too."""


def live_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:
    """Bring the newest slots of `live_stats` up to date from raw; nothing where ``freshness`` is not ``live``."""
    if settings.freshness != "live":
        return JobReport("live", 0, notes={"idle": 'freshness is not "live"'})
    name = "live_stats"
    tables.ensure_table(spark, settings, name)

    # The stream calls from a thread of its own, which knows nothing of the run's lease.
    context = copy_context()
    days = [now.date() + timedelta(days=step) for step in (-1, 0, 1)]

    def write(rows: DataFrame) -> None:
        merge = partial(tables.merge, settings, name, keys=TABLES[name].keys, wins="true", days=days)
        context.run(merge, tables.staged(rows))

    bucket = settings.bucket_name
    batches = stream.run(
        spark, stream.raw_paths(bucket, now), f"s3a://{bucket}/{CHECKPOINT}", site_of(settings), now, write
    )
    count = tables.read(spark, settings, name).where(F.col("slot_at") >= F.lit(now - stream.WRITTEN)).count()
    return JobReport("live", count, notes={"batches": batches})


def interests_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:
    """Find interests anew, and add the recent ones to the profile store."""
    rows = interests(tables.read(spark, settings, "listens"))
    count = tables.replace(spark, settings, "interests", rows)
    keep_for = timedelta(days=settings.listening.interest_days)
    recent = tables.read(spark, settings, "interests").where(F.col("last_at") >= F.lit(now - min(RECENT, keep_for)))
    by_person: dict[str, dict[str, Interest]] = defaultdict(dict)
    for row in recent.toArrow().to_pylist():
        person = person_key(row["app"], customer_id=row["customer_id"], user_key=None)
        first, last = (row[column].astimezone(UTC) for column in ("first_at", "last_at"))
        by_person[person][row["track_id"]] = Interest(first, last)
    store = profile_store(settings)
    changed = sum(add_interests(store, person, found, now, keep_for) for person, found in by_person.items())
    return JobReport("interests", count, notes={"customers changed in the profile store": changed})
