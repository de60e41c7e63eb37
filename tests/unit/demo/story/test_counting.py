"""What is planted is counted by the measures, at their limits too."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from demo.story.counted_session import Burst, CountedSession, read_session
from demo.story.counting import count
from demo.story.month import EXPERIMENT, GOAL, Month
from tests.unit.demo.story.conftest import SITE, Told, month

ZONE = ZoneInfo("Asia/Seoul")
NOON = datetime(2026, 11, 10, 12, tzinfo=ZONE)
NOTHING = dict.fromkeys(("mutation_ms", "scroll_ms", "navigated_ms", "hidden_ms", "input_ms")) | {"watched_ms": 2500}
NUMBERS = itertools.count()


def event(
    kind: str, ms: int, file: str = "index.html", view: str = "v1", who: str = "ann", **own: Any
) -> dict[str, Any]:
    common = {
        "event_id": f"e{next(NUMBERS)}", "seq": ms, "type": kind, "user_key": who, "session_id": f"s of {who}",
        "page_view_id": view, "current_page": f"{SITE}/{file}", "country": "KR", "experiments": {EXPERIMENT: "control"},
        "timestamp": (NOON + timedelta(milliseconds=ms)).isoformat(),
        "view": {"vw": 1440, "vh": 800},
    }  # fmt: skip
    return common | own


def page(ms: int, name: str = "index.html", view: str = "v1", **own: Any) -> dict[str, Any]:
    return event("page", ms, name, view, page={}, **own)


def click(ms: int, x: int = 100, y: int = 100, selector: str = "#a", **after: Any) -> dict[str, Any]:
    own = {"element": {"selector": selector}, "x": x, "y": y, "after": NOTHING | after}
    return event("click", ms, **own)


def scroll(ms: int, share: float, engaged_ms: int, view: str = "v1") -> dict[str, Any]:
    return event("scroll", ms, view=view, scroll={"depth_share": share, "engaged_ms": engaged_ms})


def read(*events: dict[str, Any]) -> CountedSession:
    return read_session(events, ZONE, SITE)


@pytest.mark.parametrize(
    ("places", "clicks"),
    [
        ([(0, 0, 0), (500, 0, 0), (1000, 0, 0)], 3),
        ([(0, 0, 0), (500, 0, 0), (1001, 0, 0)], None),
        ([(0, 0, 0), (10, 18, 24), (20, 0, 0)], 3),
        ([(0, 0, 0), (10, 18, 25), (20, 0, 0)], None),
        ([(0, 0, 0), (10, 20, 0), (20, 40, 0)], None),
        ([(0, 0, 0), (10, 20, 0), (20, 30, 0), (30, 50, 0)], 4),
        ([(0, 0, 0), (10, 0, 0)], None),
    ],
)
def test_clicks_are_a_burst_when_any_three_neighbours_are_near(
    places: list[tuple[int, int, int]], clicks: int | None
) -> None:
    session = read(page(0), *(click(1 + ms, 100 + x, 100 + y) for ms, x, y in places))

    assert session.bursts() == ([Burst("/", "#a", clicks, worked=False)] if clicks else [])


def test_two_bursts_share_a_click_when_only_the_middle_three_are_apart() -> None:
    times = (0, 100, 900, 1700, 1800)
    session = read(page(0), *(click(1 + ms, selector=f"#{ms}", mutation_ms=3) for ms in times))

    assert [(burst.selector, burst.clicks) for burst in session.bursts()] == [("#0", 3), ("#900", 3)]
    assert all(burst.worked for burst in session.bursts())


def test_clicks_without_after_are_in_no_burst_and_not_dead() -> None:
    clicks = [click(1 + ms) | {"after": None} for ms in (0, 100, 200)]
    session = read(page(0), *clicks)

    assert session.bursts() == []
    assert [clicked.dead for clicked in session.views[0].clicks] == [False] * 3


@pytest.mark.parametrize(
    ("after", "dead"), [({}, True), ({"watched_ms": 2499}, False), ({"input_ms": 0}, False), ({"scroll_ms": 9}, False)]
)
def test_click_is_dead_when_it_was_watched_long_enough_and_nothing_followed(after: dict[str, int], dead: bool) -> None:
    assert read(page(0), click(1, **after)).views[0].clicks[0].dead is dead


@pytest.mark.parametrize(("engaged_ms", "bounced"), [(9_999, True), (10_000, False)])
def test_session_of_one_view_bounces_when_it_was_in_use_for_less_than_ten_seconds(
    engaged_ms: int, bounced: bool
) -> None:
    assert read(page(0), scroll(20_000, 0.5, engaged_ms)).bounced is bounced


def test_session_does_not_bounce_when_it_reached_the_goal_or_has_two_views() -> None:
    goal = event("custom", 5, custom={"name": GOAL, "props": {}})

    assert not read(page(0), goal).bounced
    assert not read(page(0), page(9, view="v2")).bounced
    assert read(page(0)).bounced


@pytest.mark.parametrize(
    ("third", "back_ms", "pages"),
    [
        ("index.html", 10_000, ["/album.html"]),
        ("index.html", 10_001, []),
        ("offer.html", 5000, []),
        ("album.html", 5000, []),
    ],
)
def test_page_is_left_at_once_when_the_one_before_comes_again_within_ten_seconds(
    third: str, back_ms: int, pages: list[str]
) -> None:
    views = page(0), page(60_000, "album.html", "v2"), page(60_000 + back_ms, third, "v3")

    assert read(*views).quick_returns() == pages


@pytest.mark.parametrize(("share", "steps"), [(0.15, 3), (0.149999, 2), (1.0, 20), (0.0, 0), (0.35, 7), (0.7, 14)])
def test_steps_of_a_page_are_seen_when_the_greatest_depth_reaches_them(share: float, steps: int) -> None:
    assert read(page(0), scroll(5, share, 10), scroll(6, share / 2, 9)).views[0].steps() == steps


def test_repeat_prone_element_counts_only_bursts_longer_than_usual() -> None:
    def bursts(who: str, clicks: int, **after: int) -> list[dict[str, Any]]:
        others = {"user_key": who, "session_id": f"s of {who}"}
        return [page(0, who=who), *(click(1 + 100 * n, **after) | others for n in range(clicks))]

    its = Month(date(2026, 11, 29), "Asia/Seoul", SITE)
    # 48 short bursts of 3, two of 30; every click works.
    usual = [e for n in range(50) for e in bursts(f"p{n}", 30 if n < 2 else 3, mutation_ms=1)]
    found = count(usual, its).frustration
    prone = found.repeat_prone["/"]["#a"]
    assert (prone.visitors, prone.repeated, prone.bursts, prone.usual, prone.counted) == (50, 50, 50, 3.0, 2)
    assert found.rage == {"/": {"#a": 2}}

    # Of 49 none count; where too few bursts work, all do.
    assert count(usual[:-4], its).frustration.rage == {"/": {"#a": 0}}
    in_vain = [e for n in range(50) for e in bursts(f"p{n}", 3, **({"mutation_ms": 1} if n < 9 else {}))]
    assert count(in_vain, its).frustration.repeat_prone == {}
    assert count(in_vain, its).frustration.rage == {"/": {"#a": 50}}


def test_sums_of_the_month_agree_with_each_other(whole: Told) -> None:
    truth = whole.truth

    for kinds in (truth.channels, truth.sources, truth.countries, truth.devices, truth.variants):
        for name in ("sessions", "views", "bounces", "reached"):
            total = truth.totals.sessions if name == "sessions" else None
            found = sum(getattr(visited, name) for visited in kinds.values())
            assert found == (total or sum(getattr(of, name) for of in truth.variants.values()))
    pages = truth.pages.values()
    assert sum(of.views for of in pages) == truth.totals.views
    assert sum(of.entries for of in pages) == sum(of.exits for of in pages) == truth.totals.sessions
    assert sum(sum(of.clicks.values()) for of in pages) == truth.totals.clicks
    assert sum(truth.traffic.values()) == truth.events == len(whole.events)
    for of in pages:
        assert list(of.scrolled) == sorted(of.scrolled, reverse=True)
        assert all(of.clickers[selector] <= clicks for selector, clicks in of.clicks.items())


def test_counts_do_not_depend_on_the_order_of_visitors(small: Told) -> None:
    by_session = [list(group) for _, group in itertools.groupby(small.events, key=lambda e: e["session_id"])]
    backwards = [event for session in reversed(by_session) for event in session]

    assert count(backwards, month()) == small.truth
