"""A branch of a table: rows are written and looked at there, and readers see them when ``main`` moves to its end.

Moving is a compare and swap: it is refused when anyone has committed to ``main`` since the branch was made.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from analytics import tables
from analytics.schema.loaded import load
from analytics.spark import CATALOG

PREFIX = "ingest_"
REFUSED = "not an ancestor"
"""What Iceberg says when ``main`` has moved."""


class MainMovedError(Exception):
    """Another commit came first; what lies on the branch was compared with older rows."""


class Branch:
    """A branch that begins where ``main`` is.

    Args:
        spark: Session.
        full: Full name of the table.
        name: Of the branch.
    """

    def __init__(self, spark: SparkSession, full: str, name: str) -> None:
        self._spark, self._full, self._name = spark, full, name
        self.target = f"{full}.branch_{name}"
        self._start = _head(spark, full, name)

    def append(self, rows: DataFrame) -> None:
        """Write rows, laid out as the table is."""
        rows.writeTo(self.target).append()

    def appended(self) -> DataFrame:
        """Read what was appended, and no other row; the table's size does not matter."""
        read = self._spark.read.format("iceberg").option("start-snapshot-id", str(self._start))
        return read.option("end-snapshot-id", str(_head(self._spark, self._full, self._name))).load(self._full)

    def rows(self) -> DataFrame:
        """Read everything: what ``main`` held and what was appended."""
        return self._spark.table(self.target)

    def publish(self) -> None:
        """Let readers see the branch.

        Raises:
            MainMovedError: Another commit came first; readers see nothing of the branch.
            LeaseLostError: See `analytics.tables.check_lease`.
        """
        move = f"CALL {CATALOG}.system.fast_forward('{_in_catalog(self._full)}', 'main', '{self._name}')"
        try:
            tables.with_retry(lambda: self._spark.sql(move).collect())
        except (Py4JJavaError, PySparkException) as err:
            if REFUSED in str(err):
                raise MainMovedError from err
            raise


@contextmanager
def branch(spark: SparkSession, full: str) -> Iterator[Branch]:
    """Make a branch for the block, which is gone after it; on a branch that is not published nothing is seen."""
    name = f"{PREFIX}{uuid.uuid4().hex[:12]}"
    tables.with_retry(lambda: spark.sql(f"ALTER TABLE {full} CREATE BRANCH `{name}`"))
    try:
        yield Branch(spark, full, name)
    except BaseException:
        # The error of the block counts; a branch that stays is dropped by the next run.
        with suppress(Exception):
            _drop(spark, full, name)
        raise
    _drop(spark, full, name)


def drop_leftovers(spark: SparkSession, full: str) -> int:
    """Drop the branches that killed runs have left; the files that only they hold go with their snapshots.

    Only under the lease: another run's branch would be taken from under it.
    """
    found = load(spark, full)
    names = [] if found is None else [name for name in found.branches if name.startswith(PREFIX)]
    for name in names:
        _drop(spark, full, name)
    return len(names)


def _drop(spark: SparkSession, full: str, name: str) -> None:
    tables.with_retry(lambda: spark.sql(f"ALTER TABLE {full} DROP BRANCH IF EXISTS `{name}`"))


def _head(spark: SparkSession, full: str, name: str) -> int:
    found = load(spark, full)
    head = None if found is None else found.snapshot(name)
    if head is None:
        raise MainMovedError  # Someone has dropped the branch.
    return head


def _in_catalog(full: str) -> str:
    return full.removeprefix(f"{CATALOG}.")
