"""An analyst's SQL reads the tables that it mentions, and nothing else on this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from logdig.errors import InputError
from logdig.questions.engine.database import open_locked
from logdig.questions.engine.sql import mentioned, select
from tests.unit.questions.rows import FIRST, Maker, memory

TABLES = Maker(1).tables(40)
SOURCE = memory(TABLES)

secret_rows = pa.table({"secret": ["of Python"]})
"""A variable that no statement may see."""


def test_select_reads_the_tables_that_it_mentions() -> None:
    found = select(
        SOURCE,
        "WITH s AS (SELECT app, count(*) AS n FROM Sessions GROUP BY 1) "
        "SELECT s.app, n, count(*) AS clicks FROM s JOIN clicks c ON c.app = s.app GROUP BY ALL ORDER BY 1",
    )

    apps = sorted({row["app"] for row in TABLES["sessions"]})
    assert found.rows.column("app").to_pylist() == apps
    assert found.rows.column("clicks").to_pylist() == [sum(r["app"] == app for r in TABLES["clicks"]) for app in apps]
    assert sorted(state.name for state in found.tables) == ["clicks", "sessions"]


def test_select_shows_times_in_utc() -> None:
    row = Maker(1).event(1) | {"occurred_at": datetime(2026, 11, 12, 5, 0, tzinfo=UTC)}

    found = select(memory({"events": [row]}), "SELECT CAST(occurred_at AS VARCHAR) AS at FROM events").rows

    assert found.to_pylist() == [{"at": "2026-11-12 05:00:00+00"}]


@pytest.mark.parametrize(
    "statement, table, columns",
    [
        ("SELECT day FROM sessions WHERE source = 'x'", "sessions", {"day", "source"}),
        ("SELECT custom.name, props FROM events", "events", {"custom"}),
        # DuckDB takes no table without a column.
        ("SELECT count(*) FROM sessions", "sessions", {"app"}),
        ("SELECT DAY FROM sessions s JOIN clicks c USING (app)", "clicks", {"app", "day"}),
    ],
)
def test_only_the_mentioned_columns_are_read(statement: str, table: str, columns: set[str]) -> None:
    assert set(mentioned(statement).of(table) or ()) == columns


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM sessions",
        "SELECT s.* FROM sessions s",
        "SELECT sessions FROM sessions",
        "SELECT s FROM sessions s",
        "SELECT 1 FROM sessions NATURAL JOIN clicks",
        "SELECT COLUMNS('.*') FROM sessions",
        "FROM sessions",
        "DESCRIBE sessions",
        "SUMMARIZE sessions",
    ],
)
def test_all_columns_are_read_when_the_statement_does_not_name_them(statement: str) -> None:
    assert mentioned(statement).of("sessions") is None
    assert select(SOURCE, statement).rows.num_columns > 0


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE x AS SELECT 1",
        "INSERT INTO sessions SELECT * FROM sessions",
        "UPDATE sessions SET app = 'x'",
        "DELETE FROM sessions",
        "DROP VIEW sessions",
        "COPY sessions TO 'out.csv'",
        "COPY (SELECT 1) TO '.tmp/out.csv'",
        "EXPORT DATABASE 'out'",
        "IMPORT DATABASE 'out'",
        "ATTACH 'x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "RESET lock_configuration",
        "SET memory_limit = '100GB'",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "CREATE SECRET (TYPE S3)",
        "PREPARE x AS SELECT 1",
        "BEGIN",
        "EXPLAIN SELECT 1",
        "VACUUM",
        "CHECKPOINT",
        "SET VARIABLE x = 1",
        "CREATE MACRO f(x) AS x",
        "WITH x AS (SELECT 1) INSERT INTO sessions SELECT * FROM x",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP VIEW sessions",
        "",
        "SELECT",
        "DESCRIBE",
        "SHOW TABLES",
    ],
)
def test_statement_is_refused_when_it_is_no_single_select(statement: str) -> None:
    with pytest.raises(InputError, match=r"SELECT|SQL|the tables are"):
        select(SOURCE, statement)


@pytest.mark.parametrize(
    "source",
    [
        "'{file}'",
        "read_csv('{file}')",
        "read_text('{file}')",
        "read_blob('{file}')",
        "read_json('{file}')",
        "read_parquet('{file}')",
        "parquet_scan('{file}')",
        "sniff_csv('{file}')",
        "glob('{folder}/*')",
        "query('SELECT 1')",
        "query_table('sessions')",
        "read_csv_auto('{file}')",
        "pragma_database_list()",
        "duckdb_settings()",
        "duckdb_secrets()",
        "duckdb_extensions()",
        "arrow_scan(1, 2, 3)",
        "python_map_function(1)",
        "secret_rows",
        "SOURCE",
        "TABLES",
    ],
)
def test_statement_reads_no_file_and_no_variable(source: str, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("secret\nof a file\n")
    place = source.format(file=tmp_path / "secret.csv", folder=tmp_path)

    with pytest.raises(InputError, match=r"cannot be read from|does not exist|disabled") as caught:
        select(SOURCE, f"SELECT * FROM {place}")

    assert "of a file" not in caught.value.message


@pytest.mark.parametrize(
    "call", ["getenv('HOME')", "read_text('{file}')", "load_aws_credentials()", "current_setting('moon')"]
)
def test_expression_reads_nothing_of_the_machine(call: str, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("of a file")

    with pytest.raises(InputError):
        select(SOURCE, f"SELECT {call.format(file=tmp_path / 'secret.csv')}")


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 1) TO '.tmp/out.csv'",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "SELECT * FROM read_text('.tmp/secret.csv')",
        "SELECT * FROM read_text('{folder}/secret.csv')",
        "SELECT * FROM '{folder}/secret.csv'",
        "ATTACH '{folder}/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "SET temp_directory = '{folder}'",
        "SET lock_configuration = false",
        "RESET lock_configuration",
        "SET python_enable_replacements = true",
        "SELECT * FROM secret_rows",
    ],
)
def test_database_itself_is_locked_for_good(statement: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import duckdb

    monkeypatch.chdir(tmp_path)
    (tmp_path / ".tmp").mkdir()
    for folder in (tmp_path, tmp_path / ".tmp"):
        (folder / "secret.csv").write_text("secret\n")
    secret_rows = pa.table({"secret": [1]})
    database = open_locked({"known": secret_rows})

    with pytest.raises(duckdb.Error):
        database.execute(statement.format(folder=tmp_path)).fetchall()

    assert sorted(path.name for path in tmp_path.iterdir()) == [".tmp", "secret.csv"]
    assert [path.name for path in (tmp_path / ".tmp").iterdir()] == ["secret.csv"]
    assert database.execute("SELECT count(*) FROM known").fetchall() == [(1,)]


def test_unknown_table_is_named_with_what_may_be_meant() -> None:
    with pytest.raises(InputError, match=r"session_s does not exist.*did you mean sessions"):
        select(SOURCE, "SELECT * FROM session_s")
    with pytest.raises(InputError, match=r"the tables are .*page_views"):
        select(SOURCE, "SELECT * FROM xyzzy")


def test_unknown_column_is_named_with_what_may_be_meant() -> None:
    with pytest.raises(InputError, match=r"\"nothing_such\" not found.*'DESCRIBE sessions' lists the columns"):
        select(SOURCE, "SELECT nothing_such FROM sessions")
    with pytest.raises(InputError, match=r"\"sorce\" not found.*did you mean source\?"):
        select(SOURCE, "SELECT sorce, count(*) FROM sessions GROUP BY 1")


def test_statement_ends_when_it_needs_too_much_memory() -> None:
    with pytest.raises(InputError, match="more memory than it may take"):
        select(SOURCE, "SELECT * FROM range(100000000) t (a) ORDER BY hash(a)", memory_bytes=100_000_000)


def test_result_is_refused_when_it_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logdig.questions.engine.sql.RESULT_BYTES", 1_000_000)

    with pytest.raises(InputError, match=r"larger than 1,000,000 bytes.*LIMIT"):
        select(SOURCE, "SELECT * FROM range(10000000)")


def test_select_is_empty_with_columns_when_the_table_does_not_exist() -> None:
    found = select(memory({}), "SELECT day, source FROM sessions")

    assert (found.rows.num_rows, found.rows.column_names) == (0, ["day", "source"])
    assert found.tables[0].snapshot_id is None


def test_rows_hold_days_as_they_are_stored() -> None:
    found = select(memory({"sessions": [Maker(1).session() | {"day": FIRST}]}), "SELECT day FROM sessions")

    assert found.rows.to_pylist() == [{"day": FIRST}]
