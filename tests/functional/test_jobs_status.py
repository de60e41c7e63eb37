"""`logdig jobs` without Spark: what it shows of tables and bucket, and that nothing starts when nothing is due."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from analytics.jobs import runs
from analytics.jobs.day_marts import version_of
from analytics.jobs.kinds import WAITING, WHOLE
from analytics.jobs.registry import JOBS, MARTS
from analytics.jobs.runs import cause_of, is_idle, writing
from analytics.jobs.status import PLANNED, status
from analytics.marts.site import digests, site_of
from cli.main import cli
from infra.local.aws_resources import create_resources
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.errors import LakeBusyError, LeaseLostError, LogDigError
from logdig.marts.days import Day
from logdig.marts.marks import to_properties
from logdig.marts.progress import Mark, Waiting
from logdig.store.lease import LEASE_TIME, read_holder
from logdig.store.state.job_states import note_done, note_failed
from tests.functional.test_marts import Lake

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
OLD, NEW = date(2026, 11, 1), date(2026, 11, 23)


@pytest.fixture
def lake(service: str, monkeypatch: pytest.MonkeyPatch) -> Lake:
    settings = Settings(service=service[:17])
    create_resources(settings, os.environ)
    monkeypatch.setenv("LOGDIG_SERVICE", settings.service)
    return Lake(settings)


def touch(seq: int, day: date, rows: int) -> dict[str, Any]:
    return {"seq": seq, "app": "shop", "day": day, "rows": rows, "first_received": day,
            "noted_at": NOON.replace(tzinfo=None) + timedelta(minutes=seq), "work": "ingest"}  # fmt: skip


def traffic_mark(lake: Lake, upto: int, waiting: dict[Day, Waiting]) -> Mark:
    return Mark(version_of("traffic"), upto, waiting, digests(site_of(lake.settings), JOBS["traffic"].reads))


def fill(lake: Lake) -> None:
    """Traffic has seen the first two notes, of three; of the first day a late event waits."""
    lake.write("touched", [touch(1, OLD, 10_000), touch(2, OLD, 1), touch(3, NEW, 50)])
    lake.write("traffic", [{"app": "shop", "day": OLD, "kind": "people", "events": 10_000.0}])
    mark = traffic_mark(lake, 2, {("shop", OLD): Waiting(date(2026, 11, 23), 1)})
    with lake.stored("traffic").transaction() as change:
        change.set_properties(to_properties(mark))
    lake.now += 10


def test_status_tells_what_is_due_what_waits_and_how_runs_ended(lake: Lake) -> None:
    fill(lake)
    store = s3_store(lake.settings)
    note_done(store, "traffic", NOON, seconds=4.2, rows=1)
    note_failed(store, "sessions", NOON, "S3 is away")

    with writing(lake.settings, "rebuild", lambda: NOON):
        found = status(lake.marts, store, lake.settings, NOON)

    jobs = {job.name: job for job in found.jobs}
    assert list(jobs) == list(JOBS)
    assert found.writing is not None
    assert found.writing.work == "rebuild"
    traffic = jobs["traffic"]
    assert (traffic.rows, traffic.up_to, traffic.due) == (1, NOON + timedelta(minutes=2), ["shop 2026-11-23"])
    assert traffic.waiting == ["shop 2026-11-01"]
    assert traffic.last is not None
    assert traffic.last.seconds == 4.2
    # Never computed: every day is due.
    assert jobs["sessions"].due == ["shop 2026-11-01", "shop 2026-11-23"]
    assert jobs["sessions"].last is not None
    assert jobs["sessions"].last.error == "S3 is away"
    assert jobs["visitors"].due == []
    assert read_holder(store, NOON) is None


def test_status_command_prints_the_same_as_lines_and_as_json(lake: Lake) -> None:
    fill(lake)
    note_failed(s3_store(lake.settings), "maintain", NOON, "S3 is away")

    lines = CliRunner().invoke(cli, ["jobs", "status"]).output
    found = json.loads(CliRunner().invoke(cli, ["jobs", "status", "--json"]).output)

    assert lines.splitlines()[0] == "writing now: nobody"
    [line] = [text for text in lines.splitlines() if text.startswith("traffic")]
    assert "2026-11-24 12:02" in line
    assert "failed 2026-11-24 12:00: S3 is away" in lines
    assert [job["name"] for job in found["jobs"]] == list(JOBS)
    assert found["writing"] is None


def test_mart_is_idle_when_no_day_is_due_and_not_when_one_is_asked_for(lake: Lake) -> None:
    fill(lake)

    def idle(name: str, *options: str, now: datetime = NOON) -> bool:
        return is_idle(name, lake.settings, os.environ, now, options)

    assert not idle("traffic")
    with lake.stored("traffic").transaction() as change:
        change.set_properties(to_properties(traffic_mark(lake, 3, {("shop", OLD): Waiting(date(2026, 11, 23), 1)})))
    assert idle("traffic")
    assert not idle("traffic", WAITING)
    assert not idle("traffic", WHOLE)
    # A week later the day that waits is due.
    assert not idle("traffic", now=NOON + timedelta(days=6))
    # Never computed: days of older versions may be there that nobody noted.
    assert not idle("sessions")
    assert idle("ingest")
    assert not idle("all")


def test_mart_is_not_idle_when_a_day_begins_to_wait(lake: Lake) -> None:
    fill(lake)
    with lake.stored("traffic").transaction() as change:
        change.set_properties(to_properties(traffic_mark(lake, 3, {})))
    assert is_idle("traffic", lake.settings, os.environ, NOON)
    lake.write("touched", [touch(4, OLD, 1)])

    assert not is_idle("traffic", lake.settings, os.environ, NOON)


def test_run_starts_no_spark_when_nothing_is_new(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_settings: Settings) -> None:
        raise AssertionError("Spark was started")

    monkeypatch.setattr("cli.commands.jobs.start_spark", fail)

    result = CliRunner().invoke(cli, ["jobs", "run", "ingest"])

    assert (result.exit_code, "nothing new" in result.output) == (0, True)


def test_run_refuses_an_option_that_the_job_does_not_know(lake: Lake) -> None:
    result = CliRunner().invoke(cli, ["jobs", "run", "ledger", "--waiting"])

    assert result.exit_code != 0
    assert "job ledger knows no --waiting; these do: " in str(result.output) + str(result.exception)


def test_second_writer_is_told_who_writes_and_the_next_one_takes_what_is_released(lake: Lake) -> None:
    second = writing(lake.settings, "second", lambda: NOON, wait_seconds=0)
    with writing(lake.settings, "maintain", lambda: NOON), pytest.raises(LakeBusyError, match="maintain"), second:
        pytest.fail("two hold the lease")

    with writing(lake.settings, "third", lambda: NOON):
        holder = read_holder(s3_store(lake.settings), NOON)
    assert holder is not None
    assert holder.work == "third"


def test_nothing_is_noted_of_a_run_that_lost_its_lease_and_the_cause_of_one_that_failed(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = s3_store(lake.settings)

    def raising(err: Exception) -> None:
        def run(*_arguments: object) -> None:
            raise err

        monkeypatch.setattr(runs.registry, "run", run)

    raising(LeaseLostError("ingest"))
    with pytest.raises(LeaseLostError):
        runs.run_together_noted(["ingest"], None, lake.settings, lambda: NOON)
    assert runs.s3_store(lake.settings).get_tagged("state/jobs.json") is None
    raising(LogDigError("no room"))
    with pytest.raises(LogDigError):
        runs.run_together_noted(["ingest"], None, lake.settings, lambda: NOON)

    found = status(lake.marts, store, lake.settings, NOON)
    [ingest] = [job for job in found.jobs if job.name == "ingest"]
    assert ingest.last is not None
    assert ingest.last.error == "no room"
    assert cause_of(ValueError("user u1")) == "ValueError"


def test_every_mart_of_days_is_planned_and_runs_after_what_it_reads() -> None:
    names = list(JOBS)

    assert set(PLANNED) < set(MARTS)
    assert all(names.index(source) < names.index(name) for name in names for source in JOBS[name].sources)
    assert LEASE_TIME.total_seconds() == runs.WAIT_SECONDS
    assert msgspec.json.encode(JOBS["sessions"].sources) == b'["ingest"]'
