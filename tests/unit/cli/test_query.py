"""`logdig query` and `logdig sql`: the same rows as a table, JSON, CSV and Parquet, with their receipt."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from cli.commands import query
from cli.main import cli
from logdig.marts.reader import Marts
from logdig.questions.catalog import QUESTIONS
from logdig.questions.engine.answering import ask
from logdig.questions.engine.parameters import Parameters
from logdig.store.state.releases import Release, add_release
from tests.fakes.pinned import MemoryTables
from tests.fakes.store import FakeStore
from tests.unit.questions.rows import FIRST, LAST, ZONE, Maker

TABLES = Maker(1).tables(80)
HOSTILE = "\x1b[31m[bold]red[/bold]\n"
SETTINGS = f"""
[[apps]]
name = "shop"
token = "pk_shop_1234567890abcdef"
timezone = "{ZONE}"
"""
DAYS = ("--from", FIRST.isoformat(), "--to", LAST.isoformat())


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> FakeStore:
    """The bucket that the commands read."""
    store = FakeStore()
    monkeypatch.setattr(query, "s3_store", lambda _settings: store)
    return store


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bucket: FakeStore) -> MemoryTables:
    """Tables in memory that the commands read, and a folder with settings."""
    tables = MemoryTables(TABLES, waiting={"sessions": (FIRST,)})
    monkeypatch.setattr(Marts, "pin", lambda _self, names: tables.pin(names))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logdig.toml").write_text(SETTINGS)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return tables


def call(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(cli, list(arguments), input=text)


def answer(source: MemoryTables, name: str, **more: Any) -> list[dict[str, Any]]:
    found = ask(source, QUESTIONS[name], Parameters("shop", FIRST, LAST, zone=ZONE, **more))
    rows: list[dict[str, Any]] = found.rows.to_pylist()
    return rows


def test_every_question_is_a_choice_of_the_command() -> None:
    assert set(query.NAMES) == set(QUESTIONS)


@pytest.mark.parametrize("name", query.NAMES)
def test_question_is_named_in_the_help(name: str) -> None:
    assert f"\n  {name} " in call("query", "--help").output


@pytest.mark.parametrize("form", [("--json",), ("--format", "json")])
def test_json_holds_rows_columns_and_receipt(source: MemoryTables, form: tuple[str, ...]) -> None:
    result = call("query", "sources", *DAYS, "--device", "mobile", "--where", "experiment.button=green", *form)

    told = json.loads(result.stdout)
    where = {"device": "mobile", "experiment.button": "green"}
    assert told["rows"] == answer(source, "sources", where=where)
    assert [column["name"] for column in told["columns"]] == list(told["rows"][0])
    assert told["receipt"]["parameters"]["where"] == where
    assert told["receipt"]["tables"][0] | {"waiting": []} == {
        "name": "sessions", "snapshot_id": 7, "written_at": "2026-11-30T03:05:00Z", "version": "1-abc", "upto": 3,
        "waiting": [],
    }  # fmt: skip
    assert told["receipt"]["waiting"] == [FIRST.isoformat()]


def test_json_repeats_to_the_byte(source: MemoryTables) -> None:
    arguments = ("query", "frustration", *DAYS, "--json")

    assert call(*arguments).stdout == call(*arguments).stdout


def test_csv_goes_to_standard_output_or_a_file(source: MemoryTables, tmp_path: Path) -> None:
    printed = call("query", "pages", *DAYS, "--format", "csv").stdout
    call("query", "pages", *DAYS, "--format", "csv", "--output", "pages.csv")

    assert (tmp_path / "pages.csv").read_text() == printed
    rows = list(csv.DictReader(io.StringIO(printed)))
    wanted = answer(source, "pages")
    assert [row["page"] for row in rows] == [row["page"] or "" for row in wanted]
    assert [float(row["views"]) for row in rows] == [row["views"] for row in wanted]


def test_parquet_holds_the_rows(source: MemoryTables, tmp_path: Path) -> None:
    result = call("query", "frustration", *DAYS, "--format", "parquet", "--output", "stuck.parquet")

    assert result.exit_code == 0
    assert pq.read_table(tmp_path / "stuck.parquet").to_pylist() == answer(source, "frustration")


def test_table_shows_so_many_rows_and_says_how_many_there_are(source: MemoryTables) -> None:
    result = call("query", "pages", *DAYS, "--by", "day", "--limit", "2")

    rows = len(answer(source, "pages", by="day"))
    assert len(result.stdout.splitlines()) == 3
    assert f"2 of {rows} rows" in result.stderr
    assert len(call("query", "pages", *DAYS, "--by", "day", "--limit", "0").stdout.splitlines()) == rows + 1


def test_receipt_says_what_waits_and_that_visitors_are_weighted(source: MemoryTables) -> None:
    said = call("query", "overview", *DAYS).stderr

    assert f"days that wait to be computed again: {FIRST}" in said
    assert "the site records a part of its visitors" in said
    assert "data until 2026-11-30 03:05 UTC" in said
    assert f"({ZONE})" in said
    assert "sessions snapshot 7 version 1-abc" in said


def test_texts_from_outside_move_no_cursor(source: MemoryTables, monkeypatch: pytest.MonkeyPatch) -> None:
    view = Maker(1).view(1) | {"app": "shop", "day": FIRST, "page": HOSTILE}
    monkeypatch.setattr(Marts, "pin", lambda _self, _names: MemoryTables({"page_views": [view]}))

    shown = call("query", "pages", *DAYS).stdout

    assert "\x1b" not in shown
    assert "[bold]red[/bold]" in shown
    assert len(shown.splitlines()) == 2


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("query", "overview", "--where", "moon=full"), "question overview has no filter 'moon'; it has: source"),
        (("query", "overview", "--page", "/"), "question overview has no filter 'page'"),
        (("query", "heatmap"), "asked of one page"),
        (("query", "overview", "--where", "device"), "FILTER=VALUE"),
        (("query", "overview", "--device", "mobile", "--where", "device=desktop"), "one value at a time"),
        (("query", "overview", "--rage-ms", "3"), "--rage-ms belongs to question frustration, not to overview"),
        (("query", "overview", "--app", "moon"), "logdig.toml has no app 'moon'"),
        (("query", "overview", "--from", "2026-11-20", "--to", "2026-11-19"), "is after the last"),
        (("query", "pages", "--format", "parquet"), "needs --output FILE"),
        (("query", "pages", "--output", "x"), "--output needs --format"),
        (("query", "pages", "--json", "--format", "csv"), "choose one"),
        (("query", "releases"), "asked of one release, or of a day"),
        (("query", "releases", "--release", "r9", *DAYS), "no view of release 'r9'"),
        (("sql", "DROP TABLE sessions"), "only a SELECT"),
        (("sql", " "), "there is no SQL"),
        (("sql", "SELECT * FROM moon"), "the tables are"),
    ],
)
def test_command_is_refused_with_what_is_possible(
    source: MemoryTables, arguments: tuple[str, ...], message: str
) -> None:
    result = call(*arguments)

    assert result.exit_code != 0
    assert message in str(result.exception)


@pytest.mark.parametrize("form", ["json", "csv", "parquet", "table"])
def test_sql_writes_every_form(source: MemoryTables, tmp_path: Path, form: str) -> None:
    statement = "SELECT experiments, goals, day, began_at, count(*) AS n FROM sessions GROUP BY ALL ORDER BY ALL"
    file = () if form == "table" else ("--output", f"out.{form}")

    result = call("sql", statement, "--format", form, *file)

    assert result.exit_code == 0, result.output
    assert (form == "table") != (tmp_path / f"out.{form}").exists()
    if form == "json":
        told = json.loads((tmp_path / "out.json").read_text())
        assert sum(row["n"] for row in told["rows"]) == len(TABLES["sessions"])
        assert told["tables"][0]["snapshot_id"] == 7
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text())))
        assert {row["goals"] for row in rows} == {"", "[]", '["buy"]', '["buy", "sign up"]'}
        assert '{"button": "green"}' in {row["experiments"] for row in rows}


def test_sql_reads_the_statement_from_standard_input(source: MemoryTables) -> None:
    result = call("sql", "-", "--json", text="SELECT count(*) AS n FROM clicks")

    assert json.loads(result.stdout)["rows"] == [{"n": len(TABLES["clicks"])}]


def test_release_is_compared_around_the_time_that_the_owner_noted(source: MemoryTables, bucket: FakeStore) -> None:
    day = FIRST + (LAST - FIRST) // 2
    # Midnight there is the day before in UTC.
    add_release(bucket, Release(datetime.combine(day, time.min, ZoneInfo(ZONE)).astimezone(UTC), "shop", "noted"))

    noted = call("query", "releases", "--release", "noted", *DAYS, "--json")

    assert noted.exit_code == 0, noted.output
    assert json.loads(noted.stdout)["rows"] == json.loads(json.dumps(answer(source, "releases", release_day=day)))
