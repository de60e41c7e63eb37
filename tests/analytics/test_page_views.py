"""Table page_views equals plain Python on generated traffic."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from analytics.marts.page_views import page_views
from tests.analytics.traffic import both, of_events

pytestmark = pytest.mark.java


# Spark runs once for each seed, over as many cases as there are apps.
@settings(
    max_examples=1, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 2**32))
def test_page_views_equal_plain_python_whatever_happened(spark: SparkSession, seed: int) -> None:
    found, expected = both(spark, "page_views", of_events(page_views), seed)

    assert found == expected
