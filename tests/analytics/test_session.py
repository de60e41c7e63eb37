"""What a user sees of Spark itself: nothing, but for the errors that jobs turn into one line."""

from __future__ import annotations

import logging

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from analytics.spark import SQL_LOGGERS

pytestmark = pytest.mark.java


@pytest.mark.parametrize(
    "query, condition",
    [("SELECT a FROM VALUES (1) AS t(b)", "UNRESOLVED_COLUMN"), ("SELECT * FROM nowhere", "TABLE_OR_VIEW_NOT_FOUND")],
)
def test_session_logs_nothing_when_spark_refuses_a_query(
    spark: SparkSession, caplog: pytest.LogCaptureFixture, query: str, condition: str
) -> None:
    for name in SQL_LOGGERS:
        logging.getLogger(name).addHandler(caplog.handler)
    try:
        with pytest.raises(AnalysisException, match=condition):
            spark.sql(query)
    finally:
        for name in SQL_LOGGERS:
            logging.getLogger(name).removeHandler(caplog.handler)

    assert caplog.records == []
