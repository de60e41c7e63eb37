"""F16: Spark dies by SIGKILL in the middle of a write; ingest again, and the rows are those of an undisturbed run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random, SystemRandom

import msgspec
import pytest
from click.testing import CliRunner
from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.registry import run
from cli.main import cli
from infra.local.stack import create_resources
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.times import wire_time
from tests.analytics.objects import bad_line, line, put

pytestmark = pytest.mark.java
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOW = NOON + timedelta(hours=12)
KILLS = 20 if os.environ.get("LOGDIG_FULL") == "1" else 1
VICTIMS = ("jvm", "driver")
KEYS_MOST = 20
"""A run dies once it has written so many keys, or fewer; it writes some thirty."""
EVENTS, COPIES, OBJECTS = 160, 60, 3
WAIT_SECONDS = 600


@dataclass(frozen=True)
class Ingest:
    """`logdig jobs run ingest`: Python, and below it the JVM in which Spark is."""

    python: subprocess.Popen[bytes]

    def is_over(self) -> bool:
        """Tell whether it ended by itself."""
        return self.python.poll() is not None

    def kill(self, victim: str) -> None:
        """End one of the two by SIGKILL and wait until both are gone."""
        for pid in [self.python.pid] if victim == "driver" else self._machines():
            os.kill(pid, signal.SIGKILL)
        self.python.wait(WAIT_SECONDS)
        wait_until(lambda: not self._machines())

    def end(self) -> None:
        """Leave nothing behind."""
        if not self.is_over() or self._machines():
            os.killpg(self.python.pid, signal.SIGKILL)
        self.python.wait(WAIT_SECONDS)

    def _machines(self) -> list[int]:
        shown = ["ps", "-o", "pid=,stat=,comm=", "-g", str(self.python.pid)]
        rows = [row.split() for row in subprocess.run(shown, capture_output=True, text=True).stdout.splitlines()]
        return [int(pid) for pid, state, name in rows if name == "java" and not state.startswith("Z")]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def ingesting(settings: Settings, environment: Mapping[str, str], log: Path) -> Iterator[Ingest]:
    command = [Path(sys.executable).with_name("logdig"), "jobs", "run", "ingest"]
    changed = {**environment, "LOGDIG_SERVICE": settings.service}
    with log.open("ab") as output:
        python = subprocess.Popen(command, env=changed, stdout=output, stderr=output, start_new_session=True)
    found = Ingest(python)
    try:
        yield found
    finally:
        found.end()


def written(settings: Settings) -> int:
    return sum(1 for _ in s3_store(settings).list(""))


def put_more(random: Random, number: int, *lakes: Settings) -> None:
    """The same objects for each lake: events of several apps and days, copies in other objects, lines of no sense."""
    objects: list[list[str]] = [[f"no line {number}-{place}"] for place in range(OBJECTS)]
    for one in range(EVENTS):
        occurred = NOON - timedelta(days=random.randrange(2), seconds=random.randrange(1000))
        for _ in range(2 if one < COPIES else 1):
            received = wire_time(NOON + timedelta(milliseconds=random.randrange(3)))
            place = random.randrange(OBJECTS)
            fields = {"app": f"app-{one % 2}", "occurred_at": wire_time(occurred), "pack_id": f"p{number}-{place}"}
            objects[place].append(line(f"e{number}-{one}", received, link=random.choice("ab"), **fields))
    for lake in lakes:
        for lines in objects:
            put(lake, "raw", lines)
        put(lake, "bad", [bad_line(f"b{number}-{one}") for one in range(20)])


def rows(spark: SparkSession, lake: Settings) -> dict[str, list[str]]:
    return {
        name: sorted(str(row) for row in tables.read(spark, lake, name).collect()) for name in ("events", "bad_events")
    }


def killed_after(settings: Settings, environment: Mapping[str, str], log: Path, victim: str, keys: int) -> int:
    """Kill an ingest once it has written so many keys; return how many it wrote, 0 = it ended before."""
    before = written(settings)
    with ingesting(settings, environment, log) as ingest:
        wait_until(lambda: ingest.is_over() or written(settings) >= before + keys)
        if ingest.is_over():
            assert ingest.python.returncode == 0, log.read_text()[-2000:]
            return 0
        # Java's notice about modules, which helps no user, is not passed on.
        assert "incubator" not in log.read_text()
        ingest.kill(victim)
    return written(settings) - before


def test_f16_rows_are_those_of_an_undisturbed_run_when_spark_is_killed_while_it_writes(
    spark: SparkSession, own: Settings, aws: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = int(os.environ.get("LOGDIG_SEED") or SystemRandom().randrange(10**9))
    print(f"LOGDIG_SEED={seed}")
    random = Random(seed)
    calm = msgspec.structs.replace(own, service=f"{own.service}calm")
    create_resources(calm, aws)
    number, died = 0, []

    while len(died) < KILLS:
        put_more(random, number := number + 1, own, calm)
        victim = random.choice(VICTIMS)
        keys = killed_after(own, aws, tmp_path / "ingest.log", victim, random.randint(1, KEYS_MOST))
        died += [(victim, keys)] if keys else []
        # A batch is there whole or not at all.
        assert tables.read(spark, own, "events").count() % EVENTS == 0
    for lake in (own, calm):
        run("ingest", spark, lake, NOW)
    run("ledger", spark, own, NOW)

    print(f"{len(died)} kills in {number} runs over {number * EVENTS} events, after so many keys: {died}")
    assert len(rows(spark, calm)["events"]) == number * EVENTS
    assert rows(spark, own) == rows(spark, calm)
    monkeypatch.setenv("LOGDIG_SERVICE", own.service)
    assert CliRunner().invoke(cli, ["ledger", "--check"]).exit_code == 0
