"""Before and after a release: equal to plain counts, quiet where nothing changed, loud where something did."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from logdig.errors import InputError
from logdig.questions.catalog import QUESTIONS
from logdig.questions.engine.answering import ask
from logdig.questions.engine.parameters import Parameters
from logdig.questions.page.releases import FALSE_SHARE, judged
from tests.unit.questions.rows import Row, memory

DAY = date(2026, 11, 16)
AT = datetime(2026, 11, 16, tzinfo=UTC)


def row(day: int, user: str, **more: Any) -> Row:
    return {
        "app": "shop",
        "day": DAY + timedelta(days=day),
        "user_key": user,
        "page": "/",
        "weight": 1.0,
        "bucket": 0,
    } | more


def traffic(visitors: int, chance: Callable[[str, int], float], seed: int = 1) -> dict[str, list[Row]]:
    """Visitors of the days around the release: each views the page on two days, and clicks now and then."""
    choose = random.Random(seed)
    views, clicks = [], []
    for number in range(visitors):
        for day in choose.sample(range(-9, 10), 2):
            release = "r2" if day >= 0 else "r1"
            views.append(row(day, f"u{number}", viewed=True, release=release, page_view_id=f"{number}.{day}"))
            for selector in ("#buy", "#menu", "#gone", "#fresh"):
                if choose.random() < chance(selector, day):
                    event = f"{number}{selector}{day}"
                    clicks.append(row(day, f"u{number}", selector=selector, tag="a", event_id=event))
    return {"page_views": views, "clicks": clicks}


def chances(selector: str, day: int) -> float:
    usual = {"#buy": 0.6 if day > 0 else 0.3, "#menu": 0.4, "#gone": 0.3 * (day < 0), "#fresh": 0.3 * (day > 0)}
    return usual[selector]


def asked(tables: dict[str, list[Row]], **more: Any) -> Any:
    day = {} if "release" in more else {"release_day": DAY}
    return ask(memory(tables), QUESTIONS["releases"], Parameters("shop", DAY - timedelta(days=9), DAY, **day, **more))


def users(rows: list[Row], first: int, last: int, selector: str | None = None) -> set[str]:
    return {
        found["user_key"]
        for found in rows
        if DAY + timedelta(days=first) <= found["day"] <= DAY + timedelta(days=last)
        and (selector is None or found["selector"] == selector)
    }


def test_releases_equal_plain_counts_and_statsmodels() -> None:
    tables = traffic(400, chances)

    answer = asked(tables)
    rows = {found["selector"]: found for found in answer.rows.to_pylist()}

    pairs = {}
    for selector in ("#buy", "#menu", "#gone", "#fresh"):
        sides = [(-7, -1), (1, 7)]
        clicked = [len(users(tables["clicks"], *side, selector)) for side in sides]
        pairs[selector] = (clicked, [len(users(tables["page_views"], *side)) for side in sides])
    p_values = {name: proportions_ztest(*pair)[1] for name, pair in pairs.items()}
    flagged, adjusted, *_ = multipletests(list(p_values.values()), FALSE_SHARE, "fdr_bh")
    confidence = 1 - FALSE_SHARE * sum(flagged) / len(pairs)
    for number, (selector, (clicked, visitors)) in enumerate(pairs.items()):
        found = rows[selector]
        assert [found["before"], found["after"]] == clicked
        assert [found["before_visitors"], found["after_visitors"]] == visitors
        assert found["adjusted"] == pytest.approx(adjusted[number], rel=1e-9, abs=1e-15)
        assert found["flagged"] == flagged[number]
        low, high = confint_proportions_2indep(
            clicked[1], visitors[1], clicked[0], visitors[0], method="newcomb", alpha=1 - confidence
        )
        assert (found["low"], found["high"]) == pytest.approx((low, high), abs=1e-9)
        assert found["confidence"] == pytest.approx(confidence)
    assert {name: found["state"] for name, found in rows.items()} == {
        "#buy": None, "#menu": None, "#gone": "vanished", "#fresh": "new",
    }  # fmt: skip
    assert rows["#buy"]["flagged"]
    assert answer.account["flagged"] == sum(flagged)


def test_release_is_found_by_its_name() -> None:
    tables = traffic(100, chances)

    by_name, by_day = asked(tables, release="r2"), asked(tables)

    assert by_name.account["release_day"] == DAY
    assert by_name.rows.equals(by_day.rows)


def test_release_that_nobody_saw_is_refused() -> None:
    with pytest.raises(InputError, match="no view of release 'r9' from 2026-11-07 to 2026-11-16"):
        asked(traffic(10, chances), release="r9")


def test_filter_leaves_only_its_visitors() -> None:
    tables = traffic(100, chances)
    for rows in tables.values():
        for number, found in enumerate(rows):
            found["device"] = "mobile" if found["user_key"].endswith("1") else "desktop"
            found["host"] = "shop.test" if number % 2 else None

    found = asked(tables, where={"device": "mobile"}).rows.to_pylist()

    only = {name: [one for one in rows if one["user_key"].endswith("1")] for name, rows in tables.items()}
    assert found == asked(only).rows.to_pylist()
    assert found


def test_page_without_visitors_on_one_side_is_not_judged() -> None:
    assert judged({"/": 9}, {}, {("/", "#a"): (3, "a")}, {}) == []


def test_null_releases_flag_at_most_one_in_twenty_elements_though_visitors_come_again() -> None:
    """400 releases that changed nothing, 30 elements each; visitors click in habits of their own."""
    choose = random.Random(7)
    releases, with_finding, flagged, elements = 400, 0, 0, 30
    for _ in range(releases):
        people = [[choose.betavariate(0.4, 1.6) for _ in range(3)] for _ in range(80)]
        sides: list[tuple[dict[Any, int], dict[Any, tuple[int, str | None]]]] = []
        for _side in range(2):
            here = [person for person in people if choose.random() < 0.7]
            clicked = {
                ("/", f"#{number}"): sum(choose.random() < person[number % 3] for person in here)
                for number in range(elements)
            }
            sides.append(({"/": len(here)}, {key: (count, "a") for key, count in clicked.items() if count}))
        rows = judged(sides[0][0], sides[1][0], sides[0][1], sides[1][1])
        found = sum(one["flagged"] for one in rows)
        flagged += found
        with_finding += found > 0

    assert flagged / (releases * elements) <= FALSE_SHARE
    # A share of exactly 5 % has more than 28 of 400 in 3.4 % of the tries (binomial).
    assert with_finding <= 28


def test_interval_is_not_a_number_nowhere() -> None:
    for found in asked(traffic(60, chances)).rows.to_pylist():
        assert all(not math.isnan(value) for value in found.values() if isinstance(value, float))
