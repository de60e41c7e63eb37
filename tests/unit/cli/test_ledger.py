"""`logdig ledger` prints rows and fails where sums do not match."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner

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
