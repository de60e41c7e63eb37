"""Listening: features of 1 million listens, and the live numbers of a site with 1 million events a day.

Run ``.venv/bin/python bench/listening.py features`` (needs Java and pyspark, no AWS: start-up is not counted) and
``bench/listening.py live`` (a new process for each cold figure). Listens lie as Parquet on this machine, raw objects in
memory, so neither Iceberg's plan nor S3 is in the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

NOW = datetime(2026, 11, 30, 12, 2, tzinfo=UTC)
LISTENS = 1_000_000
CUSTOMERS, TRACKS = 5_000, 1_750
EVENTS_A_DAY = 1_000_000
OBJECTS = 8
"""Flushes of 40 minutes."""
WARM = 10


def listens(path: Path, count: int, hours: float) -> None:
    """Write rows of table `listens` that end now, popular customers more often."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from logdig.marts.columns import table_schema

    choose = np.random.default_rng(3)
    ago = choose.random(count) * hours * 3.6e9
    moments = pa.array(np.datetime64(NOW.replace(tzinfo=None), "us") - ago.astype("timedelta64[us]"))
    at = moments.cast(pa.timestamp("us", "UTC"))
    hour = pc.hour(at)
    parts = pc.if_else(pc.less(hour, 5), "night", pc.if_else(pc.less(hour, 12), "morning", "evening"))
    customers = np.minimum(choose.zipf(1.3, count) - 1, CUSTOMERS - 1)
    columns = {
        "app": pa.repeat("shop", count),
        "event_id": pc.binary_join_element_wise("e", pc.utf8_lpad(pa.array(range(count)).cast("string"), 20, "0"), ""),
        "customer_id": pa.array(customers).cast("string"),
        "user_key": pa.nulls(count, pa.string()),
        "track_id": pa.array(choose.integers(0, TRACKS, count)).cast("string"),
        "occurred_at": at,
        "tz_min": pa.repeat(0, count),
        "local_hour": hour,
        "day_part": parts,
        "mobile": pa.array(choose.random(count) < 0.6),
        "zip": pa.repeat("02132", count),
        "listened_ms": pa.nulls(count, pa.int64()),
        "ads_consent": pa.repeat(True, count),
        "day": at.cast(pa.date32()),
        "state": pa.repeat("MA", count),
    }
    pq.write_table(pa.table(columns).sort_by("day").cast(table_schema("listens", list(columns))), path)


def features(folder: Path) -> None:
    """Time the six shares of every customer as of now, after a first small run."""
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as F  # noqa: N812

    from analytics.model.behaviour import as_of

    listens(folder / "listens.parquet", LISTENS, 27 * 24)
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", False)
        .config("spark.sql.shuffle.partitions", 4)
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    rows = spark.read.parquet(str(folder / "listens.parquet"))
    nothing = spark.createDataFrame([], "app string, event_id string, goal string")

    def run(some: Any) -> float:
        points = some.select("app", F.lit("customer").alias("unit"), F.col("customer_id").alias("person")).distinct()
        points = points.withColumn("as_of", F.lit(NOW))
        started = time.perf_counter()
        as_of(points, nothing, some, nothing, feature_set="listening").write.format("noop").mode("overwrite").save()
        return time.perf_counter() - started

    run(rows.limit(1000))
    seconds = run(rows)
    print(json.dumps({"listens": LISTENS, "seconds": round(seconds, 2), "load": os.getloadavg()[0]}))
    spark.stop()


def live(folder: Path) -> None:
    """Time the live numbers of the page in new processes, and again in each."""
    listens(folder / "listens.parquet", int(EVENTS_A_DAY * 30 / 24), 30)
    command = [sys.executable, __file__, "cold", str(folder)]
    for _ in range(3):
        print(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def cold(folder: Path) -> None:
    """One process: the first answer of the page's address, and the median of the next; wall and CPU seconds."""
    started = time.perf_counter()
    from bench.questions import ParquetTables
    from dashboard.app import create_dashboard
    from logdig.config.settings import AppSettings, Settings
    from logdig.marts.kept import KeptColumns

    imported = time.perf_counter()
    store, tables = raw_objects(), known_tables(ParquetTables(folder, KeptColumns()))
    settings = Settings(apps=(AppSettings(name="shop", token="pk_shop_12345678"),))
    client = create_dashboard(settings, tables, store, clock=lambda: NOW).test_client()

    def ask() -> tuple[float, float]:
        begun, used = time.perf_counter(), time.process_time()
        assert client.get("/data/listening/live?app=shop").status_code == 200
        return time.perf_counter() - begun, time.process_time() - used

    first = ask()
    again = sorted(ask() for _ in range(WARM))[WARM // 2]
    found = {
        "imports_s": imported - started, "cold_s": first[0], "cold_cpu_s": first[1],
        "warm_s": again[0], "warm_cpu_s": again[1], "load": os.getloadavg()[0],
    }  # fmt: skip
    print(json.dumps({name: round(value, 3) for name, value in found.items()}))


def known_tables(tables: Any) -> Any:
    """The same with customers and tracks in memory."""
    from tests.fakes.pinned import MemoryTables

    choose = random.Random(1)  # noqa: S311
    customers = [
        {"app": "shop", "customer_id": str(who), "gender": choose.randrange(2), "level": choose.randrange(3)}
        for who in range(CUSTOMERS)
    ]
    tracks = [{"app": "shop", "track_id": str(one), "title": f"Song {one}"} for one in range(TRACKS)]
    tables.whole = MemoryTables({"customers": customers, "tracks": tracks}).whole
    return tables


def raw_objects() -> Any:
    """The objects of the last 40 minutes in memory."""
    from logdig.store.objects import build_object
    from logdig.times import wire_time
    from tests.fakes.store import FakeStore

    draw, store = random.Random(5), FakeStore()  # noqa: S311
    store.clock = lambda: NOW
    count = int(EVENTS_A_DAY * 40 / 24 / 60)
    for part in range(OBJECTS):
        lines = []
        for place in range(count // OBJECTS):
            at = wire_time(NOW - draw.random() * timedelta(minutes=40))
            lines.append(
                json.dumps(
                    {
                        "received_at": at, "occurred_at": at, "timestamp": at, "app": "shop", "type": "listen",
                        "event_id": f"n{part}-{place}", "customer_id": str(draw.randrange(CUSTOMERS)), "bot": False,
                        "listen": {"track_id": str(draw.randrange(TRACKS)), "mobile": True, "zip": "02132"},
                        "consent": {"analytics": True, "ads": True}, "user_agent": "a" * 120,
                    }
                ).encode()
            )  # fmt: skip
        built = build_object("raw", NOW.date(), lines)
        store.put(built.key, built.body)
    return store


def main() -> None:
    """Run a part in a folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["features", "live", "cold"])
    parser.add_argument("folder", nargs="?", type=Path)
    arguments = parser.parse_args()
    parts = {"features": features, "live": live, "cold": cold}
    if arguments.folder:
        parts[arguments.part](arguments.folder)
        return
    with tempfile.TemporaryDirectory() as folder:
        parts[arguments.part](Path(folder))


if __name__ == "__main__":
    main()
