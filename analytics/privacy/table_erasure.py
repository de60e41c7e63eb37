"""A person out of every table, and the bytes with the rows. Source: docs/privacy.md."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial

from pyspark.sql import SparkSession
from pyspark.sql.types import ArrayType, StringType, StructType

from analytics import tables
from analytics.lake import maintenance
from analytics.lake.touched import note_deletion
from analytics.schema.stored import PROPERTIES, require_readable
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.decide.profiles import keys_of
from logdig.marts.days import Day, utc_days
from logdig.marts.progress import Touch, lake_of
from logdig.privacy.erasure_list import Entry
from logdig.privacy.person import Person
from logdig.privacy.person_rows import TEXT_COLUMNS, person_columns, rejected_line
from logdig.privacy.tombstones import PSEUDONYM_DIGITS
from logdig.store.keys import ZONES
from logdig.tables.catalog import TABLES
from logdig.tables.events import EVENTS
from logdig.tables.visitors import VISITORS


def personal_tables(spark: SparkSession, settings: Settings) -> list[str]:
    """Names of the tables that may hold a person's rows, whatever made them."""
    names = []
    for name in maintenance.existing(spark, settings):
        full = tables.table_name(settings, name)
        if name in TABLES:
            require_readable(spark, full, TABLES[name])
        if _columns_of(name, spark.table(full).schema):
            names.append(name)
    return names


def _columns_of(table: str, stored: StructType) -> list[tuple[str, str]]:
    """See `person_columns`."""
    texts = [field.name for field in stored if isinstance(field.dataType, StringType)]
    return person_columns(table, stored.names, texts)


def count_rows(spark: SparkSession, settings: Settings, name: str, person: Person) -> int:
    """Count a person's rows of a table; rows that only follow an object which is gone are nobody's."""
    condition = _condition(spark, settings, name, person, with_objects=False)
    return spark.table(tables.table_name(settings, name)).where(condition).count()


def touched_days(spark: SparkSession, settings: Settings, person: Person) -> list[Touch]:
    """UTC days of a person's events, and of the person's rows in marts: the days that marts must compute again.

    A session may name a customer of whom it has an event on another day only. A row of ``visitors`` goes with its
    customer; the days of all the visitor's events bring it back without.
    """
    zones = lake_of(settings, (), datetime.now(UTC)).zones
    found: set[Day] = set()
    for name in personal_tables(spark, settings):
        if name == EVENTS.name or (name in TABLES and TABLES[name].version and "day" in TABLES[name].partitions):
            rows = spark.table(tables.table_name(settings, name)).where(_condition(spark, settings, name, person))
            days = [(row["app"], row["day"]) for row in rows.select("app", "day").distinct().na.drop().collect()]
            if name != EVENTS.name:
                days = [(app, utc) for app, day in days for utc in utc_days(day, zones(app))]
            found.update(days)
        elif name == VISITORS.name:
            theirs = spark.table(tables.table_name(settings, name)).where(_condition(spark, settings, name, person))
            events = tables.read(spark, settings, EVENTS.name).select(*VISITORS.keys, "day")
            seen = events.join(theirs.select(*VISITORS.keys), list(VISITORS.keys), "left_semi")
            found.update((row["app"], row["day"]) for row in seen.select("app", "day").distinct().collect())
    return [Touch(0, app, day) for app, day in sorted(found)]


def delete_rows(spark: SparkSession, settings: Settings, name: str, person: Person) -> None:
    """Delete a person's rows of a table; the files that held them are written anew without them."""
    full = tables.table_name(settings, name)
    # A table of an earlier version may still mark rows as deleted instead of taking them out.
    spark.sql(f"ALTER TABLE {full} SET TBLPROPERTIES ('write.delete.mode'='{PROPERTIES['write.delete.mode']}')")
    condition = _condition(spark, settings, name, person)
    if spark.table(full).where(condition).limit(1).count():
        tables.with_retry(partial(spark.sql, f"DELETE FROM {full} WHERE {condition}"))


def remove_bytes(spark: SparkSession, settings: Settings, name: str) -> None:
    """Remove every file of a table that its newest snapshot does not need, and rows deleted inside those it does."""
    maintenance.compact(spark, settings, name)
    maintenance.expire_snapshots(spark, settings, name, datetime.now(UTC).replace(tzinfo=None))
    maintenance.remove_orphans(spark, settings, name, datetime.now(UTC).replace(tzinfo=None))


def delete_listed(spark: SparkSession, settings: Settings, entries: Iterable[Entry], salt: str, now: datetime) -> int:
    """Delete from ``events`` what happened before those on the list were forgotten; return how many rows.

    Args:
        spark: Session with the catalog ``lake``.
        settings: Names.
        entries: The list.
        salt: Of its pseudonyms.
        now: Present, UTC.
    """
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
        note_deletion(spark, settings, spark.table(full).where(condition), now, "maintain, late erasure")
        tables.with_retry(partial(spark.sql, f"DELETE FROM {full} WHERE {condition}"))
    return count


def _condition(spark: SparkSession, settings: Settings, name: str, person: Person, *, with_objects: bool = True) -> str:
    """Say in SQL which rows of a table are a person's, and with_objects also which follow objects that are gone."""
    frame = spark.table(tables.table_name(settings, name))
    columns = _columns_of(name, frame.schema)
    app = f" AND coalesce(app, '') IN ({_text(person.app)}, '')" if person.app and "app" in frame.columns else ""
    parts = [f"{_holds(frame.schema, column, person.value)}{app}" for column, kind in columns if kind == person.field]
    apps = [person.app] if person.app else [app.name for app in settings.apps]
    people = keys_of(apps, person.field, person.value)
    parts += [
        f"{column} IN ({', '.join(map(_text, people))})" for column, kind in columns if kind == "person" and people
    ]
    for column in (name for name, kind in columns if kind == "object" and with_objects):
        # The object was written again without the person, under another name; what was read of the old one goes.
        there = {stored.key for zone in ZONES for stored in s3_store(settings).list(f"{zone}/")}
        gone = {row[column] for row in frame.select(column).distinct().collect()} - there
        if gone:
            parts.append(f"{column} IN ({', '.join(map(_text, sorted(gone)))})")
    if any(kind == "text" for _, kind in columns):
        # However the event was broken, the person may stand in it.
        rows = frame.select(*TEXT_COLUMNS).toLocalIterator()
        ids = [row["bad_id"] for row in rows if person.is_in("bad", rejected_line(row.asDict(recursive=True)))]
        if ids:
            parts.append(f"bad_id IN ({', '.join(map(_text, ids))})")
    return " OR ".join(f"({part})" for part in parts) or "false"


def _holds(columns: StructType, column: str, value: str) -> str:
    """Say in SQL that a column is the key of a person, or a list with it."""
    if isinstance(columns[column].dataType, ArrayType):
        return f"array_contains({column}, {_text(value)})"
    return f"{column} = {_text(value)}"


def _text(value: str | None) -> str:
    """Write a value as SQL text, whatever is in it."""
    escaped = "".join(letter if letter.isalnum() else f"\\U{ord(letter):08x}" for letter in str(value))
    return f"'{escaped}'"
