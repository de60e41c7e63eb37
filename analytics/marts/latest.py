"""What the marts of loaded files share: of several loads of one id the latest counts."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from analytics.schema.frames import first_rows, require_columns


def latest(lines: DataFrame, columns: Sequence[str], key: str) -> DataFrame:
    """Keep each id's latest line.

    Input:  lines: ``columns`` as `logdig load` writes them; loaded_at text, RFC 3339 UTC.
    Output: ``columns``, one row per (app, ``key``), loaded_at as timestamp; lines without app, id or time are left
            out. Of equal times the greater hash of all columns wins, so that the order of files changes nothing.
    Raises: MissingColumnError, before any Spark job starts.
    """
    return first_rows(named(lines, columns, key), ["app", key], F.desc("loaded_at"), F.desc(F.xxhash64(*columns)))


def versions(lines: DataFrame, known: DataFrame, columns: Sequence[str], key: str) -> DataFrame:
    """Keep what each load said of each id, by the same order.

    Input:  lines as for `latest`; known: ``columns`` of the table that they are merged into.
    Output: ``columns``, one row per (app, ``key``, loaded_at).
    Raises: MissingColumnError, before any Spark job starts.
    """
    require_columns(known, columns)
    both = named(lines, columns, key).unionByName(known.select(*columns))
    return first_rows(both, ["app", key, "loaded_at"], F.desc(F.xxhash64(*columns)))


def named(lines: DataFrame, columns: Sequence[str], key: str) -> DataFrame:
    """Read the times of lines, and leave out those that lack app, id or time."""
    require_columns(lines, columns)
    moment = F.expr("try_cast(loaded_at AS TIMESTAMP)")
    return lines.select(*columns).withColumn("loaded_at", moment).na.drop(subset=["app", key, "loaded_at"])


def wins(columns: Sequence[str]) -> str:
    """Say in SQL, for `analytics.tables.merge`, that the new row ``s`` is later than ``t`` by the order of `latest`."""
    hashes = {side: f"xxhash64({', '.join(f'{side}.{column}' for column in columns)})" for side in "ts"}
    old, new = (f"struct({side}.loaded_at, {hashes[side]})" for side in "ts")
    return f"{old} < {new}"
