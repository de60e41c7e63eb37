"""What marts cost over 30 days of visits and over a touched day of them, and a run's plan over many notes."""

from __future__ import annotations

import argparse
import time
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from java_cpu import Meter
from pyspark.sql import SparkSession
from visits import visits, with_rules

from analytics import tables
from analytics.jobs import registry
from analytics.jobs.ingest import ingest_job
from analytics.jobs.kinds import WHOLE, DayMart
from analytics.jobs.registry import JOBS
from analytics.lake.touched import fold, read_touches
from analytics.schema.frames import fit
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.marts.progress import Mark, lake_of, plan
from logdig.store.objects import build_object

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAYS = 30
LOGS_AN_OBJECT = 10_000


def measure_marts(spark: SparkSession, settings: Settings, options: argparse.Namespace) -> None:
    """Compute the marts of visits in 30 days from a process that has only ingested; again; then one touched day, alone
    and with a late tail: a thousandth as many logs as a day has, over the days that are older than three.
    """
    own, meter, span = with_rules(settings), Meter(spark), timedelta(days=DAYS)
    put_visits(own, options.logs, NOW - span, span, 1)
    ingest_job(spark, own, NOW, first=date.min)
    print(f"{'start and ingest':28} {meter.all_seconds():7.1f} CPU s", flush=True)
    every = compute_marts(spark, own, meter, "first", apart=options.apart)
    whole = compute_marts(spark, own, meter, "all days again", WHOLE, apart=options.apart)
    touched, a_day = {}, options.logs // DAYS
    for number, (title, tail) in enumerate((("a touched day", 0), ("and a late tail", max(1, a_day // 1000)))):
        put_visits(own, max(1, a_day // 100), NOW - timedelta(days=10 + number), timedelta(hours=2), 2 + number)
        put_visits(own, tail, NOW - span + timedelta(days=1), timedelta(days=DAYS - 5), 4)
        ingest_job(spark, own, NOW, first=date.min)
        touched[title] = compute_marts(spark, own, meter, title, apart=options.apart)
    rows = tables.count(spark, tables.table_name(own, "events"))
    print(
        f"{rows:,} events: {every / rows * 1e6:.1f} CPU s a million at first, {whole / rows * 1e6:.1f} again",
        flush=True,
    )
    for title, spent in touched.items():
        print(f"{title}: {spent / whole:.3f} of all {DAYS}", flush=True)


def measure_notes(spark: SparkSession, settings: Settings, options: argparse.Namespace) -> None:
    """Plan a run over many notes, of twenty apps in a year: most are seen by every mart, none is, all are folded."""
    full = tables.ensure_table(spark, settings, "touched")
    day = f"date_sub(DATE '{NOW.date()}', cast(pmod(xxhash64(id), 365) AS int))"
    made = spark.range(0, options.notes, 1, 8).selectExpr(
        "id div 10 + 1 AS seq", "concat('app', id % 20) AS app", f"{day} AS day", "10 AS rows",
        f"{day} AS first_received", "TIMESTAMP '2026-11-24 00:00:00' AS noted_at", "'ingest' AS work",
    )  # fmt: skip
    fit(made, spark.table(full).schema).writeTo(full).append()
    # A run brings ten notes; the mart is a hundred runs behind.
    last, seen = options.notes // 10, max(0, options.notes // 10 - 100)
    for title, upto in (("in a cold process", seen), ("again", seen), ("by a mart that has seen none", 0)):
        _plan(spark, settings, f"{options.notes:,} notes, {title}", upto)
    started = time.perf_counter()
    fewer = fold(spark, settings, last)
    print(f"{f'{fewer:,} fewer by folding':56} {time.perf_counter() - started:7.2f} s", flush=True)
    _plan(spark, settings, "then", seen)


def _plan(spark: SparkSession, settings: Settings, title: str, upto: int) -> None:
    started = time.perf_counter()
    touches = read_touches(spark, settings, upto)
    read = time.perf_counter()
    planned = plan(lake_of(settings, touches, NOW), Mark("1", upto), "1")
    ended = time.perf_counter()
    print(
        f"{title:56} read {read - started:7.2f} s, planned {ended - read:7.2f} s, {len(planned.now):,} days due",
        flush=True,
    )


def put_visits(settings: Settings, logs: int, start: datetime, span: timedelta, seed: int) -> None:
    """Store logs of visits; objects lie under the day of the first of their lines."""
    store = s3_store(settings)
    lines = visits(logs, start, span, seed)
    for first in range(0, logs, LOGS_AN_OBJECT):
        built = build_object("raw", (start + span * first / logs).date(), list(islice(lines, LOGS_AN_OBJECT)))
        store.put(built.key, built.body)


def compute_marts(
    spark: SparkSession, settings: Settings, meter: Meter, title: str, *options: str, apart: bool
) -> float:
    """Run every mart that is computed by day, print what each group costs, and return the CPU seconds of all."""
    total, started = 0.0, time.perf_counter()
    names = [name for name, job in JOBS.items() if isinstance(job, DayMart)]
    for group in [(name,) for name in names] if apart else registry.together(names):
        before = meter.all_seconds()
        reports = registry.run_together(group, spark, settings, NOW, options)
        total += (spent := meter.all_seconds() - before)
        print(f"    {', '.join(group):48} {spent:7.1f} CPU s", flush=True)
        for report in reports:
            print(f"        {report.name:20} {report.rows:10,} rows, {report.notes}", flush=True)
    print(f"{title:28} {total:7.1f} CPU s {time.perf_counter() - started:7.1f} s", flush=True)
    return total
