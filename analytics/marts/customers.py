"""Known customers, as the latest load tells them."""

from __future__ import annotations

from pyspark.sql import DataFrame

from analytics.marts.latest import latest
from logdig.tables.customers import CUSTOMERS


def customers(lines: DataFrame) -> DataFrame:
    """Keep each customer's latest line.

    Input:  columns of table customers, loaded_at text.
    Output: columns of table customers, one row per (app, customer_id): app, customer_id and zip text (leading zeros
            kept), gender, status, level, campaign and linked_apps codes of the source, birth_year, sign_date
            YYYY-MM-DD text, loaded_at timestamp. Unknown values are null.
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/tables.md, "customers".
    """
    return latest(lines, CUSTOMERS.names, "customer_id")
