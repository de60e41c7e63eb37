"""What is counted of events equals a plain count."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from logdig.marts.columns import table_schema
from logdig.questions.activity import COLUMNS, count_activity

START = datetime(2026, 11, 1, tzinfo=UTC)

events = st.lists(
    st.tuples(
        st.sampled_from(["page", "click", "listen", "ad", "custom"]),
        st.none() | st.sampled_from("abc"),
        st.none() | st.sampled_from(["0", "1"]),
        st.integers(0, 100 * 3600).map(lambda seconds: START + timedelta(seconds=seconds)),
    ),
    max_size=60,
)


@given(rows=events, cut=st.integers(0, 60))
def test_activity_equals_a_plain_count(rows: list[tuple[str, str, str, datetime]], cut: int) -> None:
    wanted = table_schema("events", COLUMNS)
    batches = [
        pa.RecordBatch.from_pylist([dict(zip(wanted.names, row, strict=True)) for row in part], schema=wanted)
        for part in (rows[:cut], rows[cut:])
    ]

    found = count_activity(batches)

    assert found.types == dict(Counter(row[0] for row in rows))
    assert found.events == len(rows)
    assert found.visitors == len({row[1] for row in rows if row[1]})
    assert found.customers == len({row[2] for row in rows if row[2]})
    assert found.last_event_at == max((row[3] for row in rows), default=None)
    hours = Counter((int(row[3].timestamp()) // 3600 * 3600, row[0]) for row in rows if row[0] != "custom")
    assert {(hour.start, kind): n for hour in found.hours for kind, n in hour.counts.items()} == dict(hours)
