"""Rules of the jobs that need no Spark: names, order, pruning, trying again, what a session is made of."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyspark.errors import PySparkException

from analytics import spark, tables
from analytics.jobs import day_marts, registry
from analytics.jobs.kinds import DayMart
from analytics.jobs.report import JobReport
from analytics.jobs.visitors import rows_from
from cli.main import cli
from logdig.config.retention import RetentionSettings
from logdig.config.settings import Settings
from logdig.errors import InputError, MissingPartError, SetupError
from logdig.marts.progress import lake_of

SETTINGS = Settings(service="shop")
NOW = datetime(2026, 11, 24, tzinfo=UTC)
ORDER = list(registry.JOBS)
AFTER = [("ingest", "clicks"), ("listens", "features"), ("customers", "features"), ("features", "models")]
AFTER += [("models", "predictions"), ("predictions", "targets"), ("targets", "maintain"), ("maintain", "ledger")]
"""Jobs of which the second reads what the first writes; a new mart needs no row here."""
KEYS = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key"}


@pytest.mark.parametrize(("first", "second"), AFTER)
def test_all_stands_for_every_job_in_the_order_of_what_they_read(first: str, second: str) -> None:
    names = registry.names_of("all")

    assert names == ORDER
    assert names.index(first) < names.index(second)


def test_unknown_job_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"no job is called 'nope'; there are: all, ingest, .*ledger$"):
        registry.names_of("nope")


def test_every_job_has_its_function() -> None:
    for name in registry.JOBS:
        assert callable(registry._load(name))


def test_run_all_runs_each_job_once_in_order_and_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def load(name: str) -> Callable[..., JobReport]:
        def job(*_arguments: object) -> JobReport:
            seen.append(name)
            return JobReport(name, rows=2)

        return job

    def group(marts: Mapping[str, DayMart], *_arguments: object) -> list[JobReport]:
        return [load(name)() for name in marts]

    monkeypatch.setattr(registry, "_load", load)
    monkeypatch.setattr(day_marts, "day_mart_jobs", group)

    report = registry.run("all", None, SETTINGS, NOW)  # type: ignore[arg-type]

    assert seen == ORDER
    assert (report.name, report.rows, report.notes) == ("all", 2 * len(ORDER), dict.fromkeys(ORDER, 2))


def test_jobs_are_together_when_they_are_neighbours_of_the_same_reach() -> None:
    shared = [
        ("page_views", "sessions", "conversions", "clicks"),
        ("moves", "listens", "live_stats", "exposures", "traffic", "visitor_days"),
    ]

    groups = registry.together(ORDER)

    assert [name for names in groups for name in names] == ORDER
    assert [names for names in groups if len(names) > 1] == shared
    apart = registry.together(["sessions", "ingest", "clicks", "moves", "visitors", "traffic"])
    assert apart == [("sessions",), ("ingest",), ("clicks",), ("moves",), ("visitors",), ("traffic",)]


def test_options_of_jobs_that_run_together_are_checked() -> None:
    with pytest.raises(InputError, match="job sessions knows no --retry"):
        registry.run_together(["sessions", "conversions"], None, SETTINGS, NOW, ["retry"])


def test_list_names_jobs_in_order() -> None:
    text = CliRunner().invoke(cli, ["jobs", "list"])
    found = CliRunner().invoke(cli, ["jobs", "list", "--json"])

    assert [line.split()[0] for line in text.output.splitlines()] == ORDER
    assert list(json.loads(found.output)) == ORDER


class Conflicts:
    """A commit that others come before, so many times."""

    def __init__(self, count: int, words: str = "org.apache.iceberg.exceptions.ValidationException: Found") -> None:
        self.count, self.words, self.tries = count, words, 0

    def __call__(self) -> None:
        self.tries += 1
        if self.tries <= self.count:
            raise PySparkException(self.words)


def test_commit_is_tried_again_with_growing_waits_when_others_came_first() -> None:
    commit, waits = Conflicts(3), []

    tables.with_retry(commit, waits.append)

    assert commit.tries == 4
    assert waits == [0.2, 0.4, 0.8]


@pytest.mark.parametrize(
    "commit, tries", [(Conflicts(99), tables.MERGE_TRIES), (Conflicts(1, "AnalysisException: no column"), 1)]
)
def test_commit_fails_when_others_always_come_first_or_the_fault_is_its_own(commit: Conflicts, tries: int) -> None:
    with pytest.raises(PySparkException, match="Exception"):
        tables.with_retry(commit, lambda _seconds: None)

    assert commit.tries == tries


def test_jars_are_those_of_the_named_folder(tmp_path: Path) -> None:
    for name in ("b.jar", "a.jar", "notes.txt"):
        (tmp_path / name).touch()

    assert spark.local_jars({"LOGDIG_JARS": str(tmp_path)}) == [tmp_path / "a.jar", tmp_path / "b.jar"]


def test_jars_are_none_on_emr_and_missed_beside_an_emulator(tmp_path: Path) -> None:
    assert spark.local_jars({"LOGDIG_JARS": str(tmp_path)}) == []
    with pytest.raises(MissingPartError, match="run: make setup"):
        spark.local_jars({"LOGDIG_JARS": str(tmp_path), "AWS_ENDPOINT_URL": "http://127.0.0.1:1"})


def test_endpoint_reaches_every_client_of_spark() -> None:
    found = spark.endpoint_configuration(SETTINGS, "http://127.0.0.1:5000", KEYS)

    pointed = [key for key, value in found.items() if value == "http://127.0.0.1:5000"]
    lake = "spark.sql.catalog.lake"
    clients = [f"{lake}.{name}.endpoint" for name in ("dynamodb", "glue", "s3")]
    assert sorted(pointed) == sorted([*clients, "spark.hadoop.fs.s3a.endpoint"])
    assert found[f"{lake}.lock.table"] == "shop-dev-locks"


def test_endpoint_without_keys_is_refused() -> None:
    with pytest.raises(SetupError, match="AWS_ACCESS_KEY_ID"):
        spark.endpoint_configuration(SETTINGS, "http://127.0.0.1:5000", {})


def test_catalog_names_no_endpoint_and_no_key_where_aws_is_real() -> None:
    found = spark.catalog_configuration(SETTINGS)

    assert not any("endpoint" in key or "key" in key or "lock" in key for key in found)
    assert found["spark.sql.catalog.lake.warehouse"] == "s3://shop-dev-s3/tables"


def test_java_stderr_is_passed_on_without_its_notice_about_modules(capfd: pytest.CaptureFixture[str]) -> None:
    source, target = os.pipe()
    os.write(target, b"one\nWARNING: Using incubator modules: jdk.incubator.vector\n\xff\nWARNING: two")
    os.close(target)

    spark._copy_stderr(source)

    assert capfd.readouterr().err.splitlines()[::2] == ["one", "WARNING: two"]


@pytest.mark.parametrize(
    "tables, first",
    [
        ({}, date(2025, 10, 21)),
        ({"sessions": 30}, date(2026, 10, 26)),
        ({"sessions": 0}, date.min),
        ({"events": 0}, date.min),
        ({"events": 30}, date(2025, 10, 21)),
    ],
)
def test_sessions_are_there_from_a_day_that_their_own_retention_gives(tables: dict[str, int], first: date) -> None:
    settings = Settings(retention=RetentionSettings(tables=tables))

    lake = lake_of(settings, (), datetime(2026, 11, 24, 12, tzinfo=UTC))

    assert rows_from(settings, lake, "sessions") == first
