"""Ingest and marts run when something new is there, and one failed run ends nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from analytics.jobs.report import JobReport
from infra.local.jobs import MARTS, RETRY_SECONDS, MartRuns, Objects
from logdig.errors import LakeBusyError, StoreUnavailableError


class Lake:
    """A lake whose objects, time and faults a test sets."""

    def __init__(self) -> None:
        self.objects: Objects = frozenset()
        self.now = 0.0
        self.fault: Exception | None = None
        self.store_fault: Exception | None = None
        self.new_lines = {"raw": 1, "bad": 0, "unreadable": 0}
        self.busy = self.held = False
        self.jobs: list[str] = []
        self.lines: list[str] = []
        self.runs = MartRuns(self.find, self.run_jobs, self.hold, self.lines.append, lambda: self.now)

    def find(self) -> Objects:
        if self.store_fault is not None:
            raise self.store_fault
        return self.objects

    @contextmanager
    def hold(self) -> Iterator[None]:
        if self.busy:
            raise LakeBusyError("rebuild", datetime(2026, 11, 30, tzinfo=UTC))
        self.held = True
        yield
        self.held = False

    def run_jobs(self, names: Sequence[str]) -> list[JobReport]:
        assert self.held
        self.jobs += names
        if self.fault is not None:
            raise self.fault
        return [JobReport(name, 1, notes=dict(self.new_lines) if name == "ingest" else {}) for name in names]

    def put(self, *keys: str) -> None:
        self.objects |= {(key, 10) for key in keys}


def test_marts_run_once_when_an_object_is_new() -> None:
    lake = Lake()
    lake.runs.step()
    assert lake.jobs == []

    lake.put("raw/1")
    lake.runs.step()
    lake.runs.step()

    assert lake.jobs == ["ingest", *MARTS]
    assert lake.lines[-1] == "marts: 1 events and 0 rejected are in the tables (0.0 s)"


def test_marts_do_not_run_when_ingest_found_nothing_new() -> None:
    lake = Lake()
    lake.new_lines = {"raw": 0, "bad": 0, "unreadable": 0}
    lake.put("raw/1")
    lake.runs.step()

    assert lake.jobs == ["ingest"]

    lake.put("load/customers/1.json")
    lake.runs.step()

    assert lake.jobs == ["ingest", "ingest", *MARTS]


def test_marts_do_not_run_when_objects_were_only_removed() -> None:
    lake = Lake()
    lake.put("raw/1", "raw/2")
    lake.runs.step()
    lake.objects = frozenset([("raw/1", 10)])
    lake.runs.step()

    assert lake.jobs == ["ingest", *MARTS]


def test_failed_run_is_told_once_and_tried_again_when_time_has_passed() -> None:
    lake = Lake()
    lake.put("raw/1")
    lake.fault = ValueError("no such column\n  at line 7")
    for lake.now in (0, 1, RETRY_SECONDS, 2 * RETRY_SECONDS):
        lake.runs.step()

    assert lake.jobs == ["ingest"] * 3
    assert lake.lines[1:].count("marts: ValueError: no such column; the next run tries again") == 1

    lake.fault = None
    lake.now *= 2
    lake.runs.step()

    assert lake.lines[-1].startswith("marts: 1 events")


def test_failed_run_is_tried_again_at_once_when_a_new_object_comes() -> None:
    lake = Lake()
    lake.put("raw/1")
    lake.fault = ValueError("broken")
    lake.runs.step()
    lake.fault = None
    lake.put("raw/2")
    lake.runs.step()

    assert lake.jobs == ["ingest", "ingest", *MARTS]


def test_store_that_does_not_answer_is_told_once_and_ends_nothing() -> None:
    lake = Lake()
    lake.store_fault = StoreUnavailableError("S3 list of lake/raw/: timed out")
    lake.runs.step()
    lake.runs.step()

    assert lake.lines == ["marts: S3 list of lake/raw/: timed out; the next run tries again"]


def test_step_names_who_writes_the_tables_and_a_later_one_tries_again() -> None:
    lake = Lake()
    lake.busy = True
    lake.put("raw/1")
    lake.runs.step()

    assert lake.jobs == []
    assert "the lake is being written by: rebuild" in lake.lines[-1]

    lake.busy, lake.now = False, lake.now + RETRY_SECONDS
    lake.runs.step()

    assert lake.jobs == ["ingest", *MARTS]
