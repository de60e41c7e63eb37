"""What the built tracker makes of calls: before, during and after its start, right ones and wrong ones."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.collector_stub import Collector
from tests.browser.conftest import OpenPage, flush

pytestmark = pytest.mark.browser

HOLD_TASKS = """
    const later = setTimeout;
    window.held = [];
    window.setTimeout = (work, wait) => (wait ? later(work, wait) : held.push(work));
"""
"""Keeps back what a script puts into its next task, as a busy page or a hidden tab does."""


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
    messages: list[str] = []
    page.on("console", lambda message: messages.append(f"{message.type} {message.text}"))

    page.evaluate(f"logdig('init', {options})")

    assert len(messages) == 1
    assert messages[0].startswith("warning logdig: init")
    assert collector.posts == []


def test_unknown_command_is_one_warning_and_no_exception(open_page: OpenPage) -> None:
    page = open_page()
    messages: list[str] = []
    page.on("console", lambda message: messages.append(f"{message.type} {message.text}"))

    with page.expect_console_message():
        page.evaluate("logdig('trak', 'upgrade')")

    assert len(messages) == 1
    assert messages[0].startswith("warning logdig: trak")


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
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.evaluate("logdig('identify', '17')")
    for wrong in ("{id: 18}", "'1'.repeat(129)", "'18\\n'"):
        page.evaluate(f"logdig('identify', {wrong})")
    page.evaluate("logdig('track', 'here'); logdig('identify', ''); logdig('track', 'gone')")

    events = flush(page, collector, events=4)

    assert [event["customer_id"] for event in events] == [None, "17", "17", None]
    assert [text.startswith("logdig: identify Error: no id of 1 to 128 characters") for text in messages] == [True] * 3


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
