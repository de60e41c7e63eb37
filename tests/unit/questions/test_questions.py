"""Every question equals a count in plain Python, under every filter and pair of filters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import pytest

from logdig.errors import InputError
from logdig.questions.catalog import QUESTIONS
from logdig.questions.engine.answering import ask
from logdig.questions.engine.parameters import Parameters, Thresholds
from logdig.tables.catalog import TABLES
from tests.unit.questions import brute, listening
from tests.unit.questions.rows import FIRST, LAST, PAGES, PEOPLE, ZONE, Maker, Row, comparable, memory

Count = Callable[[dict[str, list[Row]], brute.Where, str | None], list[Row]]
COUNTS: dict[str, Count] = {
    "overview": brute.visits,
    "sources": lambda tables, where, by: brute.visits(tables, where, by or "source"),
    "trend": brute.trend,
    "pages": brute.pages,
    "goals": brute.goals,
    "scroll": brute.scroll,
    "depths": brute.depths,
    "flow": brute.flow,
    "page_events": brute.page_events,
    "links": brute.links,
    "traffic": brute.traffic,
    "events": brute.events,
    "custom": brute.custom,
    "heatmap": brute.heatmap,
    "movement": brute.movement,
    "elements": brute.elements,
    "frustration": brute.frustration,
    **listening.COUNTS,
}
VALUES: dict[str, tuple[str, str]] = {
    **{name: (str(values[-2]), str(values[-1]) if values[-1] is not None else "") for name, values in PEOPLE.items()},
    "source": ("google", "it's"), "screen": ("small", ""), "system": ("Linux", ""), "region": ("11", ""),
    "campaign": ("spring", ""), "country": ("KR", ""), "browser": ("Firefox", ""),
    "experiment.button": ("green", ""), "goal": ("buy", ""), "customer": ("7", ""), "page": ("/a", "/b"),
    "release": ("r1", ""), "kind": ("bots", "people"), "crawler": ("GPTBot", ""), "type": ("custom", "click"),
    "name": ("signup", ""), "property.plan": ("1", '"1"'), **listening.VALUES,
}  # fmt: skip
"""Two values of every filter; empty = rows that have none."""
PARTS = 6
"""Pairs of filters are split into so many tests."""
TABLES_OF = {seed: Maker(seed).tables() | listening.tables(Maker(seed)) for seed in (1, 2)}
SOURCES = {seed: memory(tables) for seed, tables in TABLES_OF.items()}


def parameters(where: brute.Where, by: str | None = None, **more: Any) -> Parameters:
    return Parameters("shop", FIRST, LAST, zone=ZONE, where=where, by=by, **more)


def filters_of(name: str) -> list[str]:
    """Filters of a question with what stands for those that have names of their own."""
    own = {"experiment": "experiment.button", "property": "property.plan"}
    return [own.get(one, one) for one in QUESTIONS[name].filters]


def needed(name: str) -> brute.Where:
    return dict.fromkeys(QUESTIONS[name].needs, "/a")


def check(name: str, seed: int, where: brute.Where, by: str | None = None) -> int:
    answer = ask(SOURCES[seed], QUESTIONS[name], parameters(where, by))
    wanted = COUNTS[name](TABLES_OF[seed], where, by)
    found = answer.rows.to_pylist()
    if not by and QUESTIONS[name].by is None and not QUESTIONS[name].keys and not wanted:
        return 0
    assert comparable(found) == comparable(wanted), (where, by)
    assert [column.name for column in answer.columns] == answer.rows.column_names
    return len(wanted)


ELSEWHERE = {"releases", "offers", "uplift", "bands", "sessions", "steps"}
"""Counted in test_releases, test_uplift and test_journeys."""


def test_every_question_is_counted_here_or_in_a_file_of_its_own() -> None:
    assert set(COUNTS) == set(QUESTIONS) - ELSEWHERE


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("seed", SOURCES)
def test_question_equals_a_plain_count_when_no_filter_is_given(name: str, seed: int) -> None:
    assert check(name, seed, needed(name)) > 0


@pytest.mark.parametrize("name", COUNTS)
def test_question_equals_a_plain_count_under_every_filter(name: str) -> None:
    rows = [check(name, 1, needed(name) | {one: value}) for one in filters_of(name) for value in VALUES[one]]

    assert sum(rows) > 0


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.full) for part in range(1, PARTS))])
def test_question_equals_a_plain_count_under_every_pair_of_filters(name: str, part: int) -> None:
    pairs = list(combinations(filters_of(name), 2))[part::PARTS]
    rows = [
        check(name, 2, needed(name) | {one: VALUES[one][number % 2], other: VALUES[other][0]})
        for number, (one, other) in enumerate(pairs)
    ]

    assert len(rows) == len(pairs)


@pytest.mark.parametrize("name", [name for name in COUNTS if QUESTIONS[name].dimensions])
def test_question_equals_a_plain_count_by_every_dimension(name: str) -> None:
    own = {"experiment": "experiment.button", "property": "property.plan"}
    dimensions = [own.get(by, by) for by in QUESTIONS[name].dimensions]
    if name == "custom":
        dimensions += ["day.property.plan", "day.experiment.button"]
    rows = [check(name, 1, needed(name), by) for by in dimensions]

    assert all(rows)


@pytest.mark.parametrize("name", [name for name in COUNTS if QUESTIONS[name].compares])
def test_comparison_has_the_days_before_beside_each_row(name: str) -> None:
    where = needed(name)
    now = ask(SOURCES[1], QUESTIONS[name], parameters(where))
    before = ask(SOURCES[1], QUESTIONS[name], parameters(where).before())

    both = ask(SOURCES[1], QUESTIONS[name], parameters(where, compare=True))

    keys = [*QUESTIONS[name].keys, *([QUESTIONS[name].by] if QUESTIONS[name].by else [])]
    step = timedelta(days=7)
    moved = {
        tuple(row[key] + step if isinstance(row[key], date) else row[key] for key in keys): row
        for row in before.rows.to_pylist()
    }
    present = {tuple(row[key] for key in keys): row for row in now.rows.to_pylist()}
    assert {tuple(row[key] for key in keys) for row in both.rows.to_pylist()} == moved.keys() | present.keys()
    numbers = [column for column in both.columns if column.name.endswith("_before")]
    assert numbers
    for row in both.rows.to_pylist():
        place = tuple(row[key] for key in keys)
        for column in numbers:
            name_now = column.name.removesuffix("_before")
            assert row[column.name] == moved.get(place, {}).get(name_now)
            assert row[name_now] == present.get(place, {}).get(name_now)


@pytest.mark.parametrize("name", QUESTIONS)
def test_question_is_empty_or_zero_when_no_table_exists(name: str) -> None:
    release = {"release_day": FIRST} if name == "releases" else {}

    answer = ask(memory({}), QUESTIONS[name], parameters(needed(name), **release))

    values = [value for row in answer.rows.to_pylist() for key, value in row.items() if key != "depth"]
    assert all(value in (None, 0.0) for value in values)
    assert [column.name for column in answer.columns] == answer.rows.column_names
    assert (answer.receipt.data_until, answer.receipt.sampled) == (None, False)


@pytest.mark.parametrize("name", [name for name in QUESTIONS if name not in listening.COUNTS])
def test_filters_and_dimensions_are_columns_of_every_table(name: str) -> None:
    question = QUESTIONS[name]
    lists = {"goal": ("goal", "goals"), "customer": ("customer_id", "customer_ids"), "experiment": ("experiments",)}
    lists |= {"name": ("custom",), "property": ("custom",), "session": ("session_id",), "visitor": ("user_key",)}
    lists |= {"element": ("selector",)}

    # Under a filter the events beside sessions are not read.
    tables = [table for table in question.tables if table != "events" or "sessions" not in question.tables]
    for one in question.filters:
        knowing = [table for table in tables if set(lists.get(one, (one,))) & set(TABLES[table].names)]
        if name in ("trend", "page_events"):
            # What only views or only sessions know is carried over by the session or the view.
            assert knowing, one
        elif name in ("uplift", "bands"):
            # Of the goals that people reach all count, whatever the filters of their exposures.
            assert tables[0] in knowing, one
        elif name == "sessions":
            # Sessions are found by their views and clicks, too.
            assert knowing, one
        else:
            assert knowing == tables, one


@pytest.mark.parametrize("name", QUESTIONS)
def test_filter_that_a_question_cannot_apply_is_refused_with_those_that_it_can(name: str) -> None:
    with pytest.raises(InputError, match=f"question {name} has no filter 'moon'; it has: {QUESTIONS[name].filters[0]}"):
        ask(SOURCES[1], QUESTIONS[name], parameters(needed(name) | {"moon": "full"}))
    with pytest.raises(InputError, match=f"question {name} has no dimension 'moon'"):
        ask(SOURCES[1], QUESTIONS[name], parameters(needed(name), "moon"))


@pytest.mark.parametrize("hostile", ["' OR 1=1 --", "it's", "\\'", "'; DROP VIEW x; --", "한국\u2028", '"'])
def test_value_of_a_filter_is_only_ever_a_text(hostile: str) -> None:
    rows = [Maker(3).session() | {"app": "shop", "day": FIRST, "source": source} for source in (hostile, "google")]

    answer = ask(memory({"sessions": rows}), QUESTIONS["sources"], parameters({"source": hostile}))

    assert [row["source"] for row in answer.rows.to_pylist()] == [hostile]


@pytest.mark.parametrize("hostile", ["button']=1 OR 1=1 --", "a.b", 'x"y'])
def test_name_of_an_experiment_is_only_ever_a_text(hostile: str) -> None:
    rows = [Maker(3).session() | {"app": "shop", "day": FIRST, "experiments": [(hostile, "green")]}]

    answer = ask(memory({"sessions": rows}), QUESTIONS["overview"], parameters({}, f"experiment.{hostile}"))

    assert [row[f"experiment.{hostile}"] for row in answer.rows.to_pylist()] == ["green"]


@pytest.mark.parametrize("name", COUNTS)
def test_answer_is_the_same_to_the_byte_when_rows_were_read_with_other_days(name: str) -> None:
    from logdig.marts.kept import KeptColumns
    from tests.fakes.pinned import KeptTables

    where = needed(name)
    kept = KeptTables(TABLES_OF[1], KeptColumns())
    first = ask(kept, QUESTIONS[name], parameters(where))
    wide = Parameters("shop", FIRST - timedelta(days=60), LAST + timedelta(days=60), zone=ZONE, where=where)
    ask(kept, QUESTIONS[name], wide)

    again = ask(kept, QUESTIONS[name], parameters(where))

    assert again.rows.equals(first.rows)
    assert again.receipt == first.receipt
    assert again.rows.equals(ask(SOURCES[1], QUESTIONS[name], parameters(where)).rows)


@pytest.mark.parametrize(
    "limits",
    [(3, 1000, 30, 2500, 10_000), (4, 1000, 30, 3000, 5000), (3, 400, 10, 0, 0), (5, 20_000, 60, 2500, 60_000)],
)
def test_frustration_follows_its_limits(limits: tuple[int, int, int, int, int]) -> None:
    names = ("rage_clicks", "rage_ms", "rage_px", "dead_ms", "return_ms")
    asked = parameters({}, thresholds=Thresholds(**dict(zip(names, limits, strict=True))))

    found = ask(SOURCES[1], QUESTIONS["frustration"], asked).rows.to_pylist()

    assert comparable(found) == comparable(brute.frustration(TABLES_OF[1], {}, None, limits))


def test_account_of_a_heatmap_adds_up_to_all_clicks() -> None:
    answer = ask(SOURCES[1], QUESTIONS["heatmap"], parameters({"page": "/a"}))

    clicks = brute.asked(TABLES_OF[1]["clicks"], {"page": "/a"})
    cells = [brute.cell(click) for click in clicks]
    wanted = {
        "clicks": brute.added(clicks),
        "on_elements": brute.added(c for c, cell in zip(clicks, cells, strict=True) if cell and cell[0] is not None),
        "on_page": brute.added(c for c, cell in zip(clicks, cells, strict=True) if cell and cell[0] is None),
        "unplaced": brute.added(c for c, cell in zip(clicks, cells, strict=True) if cell is None),
    }
    assert answer.account == pytest.approx(wanted)
    assert answer.account["clicks"] == pytest.approx(sum(answer.account[key] for key in list(wanted)[1:]))


def test_question_about_a_page_is_refused_without_one() -> None:
    for name in ("heatmap", "movement"):
        with pytest.raises(InputError, match=f"question {name} is asked of one page"):
            ask(SOURCES[1], QUESTIONS[name], parameters({}))


@pytest.mark.parametrize("page", PAGES)
def test_cells_are_at_most_eight_pixels(page: str) -> None:
    answer = ask(SOURCES[1], QUESTIONS["heatmap"], parameters({"page": page}))

    sizes = {row["w"] for row in TABLES_OF[1]["clicks"] if row["w"]}
    for row in answer.rows.to_pylist():
        if row["level_x"] is not None:
            assert any(size / 2 ** row["level_x"] <= 8 for size in sizes)
            assert 0 <= row["cell_x"] < 2 ** row["level_x"]
