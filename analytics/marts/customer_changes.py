"""What later loads changed of customers."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from analytics.marts.latest import versions
from logdig.tables.customers import CUSTOMER_CHANGES, CUSTOMERS

NOT_COMPARED = ("app", "customer_id", "loaded_at")

IS_NONE = "s.old <=> s.new"
"""For `analytics.tables.merge`: a load that came between two others has shown that the later one changed nothing."""
DIFFERS = "NOT (s.old <=> t.old AND s.new <=> t.new)"
"""For `analytics.tables.merge`: the row of a load that came between two others takes the place of the one known."""


def customer_changes(lines: DataFrame, known: DataFrame, noted: DataFrame | None = None) -> DataFrame:
    """Compare what each load says of a customer with what the load before it said.

    To be merged into its table before `customers` is: whatever ends in between, the same rows come out again.

    Input:  lines: columns of table customers, loaded_at text: loaded lines, also those read before. known: table
            customers as it stands. noted: table customer_changes as it stands.
    Output: columns of table customer_changes, one row per (app, customer_id, column, changed_at) with old and new text,
            which differ; null = no value. The first load of a customer changes nothing. What is noted and is no change
            any more comes with old and new equal (IS_NONE).
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/tables.md, "customer_changes".
    """
    rows = versions(lines, known, CUSTOMERS.names, "customer_id")
    values = F.array(
        *(
            F.struct(F.lit(name).alias("column"), F.col(name).cast("string").alias("value"))
            for name in CUSTOMERS.names
            if name not in NOT_COMPARED
        )
    )
    before = F.lag("values").over(Window.partitionBy("app", "customer_id").orderBy("loaded_at"))
    paired = F.zip_with(
        "before",
        "values",
        lambda old, new: F.struct(new["column"].alias("column"), old["value"].alias("old"), new["value"].alias("new")),
    )
    compared = (
        rows.select("app", "customer_id", F.col("loaded_at").alias("changed_at"), "loaded_at", values.alias("values"))
        .withColumn("before", before)
        .where("before IS NOT NULL")
        .select("app", "customer_id", "changed_at", F.inline(paired))
        .select(*CUSTOMER_CHANGES.names)
    )
    changes, same = compared.where("NOT old <=> new"), compared.where("old <=> new")
    if noted is None:
        return changes
    return changes.unionByName(same.join(noted, list(CUSTOMER_CHANGES.keys), "left_semi"))
