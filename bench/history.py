"""What many tiny files cost a question that reads all events of an app: the same 10,000 events in day files of one
year, in day files of ten years, and in month files of ten years.

Run ``.venv/bin/python bench/history.py``, or with ``--part 10`` a tenth of rows and days. Tables, Glue and S3 are on
this machine, so a request costs the processor instead of a wait; requests and files are what another machine can be
compared by.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from collector_server import free_port

from infra.local.aws_resources import create_resources
from logdig.config.settings import Settings
from logdig.marts.columns import table_schema
from logdig.marts.reader import Marts, catalog_properties

COLUMNS = ("type", "user_key", "customer_id", "occurred_at")

ROWS = 10_000
NEWEST = date(2026, 11, 24)
LAYOUTS = {"year": (365, "day"), "months": (3650, "month"), "ten-years": (3650, "day")}
"""By name of the service: days of the app, and the column by which they are put into files. PyIceberg cannot write
partitions by a function of a column here, so months are a column of their own."""
PARQUET = re.compile(r'"(?:\x1b\[\d+m)*(GET|HEAD) (\S+\.parquet)')
"""A request in the emulator's log, which colours answers with a part of a file."""


def rows(count: int, days: int) -> list[dict[str, Any]]:
    """Events of one app, spread over its days; the same for the same days."""
    choose = random.Random(7)  # noqa: S311
    found = []
    for number in range(count):
        day = NEWEST - timedelta(days=number % days)
        at = datetime(day.year, day.month, day.day, choose.randrange(24), choose.randrange(60), tzinfo=UTC)
        found.append({
            "app": "shop", "event_id": f"e{number:021}", "type": choose.choice(["page", "click", "listen", "custom"]),
            "day": day, "month": f"{day:%Y-%m}", "occurred_at": at, "user_key": f"u{choose.randrange(2000):021}",
            "customer_id": choose.choice([None, str(choose.randrange(900))]),
            "current_page": f"https://shop.example/album/{choose.randrange(300)}.html",
        })  # fmt: skip
    return found


def write(settings: Settings, count: int, days: int, partition: str) -> Table:
    """Make the table and write all rows in one commit."""
    catalog = GlueCatalog("lake", **catalog_properties(settings, os.environ))
    columns = table_schema("events").append(pa.field("month", pa.string()))
    table = catalog.create_table((settings.database, "events"), schema=columns, location=f"{settings.warehouse}/events")
    with table.update_spec() as spec:
        spec.add_identity("app")
        spec.add_identity(partition)
    table = catalog.load_table((settings.database, "events"))
    table.append(pa.Table.from_pylist(rows(count, days), schema=columns))
    return catalog.load_table((settings.database, "events"))


@contextmanager
def emulator(log: Path) -> Iterator[None]:
    """Serve Glue and S3; each request is a line of the log."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    os.environ |= {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    command = [sys.executable, "-m", "infra.local.emulator", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as file, subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=file) as server:
        try:
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"{url}/moto-api/", timeout=5).close()  # noqa: S310
                    break
                except OSError:
                    time.sleep(0.1)
            yield
        finally:
            server.terminate()


Counts = dict[str, int]


def count_types(batches: Iterable[pa.RecordBatch]) -> Counts:
    """Events by type; every other column of COLUMNS is read, too."""
    counts: Counter[str] = Counter()
    for batch in batches:
        for found in batch.column("type").value_counts().to_pylist():
            counts[found["values"]] += found["counts"]
    return dict(counts)


def by_pyiceberg(table: Table) -> Counts:
    """Read as PyIceberg does: each file opened by a task of its thread pool."""
    return count_types(table.scan("app = 'shop'", selected_fields=COLUMNS).to_arrow_batch_reader())


def measure(work: Callable[[], Counts], log: Path, rounds: int) -> tuple[float, int, int, Counts]:
    """Seconds (median), requests for files of rows, and such files, of one call."""
    spent = []
    for _ in range(rounds):
        before, started = log.stat().st_size, time.perf_counter()
        found = work()
        spent.append(time.perf_counter() - started)
    asked = PARQUET.findall(log.read_bytes()[before:].decode())
    return statistics.median(spent), len(asked), len({path for _, path in asked}), found


def compare(name: str, part: int, rounds: int, log: Path) -> Iterator[tuple[str, float, int, int]]:
    """Make one layout and yield what each way of reading it takes; both must give the same answer."""
    days, partition = LAYOUTS[name]
    settings = Settings(service=name)
    create_resources(settings, os.environ)
    table = write(settings, ROWS // part, days // part, partition)
    marts = Marts(settings, os.environ, lambda: 0.0)
    marts.count("events")
    answers = []
    ways: dict[str, Callable[[], Counts]] = {
        "PyIceberg": lambda: by_pyiceberg(table),
        "ours": lambda: count_types(marts.batches("events", COLUMNS, [("app", "=", "shop")])),
    }
    for way, work in ways.items():
        seconds, requests, files, found = measure(work, log, rounds)
        answers.append(found)
        yield way, seconds, requests, files
    assert answers[0] == answers[1], f"{name}: both ways must give the same answer"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", type=int, default=1, help="take rows and days divided by this")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    base = 0.0
    with tempfile.TemporaryDirectory() as folder, emulator(log := Path(folder, "log")):
        for name in LAYOUTS:
            for way, seconds, requests, files in compare(name, options.part, options.rounds, log):
                base = base or seconds
                times = f"{seconds:7.2f} s {seconds / base:5.1f} times"
                print(f"{name:9} {way:9} {times} {files:6,} files {requests:6,} requests", flush=True)


if __name__ == "__main__":
    main()
