"""Declarations are found by themselves, agree with themselves, and say what ages and what names a person."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from logdig.config.retention import RetentionSettings
from logdig.errors import InvalidSettingError, SetupError
from logdig.privacy.person import FIELDS
from logdig.tables.catalog import TABLES, check_tables, days_kept, declared, require_known_schema
from logdig.tables.declaration import TEXT
from logdig.tables.lake import INGESTED, TOUCHED

MODULE = """
from logdig.tables.declaration import TEXT, Column, Table

{name} = Table(name="{table}", meaning="x", grain="x", keys=("app",), columns=(Column("app", TEXT, "app"),))
"""


def write(folder: Path, module: str, table: str) -> None:
    (folder / f"{module}.py").write_text(MODULE.format(name=table.upper(), table=table), encoding="utf-8")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of declarations with a name of its own."""
    folder = tmp_path / f"declared_{tmp_path.name.replace('-', '_')}"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_declaration_is_found_when_a_module_is_put_beside_the_others(package: Path) -> None:
    write(package, "shops", "shops")
    write(package, "carts", "carts")

    assert list(declared([str(package)], package.name)) == ["carts", "shops"]


def test_declaration_is_refused_when_its_name_is_taken(package: Path) -> None:
    write(package, "carts", "carts")
    write(package, "shops", "carts")

    with pytest.raises(SetupError, match="shops declares carts, which is declared already"):
        declared([str(package)], package.name)


@pytest.mark.parametrize("name", TABLES)
def test_keys_partitions_and_age_are_columns_that_the_table_has(name: str) -> None:
    table = TABLES[name]

    assert len(set(table.names)) == len(table.names)
    assert {*table.keys, *table.partitions, *filter(None, [table.ages_by])} <= set(table.names)
    assert table.keys


@pytest.mark.parametrize("name", TABLES)
def test_columns_that_are_named_for_a_person_say_so(name: str) -> None:
    kinds = (*FIELDS, "person")
    named = {column for column in TABLES[name].names if any(re.search(rf"(^|_){kind}s?$", column) for kind in kinds)}

    assert named == {column for column, kind in TABLES[name].person_columns.items() if kind not in ("text", "object")}


def test_what_the_lake_knows_of_itself_names_no_person() -> None:
    assert (INGESTED.person_columns, TOUCHED.person_columns) == ({}, {})
    # Text that another wrote, such as an event's, could hold a person without its column being named for one.
    assert {column.name for table in (INGESTED, TOUCHED) for column in table.columns if column.type == TEXT} == {
        "app", "error", "key", "work",
    }  # fmt: skip


def test_rows_stay_for_the_days_of_their_zone_unless_the_table_has_its_own() -> None:
    kept = days_kept(RetentionSettings(raw_days=5, bad_days=6, tables={"events": 3, "listens": 4}))

    assert (kept["events"], kept["bad_events"], kept["listens"], kept["ledger"]) == (3, 6, 4, 0)


@pytest.mark.parametrize("name", ["nope", "models", "customers"])
def test_retention_is_refused_when_a_table_ages_with_nothing_or_does_not_exist(name: str) -> None:
    with pytest.raises(InvalidSettingError, match=rf"^retention.tables.{name} = 3: the tables are .*\bevents\b"):
        check_tables(RetentionSettings(tables={name: 3}))


@pytest.mark.parametrize("raw, bad, kept", [(5, 90, 90), (400, 90, 400), (0, 90, 0), (5, 0, 0)])
def test_what_ingest_has_read_is_remembered_as_long_as_any_object_is_kept(raw: int, bad: int, kept: int) -> None:
    retention = RetentionSettings(raw_days=raw, bad_days=bad)

    check_tables(retention)

    assert days_kept(retention)["ingested"] == kept


@pytest.mark.parametrize(
    "raw, bad, ingested, fits", [(10, 20, 20, True), (10, 20, 19, False), (10, 0, 99, False), (0, 5, 0, True)]
)
def test_what_ingest_has_read_is_known_as_long_as_any_object_is_kept(
    raw: int, bad: int, ingested: int, fits: bool
) -> None:
    retention = RetentionSettings(raw_days=raw, bad_days=bad, tables={"ingested": ingested})

    if fits:
        check_tables(retention)
    else:
        with pytest.raises(InvalidSettingError, match=rf"^retention.tables.ingested = {ingested}: at least as long"):
            check_tables(retention)


def test_schema_number_that_is_none_is_refused_with_its_value() -> None:
    with pytest.raises(SetupError, match=r"property logdig\.schema is 'x', not a number"):
        require_known_schema(TABLES["events"], {"logdig.schema": "x"})


def test_declarations_import_neither_arrow_nor_spark() -> None:
    code = "import logdig.tables.catalog, sys; print({'pyarrow', 'pyspark', 'pyiceberg'} & set(sys.modules))"

    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
