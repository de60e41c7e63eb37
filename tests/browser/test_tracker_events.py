"""What the built tracker records of pages and clicks, in a real browser, judged by the real collector."""

from __future__ import annotations

import re

import pytest

from tests.browser.collector_stub import Collector
from tests.browser.conftest import OpenPage, flush

pytestmark = pytest.mark.browser


def test_tracker_sends_a_page_event_when_a_page_opens(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("plain.html?utm_source=mail&email=me@example.com#part")

    collector.wait_for(lambda seen: len(seen.events) == 1)

    event = collector.events[0]
    assert event["type"] == "page"
    assert event["page"] == {"title": "Plain page", "language": "en-US"}
    assert event["current_page"] == page.url.split("?")[0] + "?utm_source=mail"
    assert event["view"] == {"vw": 1000, "vh": 700, "dw": 1000, "dh": 3000, "sx": 0, "sy": 0, "dpr": 1}
    assert re.fullmatch(r"[A-Za-z0-9]{20}", event["user_key"])
    assert (event["seq"], event["load_count"], event["page_version"]) == (0, 1, "7")
    assert event["consent"] == {"analytics": True, "ads": False}


def test_click_says_where_in_the_page_and_inside_its_element(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.evaluate("scrollTo(0, 150)")
    page.click("#buy", position={"x": 50, "y": 75})

    click = flush(page, collector, events=2)[1]

    assert (int(click["x"]), int(click["y"])) == (150, 275)
    assert abs(click["element"]["ex"] - 32767 / 4) < 200
    assert abs(click["element"]["ey"] - 32767 * 3 / 4) < 400
    rest = {name: value for name, value in click["element"].items() if name not in ("ex", "ey")}
    assert rest == {"selector": "#buy", "tag": "button", "w": 200, "h": 100, "fixed": False}
    assert (click["view"]["sy"], click["link"]) == (150, "button;;buy;;")


def test_click_anchors_at_the_link_when_a_part_of_it_is_hit(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.evaluate("document.querySelector('#next').addEventListener('click', (event) => event.preventDefault())")
    page.click("#inner")
    page.click("#mail")

    events = flush(page, collector, events=3)

    assert [event["element"]["selector"] for event in events[1:]] == ["#next", "#mail"]
    assert events[1]["link"] == page.url + "?utm_source=mail"
    assert events[2]["link"] == "mailto:"


def test_click_is_one_event_when_a_label_hands_it_on(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.click("#agreed")
    page.click("#agree")

    events = flush(page, collector, events=3)

    assert page.is_checked("#agree") is False
    assert [event["element"]["selector"] for event in events[1:]] == ["#agreed", "#agree"]


def test_click_is_no_event_when_a_script_makes_it(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.evaluate("document.querySelector('#buy').click()")

    assert [event["type"] for event in flush(page, collector, events=1)] == ["page"]


def test_click_lies_in_the_middle_when_a_key_made_it(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.focus("#buy")
    page.keyboard.press("Enter")

    click = flush(page, collector, events=2)[1]

    assert (click["x"], click["y"]) == (200, 250)
    assert (click["element"]["ex"], click["element"]["ey"]) == (16384, 16384)


def test_click_leaves_out_what_the_page_ignores_or_masks(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.click("#secret")
    page.click("#account")
    page.click("[data-logdig-id=pay]")

    clicks = flush(page, collector, events=3)[1:]

    assert [click["element"]["selector"] for click in clicks] == [
        "main > p:nth-of-type(2) > button:nth-of-type(1)",
        '[data-logdig-id="pay"]',
    ]
    assert [click["link"] for click in clicks] == [None, None]


def test_click_names_the_way_through_shadow_roots(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.locator("#shadow button").click()

    click = flush(page, collector, events=2)[1]

    assert click["element"]["selector"] == "#shadow >>> p > button"


def test_selector_is_left_out_when_the_one_of_its_shadow_root_is_too_long(
    open_page: OpenPage, collector: Collector
) -> None:
    page = open_page()
    page.evaluate("document.querySelector('#shadow').dataset.logdigId = 'x'.repeat(600)")
    page.locator("#shadow button").click()

    assert flush(page, collector, events=2)[1]["element"]["selector"] is None


def test_click_tells_when_its_element_stays_while_the_page_scrolls(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.evaluate("scrollTo(0, 1000)")
    page.click("#fixed")

    click = flush(page, collector, events=2)[1]

    assert click["element"]["fixed"] is True
    assert click["y"] > 1000


def test_hundred_changes_and_one_click_are_one_event(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.evaluate("for (let i = 0; i < 100; i++) document.body.append(document.createElement('p'))")
    page.click("#buy")

    assert [event["type"] for event in flush(page, collector, events=2)] == ["page", "click"]


@pytest.mark.parametrize("page_name", ["hashed.html", "deep.html"])
def test_selector_is_the_same_after_a_rerender_and_a_rebuild(
    open_page: OpenPage, collector: Collector, page_name: str
) -> None:
    page = open_page(page_name)
    for _ in range(2):
        page.click("text=Third")
        page.click("text=Other")
        page.evaluate("build()")
    page.reload()
    page.click("text=Third")
    page.click("text=Other")
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: len(seen.of_type("click")) == 6)

    selectors = [click["element"]["selector"] for click in collector.of_type("click")]

    assert selectors[:2] * 3 == selectors
    assert selectors[0] != selectors[1]
    for selector in selectors:
        assert page.locator(selector).count() == 1
        assert len(re.split(" > | ", selector)) <= 8
