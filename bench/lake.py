"""What the lake's jobs cost: ingest from a cold process and after it, by step; a batch into a day that is already big;
all marts of 30 days, then of one touched day of them.

Run ``.venv/bin/python bench/lake.py ingest`` (1 M logs, ``--logs 10000000`` for ten times as many),
``.venv/bin/python bench/lake.py big-day`` (``--rows`` in the day) and
``.venv/bin/python bench/lake.py marts``. Costs are CPU seconds of the Java process, with its
compiler and garbage collection, so that what else runs on the machine changes them little; S3 and Glue are an emulator
in a process of its own, whose work is not counted. Of marts the Python processes of Spark are counted, too.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import os

from history import emulator
from pyspark.sql import SparkSession
from visits import visits, with_rules

from analytics import tables
from analytics.jobs import registry
from analytics.jobs.ingest import ingest_job
from analytics.jobs.kinds import WAITING, WHOLE, DayMart
from analytics.jobs.registry import JOBS
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

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAYS = 30
LOGS_AN_OBJECT = 10_000
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


class Meter:
    """CPU seconds of the Java process, in all and by step."""

    def __init__(self, spark: SparkSession) -> None:
        assert spark._jvm is not None
        # Java's own bean for this is hidden by its modules.
        self._java = int(spark._jvm.java.lang.ProcessHandle.current().pid())
        self.steps: dict[str, float] = defaultdict(float)

    def seconds(self) -> float:
        """CPU seconds since Java began."""
        return own_seconds(self._java)

    def all_seconds(self) -> float:
        """CPU seconds of Java and its Python processes since Java began."""
        return self.seconds() + workers_seconds(self._java)

    @contextmanager
    def by_step(self) -> Iterator[None]:
        """Measure each of STEPS while the block runs."""
        self.steps.clear()
        whole = [(place, name, getattr(place, name)) for place, name, _ in STEPS]
        for place, name, meaning in STEPS:
            setattr(place, name, self._timed(getattr(place, name), meaning))
        try:
            yield
        finally:
            for place, name, step in whole:
                setattr(place, name, step)

    def _timed(self, step: Callable[..., Any], meaning: str) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:
            before = self.seconds()
            try:
                return step(*arguments, **named)
            finally:
                self.steps[meaning] += self.seconds() - before

        return timed


def stat_of(process: int) -> list[str]:
    """Fields of a process's stat behind its name: its parent is the second, its CPU ticks are 11 to 14."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def own_seconds(process: int) -> float:
    """CPU seconds of a process without its children."""
    return sum(map(int, stat_of(process)[11:13])) / os.sysconf("SC_CLK_TCK")


def workers_seconds(java: int) -> float:
    """CPU seconds of the Python processes that Java has started, those of ended ones included."""
    children, spent = defaultdict(list), {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields, process = stat_of(int(folder.name)), int(folder.name)
            children[int(fields[1])].append(process)
            # Own ticks and those of ended children; of Java itself only the latter.
            spent[process] = sum(map(int, fields[13 if process == java else 11 : 15]))
    found, left = spent[java], children[java]
    while left:
        found += sum(spent[process] for process in left)
        left = [child for process in left for child in children[process]]
    return found / os.sysconf("SC_CLK_TCK")


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
    with meter.by_step():
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


def measure_marts(spark: SparkSession, settings: Settings, options: argparse.Namespace) -> None:
    """Compute the marts of visits in 30 days from a process that has only ingested; again; then one touched day."""
    own, meter, span = with_rules(settings), Meter(spark), timedelta(days=DAYS)
    put_visits(own, options.logs, NOW - span, span, 1)
    ingest_job(spark, own, NOW, first=date.min)
    print(f"{'start and ingest':28} {meter.all_seconds():7.1f} CPU s", flush=True)
    every = compute_marts(spark, own, meter, "first", apart=options.apart)
    whole = compute_marts(spark, own, meter, "all days again", WHOLE, apart=options.apart)
    late = max(1, options.logs // DAYS // 100)
    put_visits(own, late, NOW - timedelta(days=10), timedelta(hours=2), 2)
    ingest_job(spark, own, NOW, first=date.min)
    touched = compute_marts(spark, own, meter, f"{late:,} late logs of a day", WAITING, apart=options.apart)
    rows = spark.table(tables.table_name(own, "events")).count()
    print(f"{rows:,} events: {every / rows * 1e6:.1f} CPU s a million at first, {whole / rows * 1e6:.1f} again; "
          f"a touched day costs {touched / whole:.3f} of all {DAYS}")  # fmt: skip


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


CASES: dict[str, Callable[[SparkSession, Settings, argparse.Namespace], None]] = {
    "ingest": measure_ingest,
    "big-day": measure_big_day,
    "marts": measure_marts,
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="+", choices=CASES)
    parser.add_argument("--logs", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=10_000_000)
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
