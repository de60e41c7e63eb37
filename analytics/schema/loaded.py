"""A stored table as it is now, asked of Iceberg itself.

One look at the catalog and one at the table's metadata tell everything; asked in SQL, each part costs a Spark query.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

MAIN = "main"
MISSING = ("TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND", "NoSuchTableException", "NoSuchNamespaceException")


class Loaded:
    """A table as it was when it was loaded; `load` makes one."""

    def __init__(self, jvm: Any, table: Any) -> None:
        self._jvm, self._table = jvm, table

    @property
    def columns(self) -> StructType:
        """Columns, as Spark reads them."""
        found = self._jvm.org.apache.iceberg.spark.SparkSchemaUtil.convert(self._table.schema())
        return StructType.fromJson(json.loads(found.json()))

    @property
    def partitions(self) -> tuple[str, ...]:
        """Columns by which new files are kept apart."""
        return tuple(field.name() for field in self._table.spec().fields())

    @property
    def properties(self) -> dict[str, str]:
        """Properties, the declared and everybody else's."""
        return {str(key): str(value) for key, value in self._table.properties().items()}

    @property
    def is_sorted(self) -> bool:
        """Whether the rows of new files are sorted."""
        return bool(self._table.sortOrder().isSorted())

    def snapshot(self, ref: str = MAIN) -> int | None:
        """Id of the newest snapshot, or of that of a branch; None while there is none."""
        found = self._table.snapshot(ref)
        return None if found is None else int(found.snapshotId())

    @property
    def branches(self) -> list[str]:
        """Names of the branches that there are, ``main`` among them."""
        return sorted(str(name) for name, ref in self._table.refs().items() if ref.isBranch())

    @property
    def rows(self) -> int | None:
        """Rows, by what the newest commit says of all files; None where deleted rows lie among them."""
        newest = self._table.currentSnapshot()
        if newest is None:
            return 0
        told = newest.summary()
        if told.get("total-records") is None or told.get("total-delete-files") != "0":
            return None
        return int(told.get("total-records"))

    def set_properties(self, values: Mapping[str, str]) -> None:
        """Set properties, in one commit.

        Raises:
            Py4JJavaError: Other commits came first each time.
        """
        change = self._table.updateProperties()
        for key, value in values.items():
            change = change.set(key, value)
        change.commit()


def load(spark: SparkSession, full: str) -> Loaded | None:
    """Load a table by its full name in Spark; None when there is none."""
    jvm: Any = spark._jvm
    # Iceberg looks for the catalog in the settings of the thread's session, and a thread that did not make it has none.
    jvm.org.apache.spark.sql.classic.SparkSession.setActiveSession(spark._jsparkSession)
    try:
        return Loaded(jvm, jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, full))
    except AnalysisException as err:
        if any(word in str(err) for word in MISSING):
            return None
        raise
