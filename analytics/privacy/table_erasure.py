"""A person out of every table, and the bytes with the rows. Source: docs/privacy.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial

from pyspark.sql import SparkSession
from pyspark.sql.types import StringType, StructType

from analytics import tables
from analytics.lake import maintenance
from logdig.config.settings import Settings
from logdig.decide.profiles import person_key
from logdig.privacy.erasure_list import Entry
from logdig.privacy.person import FIELDS, Person
from logdig.privacy.tombstones import PSEUDONYM_DIGITS

TEXT_COLUMN = "text"
"""Column of ``bad_events`` in which a person may stand however the event was broken."""


def personal_tables(spark: SparkSession, settings: Settings) -> list[str]:
    """Names of the tables that may hold a person's rows, whatever made them."""
    found = []
    for name in maintenance.existing(spark, settings):
        columns = spark.table(tables.table_name(settings, name)).schema
        if key_columns(columns) or TEXT_COLUMN in columns.fieldNames():
            found.append(name)
    return found


def key_columns(columns: StructType) -> list[tuple[str, str]]:
    """Text columns that hold a person's key: each with the field whose keys it holds, or ``person``."""
    names = [field.name for field in columns if isinstance(field.dataType, StringType)]
    return [(name, kind) for name in names for kind in (*FIELDS, "person") if re.search(rf"(^|_){kind}$", name)]


def count_rows(spark: SparkSession, settings: Settings, name: str, person: Person) -> int:
    """Count a person's rows of a table."""
    return spark.table(tables.table_name(settings, name)).where(_condition(spark, settings, name, person)).count()


def delete_rows(spark: SparkSession, settings: Settings, name: str, person: Person) -> None:
    """Delete a person's rows of a table; the files that held them are written anew without them."""
    full = tables.table_name(settings, name)
    # A table of an earlier version may still mark rows as deleted instead of taking them out.
    spark.sql(f"ALTER TABLE {full} SET TBLPROPERTIES ('write.delete.mode'='{tables.PROPERTIES['write.delete.mode']}')")
    condition = _condition(spark, settings, name, person)
    if spark.table(full).where(condition).limit(1).count():
        tables.with_retry(partial(spark.sql, f"DELETE FROM {full} WHERE {condition}"))


def remove_bytes(spark: SparkSession, settings: Settings, name: str) -> None:
    """Remove every file of a table that its newest snapshot does not need, and rows deleted inside those it does."""
    maintenance.compact(spark, settings, name)
    maintenance.expire_snapshots(spark, settings, name, datetime.now(UTC).replace(tzinfo=None))
    maintenance.remove_orphans(spark, settings, name, datetime.now(UTC).replace(tzinfo=None))


def delete_listed(spark: SparkSession, settings: Settings, entries: Iterable[Entry], salt: str) -> int:
    """Delete from ``events`` what happened before those on the list were forgotten; return how many rows."""
    full = tables.ensure_table(spark, settings, "events")
    conditions = []
    for entry in entries:
        hashed = f"substring(sha2(concat('{salt} {entry.field} ', {entry.field}), 256), 1, {PSEUDONYM_DIGITS})"
        until = f"TIMESTAMP '{entry.asked_at:%Y-%m-%d %H:%M:%S.%f}'"
        app = f" AND app = '{entry.app}'" if entry.app else ""
        conditions.append(f"({hashed} = '{entry.pseudonym}' AND occurred_at <= {until}{app})")
    if not conditions:
        return 0
    condition = " OR ".join(conditions)
    count = spark.table(full).where(condition).count()
    if count:
        tables.with_retry(partial(spark.sql, f"DELETE FROM {full} WHERE {condition}"))
    return count


def _condition(spark: SparkSession, settings: Settings, name: str, person: Person) -> str:
    """Say in SQL which rows of a table are a person's."""
    frame = spark.table(tables.table_name(settings, name))
    app = f" AND coalesce(app, '') IN ({_text(person.app)}, '')" if person.app and "app" in frame.columns else ""
    parts = [
        f"{column} = {_text(person.value)}{app}" for column, kind in key_columns(frame.schema) if kind == person.field
    ]
    people = [
        person_key(one, **_named(person)) for one in ([person.app] if person.app else [a.name for a in settings.apps])
    ]
    parts += [
        f"{column} IN ({', '.join(map(_text, people))})"
        for column, kind in key_columns(frame.schema)
        if kind == "person" and people
    ]
    if TEXT_COLUMN in frame.columns and "bad_id" in frame.columns:
        rows = frame.select("bad_id", TEXT_COLUMN, "app", "errors").toLocalIterator()
        ids = [row["bad_id"] for row in rows if person.is_in("bad", _line(row.asDict(recursive=True)))]
        if ids:
            parts.append(f"bad_id IN ({', '.join(map(_text, ids))})")
    return " OR ".join(f"({part})" for part in parts) or "false"


def _named(person: Person) -> dict[str, str | None]:
    return {**dict.fromkeys(FIELDS), person.field: person.value}


def _line(row: dict[str, object]) -> bytes:
    return json.dumps(row).encode()


def _text(value: str | None) -> str:
    """Write a value as SQL text, whatever is in it."""
    escaped = "".join(one if one.isalnum() else f"\\U{ord(one):08x}" for one in str(value))
    return f"'{escaped}'"
