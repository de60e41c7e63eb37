"""Table conversions equals plain Python on generated traffic."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from analytics.marts.conversions import conversions
from analytics.marts.people_events import fits
from logdig.visits.pages import matches
from tests.analytics.traffic import both, of_events

pytestmark = pytest.mark.java


# Spark runs once for each seed, over as many cases as there are apps.
@settings(
    max_examples=1, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 2**32))
def test_conversions_equal_plain_python_whatever_happened(spark: SparkSession, seed: int) -> None:
    found, expected = both(spark, "conversions", of_events(conversions), seed)

    assert found == expected


PIECES = st.text(st.sampled_from("ab*%_\\/.\n한😀"), max_size=6)


@settings(
    max_examples=1, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(PIECES, PIECES), min_size=40, max_size=40))
def test_pattern_fits_in_spark_what_it_fits_in_python(spark: SparkSession, pairs: list[tuple[str, str]]) -> None:
    texts = sorted({text.replace("*", "") for pair in pairs for text in pair})
    patterns = sorted({pattern for pattern, _ in pairs} | {"*", "a*", "*%*", "\\*", "_"})
    rows = spark.createDataFrame([(text,) for text in texts], "text string")

    found = rows.select("text", *(fits(F.col("text"), pattern).alias(str(n)) for n, pattern in enumerate(patterns)))

    expected = {text: [matches(pattern, text) for pattern in patterns] for text in texts}
    assert {row["text"]: list(row)[1:] for row in found.collect()} == expected
    assert any(any(fitting) and not all(fitting) for fitting in expected.values())
