"""What a write changes is noted under the next number; a lake that never noted anything begins with all it has."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql.types import ArrayType

from analytics import tables
from analytics.lake import touched
from analytics.lake.day_tables import newest_snapshot
from analytics.lake.line_rows import events, parse_raw
from analytics.lake.touched import fold, note, read_touches
from analytics.privacy.table_erasure import touched_days
from analytics.schema.columns import TEXT, struct, table_columns
from analytics.schema.frames import fit
from logdig.config.settings import Settings
from logdig.errors import LeaseLostError
from logdig.marts.progress import Touch, folded
from logdig.privacy.person import Person
from logdig.store.lease import Lease
from tests.analytics.objects import line
from tests.fakes.store import FakeStore

pytestmark = pytest.mark.java
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = date(2026, 11, 24)


def lines_of(*texts: str) -> list[tuple[str]]:
    return [(text,) for text in texts]


def test_note_counts_up_and_begins_with_all_that_is_there_when_nothing_was_noted(
    spark: SparkSession, own: Settings
) -> None:
    earlier = line("c", "2026-11-20T00:00:00.000Z", occurred_at="2026-11-19T23:59:00.000Z")
    made = tables.small_frame(spark, tables.LINE, lines_of(line("a"), line("b"), earlier, line("a", app="other")))
    tables.append(spark, own, "events", events(parse_raw(made)))
    untold = read_touches(spark, own)

    first = note(spark, own, [Touch(0, "shop", DAY, 5, DAY)], NOW, "test")
    second = note(spark, own, [Touch(0), Touch(0, "shop")], NOW, "test")
    nothing = note(spark, own, [], NOW, "test")

    there = {
        Touch(1, "shop", DAY, 2, DAY),
        Touch(1, "shop", date(2026, 11, 19), 1, date(2026, 11, 20)),
        Touch(1, "other", DAY, 1, DAY),
    }
    assert set(untold) == there
    assert (first, second, nothing) == (2, 3, 3)
    found = read_touches(spark, own)
    assert set(found[:3]) == there
    assert found[3] == Touch(2, "shop", DAY, 5, DAY)
    assert set(found[4:]) == {Touch(3), Touch(3, "shop")}
    assert {row["noted_at"] for row in tables.read(spark, own, "touched").collect()} == {NOW.replace(tzinfo=None)}


def test_notes_that_all_have_seen_are_put_together_and_later_ones_stay(spark: SparkSession, own: Settings) -> None:
    before, after = date(2026, 11, 20), date(2026, 11, 22)
    tables.ensure_table(spark, own, "events")
    for touches in (
        [Touch(0, "shop", DAY, 5, DAY), Touch(0, "blog", DAY)], [Touch(0, "shop", DAY, 2, before)],
        [Touch(0), Touch(0, "shop", DAY)], [Touch(0, "shop", DAY, 1, after), Touch(0, "shop", DAY)],
    ):  # fmt: skip
        last = note(spark, own, touches, NOW, "test")
    every = read_touches(spark, own)
    expected = [Touch(last - 1, "shop", DAY, 7, before), Touch(last - 1, "blog", DAY), Touch(last - 1)]
    expected += [Touch(last, "shop", DAY, 1, after), Touch(last, "shop", DAY)]

    assert Counter(read_touches(spark, own, last - 1)) == Counter(folded(every, last - 1)) == Counter(expected)
    assert fold(spark, own, last - 1) == len(every) - len(expected)
    assert Counter(read_touches(spark, own)) == Counter(expected)
    assert fold(spark, own, last - 1) == 0
    # A note that comes while they are put together is kept: the commit is tried again.
    rows, notes = spark.table(tables.table_name(own, "touched")), []

    def overtaken(*arguments: Any) -> int | None:
        found = newest_snapshot(*arguments)
        if not notes:
            notes.append(note(spark, own, [Touch(0, "shop", after, 3, DAY)], NOW, "another"))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(touched, "newest_snapshot", overtaken)
        assert fold(spark, own, last) == 2
    assert notes == [last + 1]
    assert Touch(last + 1, "shop", after, 3, DAY) in read_touches(spark, own)
    assert rows.count() == 4


def test_note_writes_nothing_when_the_lease_is_lost(spark: SparkSession, own: Settings) -> None:
    store, clock = FakeStore(), [NOW]
    lease = Lease(store, lambda: clock[0], "one", "test")
    lease.take()
    clock[0] = datetime(2026, 11, 24, 13, tzinfo=UTC)
    Lease(store, lambda: clock[0], "two", "another").take()

    with tables.writing_under(lease), pytest.raises(LeaseLostError, match="test lost its lease"):
        note(spark, own, [Touch(0, "shop", DAY)], NOW, "test")

    assert read_touches(spark, own) == ()


def test_erasure_of_a_customer_touches_every_day_of_the_visitors_that_name_it(
    spark: SparkSession, own: Settings
) -> None:
    before = line("a", occurred_at="2026-11-19T12:00:00.000Z")
    named = line("b", customer_id="c1")
    others = line("c", user_key="u2", occurred_at="2026-11-18T12:00:00.000Z")
    made = tables.small_frame(spark, tables.LINE, lines_of(before, named, others))
    tables.append(spark, own, "events", events(parse_raw(made)))
    known = struct({"app": TEXT, "user_key": TEXT, "customer_ids": ArrayType(TEXT)})
    visitors = tables.small_frame(spark, known, [("shop", "u1", ["c1"]), ("shop", "u2", ["c2"])])
    tables.append(spark, own, "visitors", fit(visitors, table_columns("visitors")))

    touches = touched_days(spark, own, Person("customer_id", "c1"))

    assert {(touch.app, touch.day) for touch in touches} == {("shop", DAY), ("shop", date(2026, 11, 19))}
