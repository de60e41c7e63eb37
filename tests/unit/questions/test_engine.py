"""What an answer rests on: receipts, shares of many visitors, columns kept in memory."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from logdig.errors import InputError
from logdig.marts.kept import KeptColumns
from logdig.questions.catalog import QUESTIONS, question_of
from logdig.questions.engine.answering import ask
from logdig.questions.engine.parameters import DAYS, Parameters, last_days
from logdig.questions.page.scroll import median
from tests.fakes.pinned import WRITTEN, MemoryTables
from tests.unit.questions import brute
from tests.unit.questions.rows import FIRST, LAST, ZONE, Maker, memory

ASKED = Parameters("shop", FIRST, LAST, zone=ZONE)


def ledger_row(day: date, **more: Any) -> dict[str, Any]:
    return {"app": "shop", "day": day, "sent": 10, "missing": 1, "waiting": 2, "in_dlq": 0} | more


def test_receipt_names_the_states_and_days_that_wait_in_the_range() -> None:
    waiting = {"sessions": (FIRST - timedelta(days=1), FIRST), "conversions": (LAST,)}
    tables = MemoryTables(Maker(1).tables(20), waiting=waiting)

    receipt = ask(tables, QUESTIONS["overview"], ASKED).receipt

    assert receipt.waiting == (FIRST, LAST)
    assert receipt.data_until == WRITTEN
    assert [(state.name, state.snapshot_id, state.upto) for state in receipt.tables] == [
        ("sessions", 7, 3),
        ("conversions", 7, 3),
        ("events", 7, 3),
    ]


def test_receipt_of_a_comparison_names_days_that_wait_before() -> None:
    day = FIRST - timedelta(days=2)
    tables = MemoryTables(Maker(1).tables(20), waiting={"page_views": (day,)})

    assert ask(tables, QUESTIONS["pages"], ASKED).receipt.waiting == ()
    compared = Parameters("shop", FIRST, LAST, zone=ZONE, compare=True)
    assert ask(tables, QUESTIONS["pages"], compared).receipt.waiting == (day,)


def test_receipt_adds_up_the_ledger_of_the_utc_days_that_hold_the_range() -> None:
    step = timedelta(days=1)
    rows = [ledger_row(FIRST - 2 * step), ledger_row(FIRST - step), ledger_row(LAST + step, sent=None)]
    rows += [ledger_row(LAST + 2 * step), ledger_row(FIRST, app="blog")]

    ledger = ask(memory({"ledger": rows}), QUESTIONS["traffic"], ASKED).receipt.ledger

    assert ledger is not None
    assert (ledger.sent, ledger.missing, ledger.waiting, ledger.last_day) == (10, 2, 4, LAST + step)


@pytest.mark.parametrize(("weight", "sampled"), [(1.0, False), (None, False), (2.0, True)])
def test_receipt_says_whether_visitors_are_weighted(weight: float | None, sampled: bool) -> None:
    rows = [Maker(1, (weight,)).session() | {"app": "shop", "day": FIRST}]
    other = [
        Maker(1, (2.0,)).session() | {"app": "blog"},
        Maker(1, (2.0,)).session() | {"day": FIRST - timedelta(days=9)},
    ]

    assert ask(memory({"sessions": rows + other}), QUESTIONS["overview"], ASKED).receipt.sampled == sampled


def test_session_has_the_greatest_weight_of_its_rows() -> None:
    base = Maker(1).session() | {"app": "shop", "user_key": "u", "session_id": "s", "bounce": False}
    rows = [
        base | {"day": FIRST, "weight": 1.0, "continued": False, "views": 1},
        base | {"day": FIRST + timedelta(days=1), "weight": 4.0, "continued": True, "views": 2},
    ]

    [row] = ask(memory({"sessions": rows}), QUESTIONS["overview"], ASKED).rows.to_pylist()

    assert (row["visitors"], row["sessions"], row["views"]) == (4.0, 4.0, 12.0)


@pytest.mark.parametrize("name", ["overview", "pages", "goals", "heatmap"])
def test_one_sixteenth_of_the_visitors_stands_for_all_when_there_are_many_rows(name: str) -> None:
    tables = Maker(4).tables(600)
    where = dict.fromkeys(QUESTIONS[name].needs, "/a")
    many = MemoryTables(tables, counted={QUESTIONS[name].tables[0]: 20_000_001})
    one = {key: [row for row in rows if row.get("bucket", 0) == 0] for key, rows in tables.items() if key != "events"}
    asked = Parameters("shop", FIRST, LAST, zone=ZONE, where=where)

    found, wanted = ask(many, QUESTIONS[name], asked), ask(memory(one), QUESTIONS[name], asked)

    assert found.receipt.share == 1 / 16
    assert wanted.receipt.share == 1.0
    shares = ("bounce_rate", "rate", "x", "y", "engaged_ms_per_session", "engaged_ms_per_view")
    for row, expected in zip(found.rows.to_pylist(), wanted.rows.to_pylist(), strict=True):
        for key, value in expected.items():
            times = 16 if isinstance(value, float) and key not in shares else 1
            assert row[key] == (pytest.approx(value * times) if isinstance(value, float) else value)


def test_days_of_an_app_begin_in_its_zone() -> None:
    from datetime import UTC, datetime

    now = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)

    assert last_days(now, "Asia/Seoul") == (date(2026, 12, 1) - timedelta(days=DAYS - 1), date(2026, 12, 1))
    assert last_days(now, "America/New_York")[1] == date(2026, 11, 30)


def test_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InputError, match="is after the last"):
        ask(memory({}), QUESTIONS["overview"], Parameters("shop", LAST, FIRST))


@pytest.mark.parametrize("day", [date(1, 1, 1), date(9999, 12, 31)])
def test_day_that_no_calendar_of_the_tables_has_is_refused(day: date) -> None:
    with pytest.raises(InputError, match="lies outside 1900-01-01 to 2999-12-31"):
        ask(memory({}), QUESTIONS["overview"], Parameters("shop", day, day, zone=ZONE, compare=True))


def test_share_of_the_visitors_comes_with_its_margin() -> None:
    many = MemoryTables(Maker(4).tables(600), counted={"page_views": 20_000_001})

    receipt = ask(many, QUESTIONS["pages"], ASKED).receipt

    rows = [row for row in brute.asked(Maker(4).tables(600)["page_views"], {}) if row["bucket"] == 0]
    visitors = {row["user_key"] for row in rows} - {None}
    [sample] = receipt.samples
    assert (sample.table, sample.visitors) == ("page_views", len(visitors))
    assert sample.visitors_margin == pytest.approx(1.96 * (15 / 16 / len(visitors)) ** 0.5)
    assert sample.rows_margin is not None
    assert sample.rows_margin >= sample.visitors_margin


@pytest.mark.parametrize("name", ["heatmap", "movement", "releases"])
def test_question_that_cannot_be_compared_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="cannot be compared"):
        ask(memory({}), QUESTIONS[name], Parameters("shop", FIRST, LAST, where={"page": "/"}, compare=True))


def test_unknown_question_is_named_with_those_that_there_are() -> None:
    with pytest.raises(InputError, match="no question is called 'moon'; there are: overview"):
        question_of("moon")


@pytest.mark.parametrize(
    ("weighted", "middle"),
    [([], None), ([(5, 1)], 5), ([(1, 1), (3, 1)], 2), ([(1, 1), (3, 2)], 3), ([(1, 2), (3, 1), (9, 1)], 2)],
)
def test_median_counts_weights(weighted: list[tuple[float, float]], middle: float | None) -> None:
    assert median(weighted) == middle


def test_fold_is_the_median_height_of_the_viewports() -> None:
    tables = Maker(2, (1.0,)).tables()
    answer = ask(memory(tables), QUESTIONS["scroll"], ASKED)

    viewed = [row for row in brute.asked(tables["page_views"], {}) if row["viewed"]]
    heights = sorted(row["vh"] for row in viewed if row["vh"] is not None)
    half = len(heights) // 2
    assert answer.account["views"] == len(viewed)
    assert answer.account["fold_px"] == (heights[half] if len(heights) % 2 else sum(heights[half - 1 : half + 1]) / 2)


class Reads:
    """Counts what is read: rows of some days, whose column ``a`` is the number of the day."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, columns: Any, start: date, end: date) -> pa.Table:
        self.asked.append(tuple(columns))
        days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
        return pa.table({name: pa.array([day.toordinal() for day in days]) for name in columns})


def test_kept_columns_are_read_once() -> None:
    kept, read = KeptColumns(), Reads()
    kept.rows(("t", 1), ["a"], FIRST, LAST, read)

    found = kept.rows(("t", 1), ["b", "a"], FIRST + timedelta(days=1), LAST, read)
    kept.rows(("t", 1), ["a", "b"], FIRST, LAST, read)

    assert read.asked == [("a",), ("b",)]
    assert found.column_names == ["b", "a"]
    assert found.num_rows == 7


def test_kept_columns_are_read_again_when_other_days_or_another_snapshot_are_asked() -> None:
    kept, read = KeptColumns(), Reads()
    kept.rows(("t", 1), ["a"], FIRST, LAST, read)

    kept.rows(("t", 1), ["a"], FIRST - timedelta(days=1), LAST, read)
    kept.rows(("t", 2), ["a"], FIRST, LAST, read)

    assert read.asked == [("a",), ("a",), ("a",)]


def test_kept_columns_stay_below_their_limit_and_keep_the_newest() -> None:
    read = Reads()
    size = read(["a"], FIRST, LAST).nbytes
    kept = KeptColumns(limit_bytes=2 * size)
    for key in ("one", "two", "three"):
        kept.rows((key,), ["a"], FIRST, LAST, read)
    read.asked.clear()

    for key in ("three", "two", "one"):
        kept.rows((key,), ["a"], FIRST, LAST, read)

    assert read.asked == [("a",)]
    assert kept.bytes <= 2 * size


def test_rows_larger_than_the_limit_are_returned_and_not_kept() -> None:
    kept, read = KeptColumns(limit_bytes=10), Reads()

    found = kept.rows(("t",), ["a"], FIRST, LAST, read)

    assert (found.num_rows, kept.bytes) == (7, 0)


def test_columns_of_another_length_are_never_put_beside_each_other() -> None:
    kept = KeptColumns()
    kept.rows(("t",), ["a"], FIRST, LAST, Reads())

    with pytest.raises(ValueError, match="1 rows were read beside 7"):
        kept.rows(("t",), ["b"], FIRST, LAST, lambda *_: pa.table({"b": [1]}))
