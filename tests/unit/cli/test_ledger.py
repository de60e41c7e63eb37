"""`logdig ledger` prints rows and fails where sums do not match."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner

from analytics.jobs import ledger as job
from analytics.jobs.ledger import Verification
from analytics.jobs.report import JobReport
from cli.commands import jobs
from cli.main import cli
from logdig.marts.columns import table_schema
from logdig.marts.reader import Marts
from logdig.questions.ledger import SUMS, broken_sums

COLUMNS = table_schema("ledger")


def row(**counts: Any) -> dict[str, Any]:
    zeros: dict[str, Any] = dict.fromkeys((name for name in COLUMNS.names if COLUMNS.field(name).type == pa.int64()), 0)
    maps = {"rejected_by_reason": [("x must be a number", 2)], "dropped_by_reason": []}
    return zeros | maps | {"app": "shop", "day": date(2026, 11, 24)} | counts


GOOD = row(sent=3, received=3, accepted=1, rejected=2, events=1, raw_lines=1, in_tables=1, bad_in_tables=2)
GOOD["sent"] = GOOD["events"] + GOOD["rejected"]


def call(monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]], *arguments: str) -> Any:
    monkeypatch.setattr(Marts, "table", lambda *_arguments: pa.Table.from_pylist(rows, COLUMNS))
    return CliRunner().invoke(cli, ["ledger", *arguments])


def test_ledger_check_succeeds_when_sums_match(monkeypatch: pytest.MonkeyPatch) -> None:
    result = call(monkeypatch, [GOOD], "--check")

    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize("rows", [[], [GOOD | {"in_tables": 0}]])
def test_ledger_check_fails_when_a_sum_does_not_match_or_there_is_no_row(
    monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]]
) -> None:
    assert call(monkeypatch, rows, "--check").exit_code == 1


def test_ledger_prints_reasons_of_chosen_days(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [GOOD, GOOD | {"day": date(2026, 11, 25)}, GOOD | {"app": "blog"}]

    result = call(monkeypatch, rows, "--app", "shop", "--to", "2026-11-24")

    assert result.output.splitlines()[1:] == ["    rejected 2: x must be a number"]
    assert result.output.startswith("2026-11-24  shop")


def test_ledger_json_has_maps_as_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    result = call(monkeypatch, [GOOD], "--json")

    row_data = json.loads(result.output)
    assert (row_data["rejected_by_reason"], row_data["broken"]) == ({"x must be a number": 2}, [])


@pytest.mark.parametrize("name, left", [(name, left[0]) for name, left, _ in SUMS])
def test_broken_sum_has_a_name_and_a_size(name: str, left: str) -> None:
    [line] = [
        text for text in broken_sums(GOOD | {left: GOOD[left] + 5}) if text.startswith(f"2026-11-24 shop {name}:")
    ]

    assert line.endswith("off by +5")


KEY = "raw/dt=2026-11-24/0.jsonl.gz"
DIFFERENCE = {"app": "shop", "day": date(2026, 11, 24), "column": "events", "kept": 2, "found": 1}


class Spark:
    """Nothing but what is stopped in the end."""

    is_stopped = False

    def stop(self) -> None:
        self.is_stopped = True


def verified(monkeypatch: pytest.MonkeyPatch, found: Verification, *arguments: str) -> Any:
    spark = Spark()

    def verify(*_arguments: Any) -> tuple[JobReport, Verification]:
        _arguments[3]("objects compared", 1, 2)
        return JobReport("ledger", 1), found

    monkeypatch.setattr(jobs, "start_spark", lambda _settings: spark)
    monkeypatch.setattr(job, "verify", verify)
    monkeypatch.setattr(jobs, "writing_lake", lambda *_arguments: nullcontext())
    result = CliRunner().invoke(cli, ["ledger", "--verify", *arguments])
    assert spark.is_stopped
    return result


def test_verify_succeeds_when_every_object_is_as_it_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    result = verified(monkeypatch, Verification(objects=2))

    assert (result.exit_code, result.stdout) == (0, "2 objects, 0 objects that differ, 0 sums that differ\n")


def test_verify_names_every_difference_and_fails_when_an_object_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Verification(2, {KEY: "has 1 lines, 2 are kept"}, [DIFFERENCE])

    text, lines = (verified(monkeypatch, found, *flags) for flags in ((), ("--json",)))

    assert text.exit_code == lines.exit_code == 1
    assert text.stdout.splitlines()[:2] == [
        f"DIFFERS  {KEY} has 1 lines, 2 are kept",
        "DIFFERS  2026-11-24 shop events: 2, by all objects 1",
    ]
    assert [json.loads(line) for line in lines.stdout.splitlines()] == [
        {"object": KEY, "fault": "has 1 lines, 2 are kept"},
        DIFFERENCE | {"day": "2026-11-24"},
        {"objects": 2, "objects_that_differ": 1, "sums_that_differ": 1},
    ]


def test_verify_refuses_filters_that_it_cannot_apply() -> None:
    for flags in (["--check"], ["--app", "shop"], ["--from", "2026-11-24"], ["--to", "2026-11-24"]):
        result = CliRunner().invoke(cli, ["ledger", "--verify", *flags])

        assert result.exit_code == 2
        assert "goes with --json only" in result.stderr
