"""What the built tracker records, in a real browser, judged by the real collector."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.collector_stub import Collector
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser

HOLD_TASKS = """
    const later = setTimeout;
    window.held = [];
    window.setTimeout = (work, wait) => (wait ? later(work, wait) : held.push(work));
"""
"""Keeps back what a script puts into its next task, as a busy page or a hidden tab does."""


def flush(page: Page, collector: Collector, *, events: int) -> list[dict[str, Any]]:
    """Send what waits; give the acknowledged events once there are so many."""
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: len(seen.acts) >= events)
    assert len(collector.acts) == events
    return collector.acts


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
        "body > main > p:nth-of-type(2) > button:nth-of-type(1)",
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


def test_commands_work_before_during_and_after_loading(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("early.html")
    page.evaluate("logdig('track', 'late', {level: 2, gift: false, note: '선물', rest: null})")
    page.evaluate("kept('track', 'by the stub', {})")
    page.evaluate("logdig('ad', 'ADV', 'click', 7, 'before-song')")
    page.evaluate("logdig('listen', 412, {zip: '01234'})")
    page.evaluate("logdig('listen', '413')")

    events = flush(page, collector, events=7)

    assert collector.names() == ["early", "late", "by the stub"]
    assert events[2]["custom"]["props"] == {"level": 2, "gift": False, "note": "선물", "rest": None}
    assert events[4]["ad"] == {"name": "ADV", "action": "click", "decision_id": "7", "placement": "before-song"}
    assert events[5]["listen"] == {"track_id": "412", "mobile": False, "zip": "01234"}
    assert [event["seq"] for event in events] == list(range(7))


def test_click_before_the_first_look_into_storage_comes_after_its_page_and_earlier_calls(
    open_page: OpenPage, collector: Collector
) -> None:
    page = open_page(init=HOLD_TASKS)
    page.evaluate("logdig('track', 'early')")
    assert page.evaluate("localStorage.length") == 0
    page.click("#buy")
    page.evaluate("held.forEach((work) => work())")

    events = flush(page, collector, events=3)

    assert [event["type"] for event in events] == ["page", "custom", "click"]
    assert [event["seq"] for event in events] == [0, 1, 2]


def test_calls_arrive_when_the_page_goes_before_the_first_look_into_storage(
    open_page: OpenPage, collector: Collector
) -> None:
    page = open_page(init=HOLD_TASKS)
    page.evaluate("logdig('track', 'early')")
    page.goto("about:blank")

    collector.wait_for(lambda seen: len(seen.acts) == 2)

    assert [event["type"] for event in collector.acts] == ["page", "custom"]


def test_init_starts_a_tracker_whose_tag_has_no_token(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("no-token.html")
    page.evaluate("logdig('track', 'before')")
    page.evaluate(f"logdig('init', 'pk_test', {{endpoint: '{collector.url}/'}})")
    page.evaluate("logdig('init', 'another', {endpoint: 'http://127.0.0.1:9'})")

    flush(page, collector, events=2)

    assert collector.names() == ["before"]


@pytest.mark.parametrize(
    "options",
    ["{token: 'pk_test'}", "{endpoint: 'http://127.0.0.1:9'}", "{token: 'pk_test', endpoint: 'http://['}", "null"],
)
def test_wrong_setting_is_one_warning_and_no_exception(open_page: OpenPage, collector: Collector, options: str) -> None:
    page = open_page("no-token.html")
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type} {message.text}"))

    page.evaluate(f"logdig('init', {options})")

    assert len(said) == 1
    assert said[0].startswith("warning logdig: init")
    assert collector.posts == []


def test_unknown_command_is_one_warning_and_no_exception(open_page: OpenPage) -> None:
    page = open_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type} {message.text}"))

    with page.expect_console_message():
        page.evaluate("logdig('trak', 'upgrade')")

    assert len(said) == 1
    assert said[0].startswith("warning logdig: trak")


def test_customer_is_on_every_event_after_identify_and_after_a_reload(
    open_page: OpenPage, collector: Collector
) -> None:
    page = open_page()
    page.evaluate("logdig('identify', 17)")
    page.evaluate("logdig('track', 'here')")
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: len(seen.acts) == 3)
    page.reload()
    page.evaluate("logdig('identify', null)")
    page.evaluate("logdig('track', 'gone')")

    events = flush(page, collector, events=5)

    assert [event["customer_id"] for event in events] == [None, "17", "17", "17", None]


def test_customer_stays_when_it_is_told_what_is_no_id(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.evaluate("logdig('identify', '17')")
    for wrong in ("{id: 18}", "'1'.repeat(129)", "'18\\n'"):
        page.evaluate(f"logdig('identify', {wrong})")
    page.evaluate("logdig('track', 'here'); logdig('identify', ''); logdig('track', 'gone')")

    events = flush(page, collector, events=4)

    assert [event["customer_id"] for event in events] == [None, "17", "17", None]
    assert [text.startswith("logdig: identify Error: no id of 1 to 128 characters") for text in said] == [True] * 3


def test_load_count_and_session_go_on_over_pages_and_tabs(
    open_page: OpenPage, context: BrowserContext, collector: Collector
) -> None:
    page = open_page()
    collector.wait_for(lambda seen: len(seen.events) == 1)
    other = open_page()
    other.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: len(seen.events) == 2)
    page.reload()

    events = flush(page, collector, events=3)

    assert [event["load_count"] for event in events] == [1, 2, 3]
    assert [event["seq"] for event in collector.events] == list(range(len(collector.events)))
    assert len({event["session_id"] for event in events}) == 1
    assert len({event["user_key"] for event in events}) == 1
    assert len({event["page_view_id"] for event in events}) == 3
