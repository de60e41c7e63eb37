"""What the lake's jobs cost: ingest from a cold process and after it, by step; a batch into a day that is already big;
all marts of 30 days, then of one touched day of them; the plan of a run over many notes.

Run ``.venv/bin/python bench/lake.py ingest`` (1 M logs, ``--logs 10000000`` for ten times as many),
``.venv/bin/python bench/lake.py big-day`` (``--rows`` in the day),
``.venv/bin/python bench/lake.py marts`` and ``.venv/bin/python bench/lake.py notes`` (``--notes``). Costs are CPU
seconds of the Java process, with its compiler and garbage collection, so that what else runs on the machine changes
them little; S3 and Glue are an emulator in a process of its own, whose work is not counted. Of marts the Python
processes of Spark are counted, too.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import os

from history import emulator
from java_cpu import Meter
from mart_runs import DAYS, LOGS_AN_OBJECT, NOW, measure_marts, measure_notes
from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.ingest import ingest_job
from analytics.lake import branch as branches
from analytics.lake import ingest as ingesting
from analytics.lake import maintenance
from analytics.lake.branch import Branch
from analytics.schema.frames import fit
from analytics.spark import session
from infra.local.aws_resources import create_resources
from infra.local.machine import find_java, java_home
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.store.objects import build_object
from logdig.times import wire_time

LATE_LOGS = 20_000
COPIES = 0.001
"""Share of logs that a browser has sent twice."""
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36"
STEPS: list[tuple[Any, str, str]] = [
    (Branch, "append", "read, parse, write"),
    (ingesting, "deduplicate", "copies, with the note"),
    (ingesting, "note_rows", "of it the note"),
    (tables, "delete_positions", "of it deleting copies"),
    (Branch, "publish", "publish"),
    (branches, "_drop", "drop the branch"),
    (ingesting, "upgrade", "tables made or looked at"),
    (ingesting, "record", "ingested"),
]


def log(dice: random.Random, event_id: str, at: datetime) -> bytes:
    """Make a stored line as a tracker's click gives it, about 880 bytes."""
    page = f"https://shop.example/album/{dice.randrange(300)}.html"
    return msgspec.json.encode({
        "received_at": wire_time(at + timedelta(seconds=2)), "occurred_at": wire_time(at), "timestamp": wire_time(at),
        "app": "shop", "event_id": event_id, "type": "click", "seq": dice.randrange(200),
        "user_key": f"u{dice.randrange(50_000):019}", "session_id": f"s{dice.randrange(90_000):019}",
        "page_view_id": f"p{dice.randrange(10**9):019}", "current_page": page, "link": f"{page}#{dice.randrange(30)}",
        "x": dice.randrange(1280), "y": dice.randrange(4000), "spent_milli_sec": 1120, "load_count": 3,
        "user_agent": AGENT, "customer_id": None,
        "token": "pk_shop_0123456789abcdef", "tz_min": 540, "consent": {"analytics": True, "ads": False},
        "view": {"vw": 1280, "vh": 720, "dw": 1280, "dh": 4000, "sx": 0, "sy": dice.randrange(3000), "dpr": 2},
        "element": {"selector": f"#list > li:nth-of-type({dice.randrange(40)}) > a", "tag": "a",
                    "ex": dice.randrange(32767), "ey": dice.randrange(32767), "w": 120, "h": 40, "fixed": False},
        "after": {"mutation_ms": 12, "watched_ms": 2500}, "page_version": "~3f2a", "experiments": {"price": "b"},
        "bot": False, "country": "KR", "pack_id": f"k{dice.randrange(10**6):021}",
    })  # fmt: skip


def put_logs(settings: Settings, count: int, start: datetime, span: timedelta, seed: int) -> int:
    """Store logs of a span of time, some of them twice; return how many distinct ones."""
    dice, store = random.Random(seed), s3_store(settings)  # noqa: S311
    for first in range(0, count, LOGS_AN_OBJECT):
        lines = []
        for number in range(first, min(first + LOGS_AN_OBJECT, count)):
            line = log(dice, f"{seed:06x}{number:016x}", start + span * number / count)
            lines += [line, line.replace(b'"pack_id":"k', b'"pack_id":"l')] if dice.random() < COPIES else [line]
        built = build_object("raw", (start + span * first / count).date(), lines)
        store.put(built.key, built.body)
    return count


def run(spark: SparkSession, settings: Settings, meter: Meter, logs: int, title: str) -> float:
    """Ingest what is new, print what it costs, and return the CPU seconds."""
    before, started = meter.seconds(), time.perf_counter()
    with meter.by_step(STEPS):
        report = ingest_job(spark, settings, NOW, first=date.min)
    spent, elapsed = meter.seconds() - before, time.perf_counter() - started
    rate = f"{logs / spent:10,.0f} logs a CPU second"
    print(f"{title:36} {spent:7.1f} CPU s {elapsed:7.1f} s {rate}, {report.rows:,} rows", flush=True)
    for meaning, seconds in meter.steps.items():
        print(f"    {meaning:32} {seconds:7.1f}", flush=True)
    return spent


def measure_ingest(spark: SparkSession, settings: Settings, options: argparse.Namespace) -> None:
    """Ingest so many logs of 30 days from a cold process, then as many again."""
    meter, logs, span = Meter(spark), options.logs, timedelta(days=DAYS)
    print(f"{'start of Spark':36} {meter.seconds():7.1f} CPU s", flush=True)
    put_logs(settings, logs, NOW - span, span, 1)
    run(spark, settings, meter, logs, f"first {logs:,} logs")
    print(f"{'cold, with the start':36} {meter.seconds():7.1f} CPU s {logs / meter.seconds():18,.0f} logs a CPU second")
    put_logs(settings, logs, NOW - span, span, 2)
    run(spark, settings, meter, logs, f"{logs:,} logs more")
    before = meter.seconds()
    doubled = maintenance.recheck_ids(spark, settings, NOW)
    rows = tables.read(spark, settings, "events").count()
    print(f"{'recheck of all':36} {meter.seconds() - before:7.1f} CPU s, {doubled} doubled, {rows:,} rows", flush=True)
    assert (doubled, rows) == (0, 2 * logs)


def measure_big_day(spark: SparkSession, settings: Settings, options: argparse.Namespace) -> None:
    """Ingest equal batches, first into days without events, then into a day that holds many."""
    meter, big = Meter(spark), (NOW - timedelta(days=1)).replace(hour=0)
    put_logs(settings, LATE_LOGS, NOW - timedelta(days=20), timedelta(minutes=30), 1)
    run(spark, settings, meter, LATE_LOGS, "warm-up")
    fill(spark, settings, options.rows, big)
    spent: dict[str, list[float]] = defaultdict(list)
    for number in range(options.rounds):
        for title, start in (("empty day", NOW - timedelta(days=10 - number)), ("big day", big.replace(hour=23))):
            put_logs(settings, LATE_LOGS, start, timedelta(minutes=30), 100 + 2 * number + len(title) % 2)
            spent[title].append(run(spark, settings, meter, LATE_LOGS, title))
    ratio = min(spent["big day"]) / min(spent["empty day"])
    print(f"a batch of {LATE_LOGS:,} into a day of {options.rows:,} rows: {ratio:.2f} times that into an empty one")


def fill(spark: SparkSession, settings: Settings, rows: int, day: datetime) -> None:
    """Put rows of the first 23 hours of a day into the table, in files as ingest writes them."""
    full = tables.ensure_table(spark, settings, "events")
    moment = f"timestamp_micros({int(day.timestamp() * 1e6)} + id * {int(23 * 3600 * 1e6 / rows)})"
    made = spark.range(0, rows, 1, 16).selectExpr(
        "'shop' AS app", "concat('b', lpad(id, 21, '0')) AS event_id", "'click' AS type", f"{moment} AS occurred_at",
        f"{moment} AS timestamp", f"{moment} AS received_at", "xxhash64(id) AS line_hash",
        "sha1(string(id)) AS user_key",
        f"DATE '{day.date()}' AS day", "false AS skewed",
    )  # fmt: skip
    fit(made, spark.table(full).schema).writeTo(full).append()
    there = spark.table(full).where(f"day = DATE '{day.date()}'").count()
    print(f"    {there:,} rows in the day", flush=True)


CASES: dict[str, Callable[[SparkSession, Settings, argparse.Namespace], None]] = {
    "ingest": measure_ingest,
    "big-day": measure_big_day,
    "marts": measure_marts,
    "notes": measure_notes,
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="+", choices=CASES)
    parser.add_argument("--logs", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--notes", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--apart", action="store_true", help="of marts, run each one alone")
    options = parser.parse_args(arguments)
    java = find_java()
    if java is not None:
        os.environ["JAVA_HOME"] = java_home(java)
    for case in options.cases:
        with tempfile.TemporaryDirectory() as folder, emulator(Path(folder, "log")):
            settings = Settings(service=f"b{uuid.uuid4().hex[:8]}")
            create_resources(settings, os.environ)
            spark = session(settings, os.environ)
            try:
                CASES[case](spark, settings, options)
            finally:
                spark.stop()


if __name__ == "__main__":
    main()
