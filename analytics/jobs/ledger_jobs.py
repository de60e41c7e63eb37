"""The ledger's job: read both zones, the tables, the dead-letter queue and the erasures; write the mart."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 (the name every Spark reader knows)

from analytics import tables
from analytics.jobs.report import JobReport
from analytics.ledger import Sources, ledger
from analytics.lines import parse_bad, parse_raw
from logdig.clients import dead_letter_queue, s3_store
from logdig.dead_letters import count_waiting
from logdig.keys import SUFFIX, Zone
from logdig.settings import Settings

COUNTS = "app string, day date, count long"


def ledger_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:  # noqa: ARG001 (every job's shape)
    """Count the ledger anew from all that is stored."""
    sources = Sources(
        raw=parse_raw_with_file(spark, settings, "raw"),
        bad=parse_raw_with_file(spark, settings, "bad"),
        events=tables.read(spark, settings, "events"),
        bad_events=tables.read(spark, settings, "bad_events"),
        erased=count_frame(spark, Counter()),
        in_dlq=count_frame(spark, count_waiting(dead_letter_queue(settings))),
    )
    return JobReport("ledger", tables.replace(spark, settings, "ledger", ledger(sources)))


def count_frame(spark: SparkSession, counts: Counter[tuple[str, date]]) -> DataFrame:
    """Counts by app and day as rows."""
    return spark.createDataFrame([(*key, count) for key, count in counts.items()], COUNTS)


def parse_raw_with_file(spark: SparkSession, settings: Settings, zone: Zone) -> DataFrame:
    """Read every line of a zone with the object it lies in."""
    parse = parse_raw if zone == "raw" else parse_bad
    if next(iter(s3_store(settings).list(f"{zone}/")), None) is None:
        return parse(spark.createDataFrame([], "value string, file string"))
    lines = (
        spark.read.option("recursiveFileLookup", "true")
        .option("pathGlobFilter", f"*{SUFFIX}")
        .option("lineSep", "\n")
        .text(f"s3a://{settings.bucket_name}/{zone}/")
    )
    return parse(lines.select("value", F.col("_metadata.file_path").alias("file")))
