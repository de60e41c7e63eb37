"""Read every object again and compare with what the ledger keeps of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.ledger.lines import COLUMNS
from analytics.ledger.objects import TABLE, pieces
from analytics.ledger.reading import read_objects
from logdig.config.settings import Settings
from logdig.store.object_store import EventStore
from logdig.tables.ledger import LEDGER

COMPARED = [name for name in COLUMNS.names if name != "version"]
Print = tuple[int, int]
"""Number of rows of an object, and the sum of their hashes."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Objects that were read again: how many, and faults by key of those that differ, with their rows as they are."""

    objects: int
    faults: dict[str, str]
    rows: DataFrame


def compare_objects(
    spark: SparkSession, settings: Settings, store: EventStore, objects: Mapping[str, date], salt: str
) -> Iterator[Piece]:
    """Read objects again, piece by piece, and compare their rows with the kept ones.

    Args:
        spark: Session with the catalog ``lake``.
        settings: Names.
        store: The bucket.
        objects: Days by key of the objects whose rows are kept.
        salt: Of the digests.
    """
    for piece in pieces(objects):
        rows, damaged = read_objects(spark, settings, store, piece, salt)
        kept = tables.read(spark, settings, TABLE).where(F.col("day").isin(sorted(set(piece.values()))))
        stored, found = _prints(kept), _prints(rows)
        # What is gone by now was erased or expired meanwhile; its rows leave with the next run.
        faults = {key: _fault(stored.get(key, (0, 0)), found[key]) for key in piece if key in found}
        faults |= {key: f"cannot be read any more: {fault}" for key, fault in damaged.items() if faults.get(key)}
        faults = {key: fault for key, fault in faults.items() if fault}
        yield Piece(len(piece), faults, rows.where(F.col("key").isin(sorted(faults))))


def _prints(rows: DataFrame) -> dict[str, Print]:
    number = F.xxhash64(*COMPARED).cast("decimal(38,0)")
    prints = rows.groupBy("key").agg(F.count(F.lit(1)).alias("rows"), F.sum(number).alias("sum"))
    return {row["key"]: (row["rows"], int(row["sum"])) for row in prints.collect()}


def _fault(kept: Print, found: Print) -> str:
    if kept == found:
        return ""
    # One of the rows is the object's own.
    lines = max(kept[0] - 1, 0), found[0] - 1
    if lines[0] != lines[1]:
        return f"has {lines[1]:,} lines, {lines[0]:,} are kept"
    return "has other lines than those that are kept"


def compare_sums(kept: DataFrame, found: DataFrame, first: date) -> list[dict[str, object]]:
    """Compare two ledgers.

    Args:
        kept, found: Columns of table ledger.
        first: Earlier days are left out: of them something has expired.
    Returns:
        app, day, column, kept and found for each value that differs; null where a row is missing.
    """
    sides = [{(row["day"], row["app"]): row.asDict() for row in rows.where(F.col("day") >= first).collect()}
             for rows in (kept, found)]  # fmt: skip
    values = [name for name in LEDGER.names if name not in LEDGER.keys]
    return [
        {"app": app, "day": day, "column": name, "kept": pair[0], "found": pair[1]}
        for day, app in sorted(sides[0].keys() | sides[1].keys())
        for name in values
        if (pair := [side.get((day, app), {}).get(name) for side in sides]) and pair[0] != pair[1]
    ]
