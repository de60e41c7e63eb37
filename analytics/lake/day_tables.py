"""Tables that are partitioned by app and day: days replaced whole in one commit, and what is known of the table kept
in its properties.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.schema.frames import fit, require_columns
from analytics.schema.loaded import Loaded, load
from logdig.config.settings import Settings
from logdig.errors import SetupError
from logdig.marts.days import Day, Run, beside, places, runs_of
from logdig.tables.catalog import TABLES


def start_again(spark: SparkSession, settings: Settings, name: str, rows: DataFrame) -> None:
    """Replace whatever a table holds, files of older partitions too, by a few rows that cannot be computed again."""
    full = tables.table_name(settings, name)
    laid_out = fit(tables.staged(rows), spark.table(full).schema)
    tables.with_retry(lambda: laid_out.writeTo(full).overwrite(F.lit(True)))


def in_runs(runs: Iterable[Run], day: str = "day") -> Column:
    """Condition over columns ``app`` and a day: the row lies in one of the runs; of literals, so that it prunes."""
    return F.expr(runs_sql(runs, day))


def runs_sql(runs: Iterable[Run], day: str = "day") -> str:
    """The condition of `in_runs` as SQL."""
    parts = []
    for run in runs:
        app = run.app.replace("\\", "\\\\").replace("'", "\\'")
        parts.append(f"(app = '{app}' AND {day} BETWEEN DATE '{run.first}' AND DATE '{run.last}')")
    return " OR ".join(parts) or "false"


def newest_snapshot(spark: SparkSession, full: str) -> int | None:
    """Id of a table's newest snapshot; None while it has none."""
    found = load(spark, full)
    return None if found is None else found.snapshot()


def at_snapshot(spark: SparkSession, full: str, snapshot: int | None) -> DataFrame:
    """Read a table as it was at a snapshot; without one it is empty."""
    if snapshot is None:
        return spark.table(full).where("false")
    return spark.read.option("versionAsOf", snapshot).table(full)


def replace_runs(
    spark: SparkSession, settings: Settings, name: str, rows: DataFrame, runs: Iterable[Run], since: int | None
) -> None:
    """Replace the rows of some days, in one commit that is refused when others have changed these days since.

    Args:
        spark: Session with the catalog ``lake``.
        settings: Names.
        name: A table partitioned by ``app`` and ``day``.
        rows: With the columns of the table; those outside of the runs are left out.
        runs: Days that are replaced; one for which there is no row is emptied.
        since: Snapshot that was read to make the rows; None = the table was empty.
    Raises:
        Py4JJavaError: Someone else has written to these days meanwhile; nothing was changed.
        LeaseLostError: This run may not write any more.
    """
    full, condition = tables.table_name(settings, name), in_runs(runs)
    require_columns(rows, TABLES[name].names)
    laid_out = fit(rows.select(*TABLES[name].names), _loaded(spark, full).columns).where(condition)
    writer = laid_out.writeTo(full).option("isolation-level", "serializable")
    if since is not None:
        writer = writer.option("validate-from-snapshot-id", str(since))
    tables.check_lease()
    writer.overwrite(condition)


def days_without_events(spark: SparkSession, settings: Settings, name: str, before: date) -> tuple[Run, ...]:
    """Days of a table older than a day of which table events has no row any more, by the manifests of both."""
    held = _days(spark, tables.ensure_table(spark, settings, "events"))
    # Whatever the zone, a local day is a part of these UTC days.
    near = held | beside(held)
    known = _days(spark, tables.table_name(settings, name))
    gone = {day for day in known - near if day[1] < before}
    return runs_of(gone, places(known))


def _days(spark: SparkSession, full: str) -> set[Day]:
    rows = spark.table(f"{full}.files").where("content = 0").select("partition.app", "partition.day").distinct()
    return {(row["app"], row["day"]) for row in rows.na.drop().collect()}


def properties(spark: SparkSession, full: str) -> dict[str, str]:
    """Properties of a table."""
    found = load(spark, full)
    return {} if found is None else found.properties


def set_properties(spark: SparkSession, full: str, values: Mapping[str, str]) -> None:
    """Set properties of a table, which outlive snapshots, in one commit of their own."""

    tables.with_retry(lambda: _loaded(spark, full).set_properties(values))


def _loaded(spark: SparkSession, full: str) -> Loaded:
    found = load(spark, full)
    if found is None:
        raise SetupError(f"table {full} is gone; someone has dropped it during this run")
    return found
