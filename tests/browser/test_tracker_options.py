"""Settings of a site: attributes of the script and of elements, and the commands that are parts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.collector_stub import Collector
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser

STARTED = "!Array.isArray(logdig.q) && performance.getEntriesByType('resource').some((one) => /options/.test(one.name))"
CLICKED = ("#word", "#react", "#plan", "#link", "#send")


def opened(open_page: OpenPage, collector: Collector, attributes: str, path: str = "parts.html") -> Page:
    """Open a page with such attributes and wait until it records."""
    page = open_page(path, attributes=attributes)
    page.evaluate("logdig('track', 'ready'); logdig('flush')")
    collector.wait_for(lambda seen: seen.names() == ["ready"])
    return page


def clicks(page: Page, collector: Collector) -> list[dict[str, Any]]:
    """Send what waits, and give the clicks when it has come."""
    page.evaluate("logdig('track', 'end'); logdig('flush')")
    collector.wait_for(lambda seen: "end" in seen.names())
    return collector.of_type("click")


@pytest.mark.parametrize(
    "setting, recorded",
    [
        ("", ["b", "i", "button", "a", "button"]),
        ('data-autocapture="all"', ["b", "i", "button", "a", "button"]),
        ('data-autocapture="links"', ["i", "button", "a", "button"]),
        ('data-autocapture="off"', []),
    ],
)
def test_autocapture_records_what_the_setting_says(
    open_page: OpenPage, collector: Collector, setting: str, recorded: list[str]
) -> None:
    page = opened(open_page, collector, setting)
    for selector in CLICKED:
        page.click(selector)

    found = clicks(page, collector)

    assert [click["element"]["tag"] for click in found] == recorded
    assert len(collector.of_type("submit")) == bool(recorded)


def test_submit_names_the_form_and_never_its_values(open_page: OpenPage, collector: Collector) -> None:
    page = opened(open_page, collector, "")
    page.fill("#card", "4111-1111-1111-1111")
    page.press("#card", "Enter")
    page.click("#quiet")
    clicks(page, collector)

    submits = collector.of_type("submit")

    assert [submit["element"] for submit in submits] == [{"selector": "#order", "tag": "form"}]
    assert "4111" not in str([post.body for post in collector.posts])


def test_link_names_nobody(open_page: OpenPage, collector: Collector) -> None:
    page = opened(open_page, collector, "")
    page.click("text=Kim")

    assert [click["link"] for click in clicks(page, collector)] == ["button;row;;;"]


def test_attributes_of_elements_name_events_regions_and_exceptions(open_page: OpenPage, collector: Collector) -> None:
    page = opened(open_page, collector, "")
    for selector in ("#plan", "text=Take", "#private", "#public", "#stepper"):
        page.click(selector)

    plan, take, private, public, stepper = clicks(page, collector)

    named = next(event["custom"] for event in collector.of_type("custom") if event["custom"]["name"] == "choose")
    assert named == {"name": "choose", "props": {"plan": "pro", "seats": "5"}}
    assert plan["element"]["selector"] == "#plan"
    assert take["element"]["selector"] == '[data-logdig-region="offers"] > p > button'
    assert (private["link"], "private" in private["element"]["selector"]) == (None, False)
    assert public["element"]["selector"] == "#public"
    assert stepper["after"] is None
    assert {"mutation_ms", "scroll_ms", "navigated_ms"} <= set(plan["after"])


def test_clicks_inside_the_scroll_root_have_its_coordinates(open_page: OpenPage, collector: Collector) -> None:
    page = opened(open_page, collector, 'data-scroll-root="#pane"')
    page.hover("#pane")
    page.mouse.wheel(0, 500)
    page.wait_for_function("pane.scrollTop == 500")
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
    )
    page.click("#far", position={"x": 10, "y": 20})
    page.click("#secret", position={"x": 1, "y": 1})
    page.reload()
    collector.wait_for(lambda seen: len(seen.of_type("scroll")) >= 1)

    inside, outside = collector.of_type("click")

    assert (round(inside["x"]), round(inside["y"])) == (32, 722)
    assert (inside["view"]["sy"], inside["view"]["dh"]) == (500, 2600)
    assert outside["view"]["sy"] == 0
    assert collector.of_type("scroll")[0]["scroll"]["depth_px"] == 800


def place(user: str) -> float:
    """Where a visitor lies between 0 and 1, counted anew."""
    bits = 0
    for letter in f"sample:{user}":
        bits = ((bits ^ ord(letter)) * 0x9E3779B1) & 0xFFFFFFFF
    for shift, multiplier in ((15, 1), (16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        bits = ((bits ^ (bits >> shift)) * multiplier) & 0xFFFFFFFF
    return (bits ^ (bits >> 16)) / 2**32


@pytest.mark.parametrize("recorded", [True, False])
def test_sampling_takes_visitors_whole_by_their_key_and_says_the_rate(
    open_page: OpenPage, collector: Collector, recorded: bool
) -> None:
    user = next(key for key in (f"visitor{number}" for number in range(100)) if (place(key) < 0.25) == recorded)
    known = {"user": user, "loads": 0, "made": 0, "session": "", "seq": 0, "at": 0}
    seeded = json.dumps(known, indent=1)
    page = open_page(
        "parts.html", attributes='data-sample-rate="0.25"', init=f"localStorage['logdig:visitor'] ||= `{seeded}`"
    )
    page.wait_for_function(STARTED)
    page.evaluate("logdig('track', 'seen'); logdig('flush')")
    # The tracker writes it in one line.
    page.wait_for_function(r"!localStorage['logdig:visitor'].includes('\n')")
    page.close()
    page = open_page("plain.html")
    page.evaluate("logdig('track', 'end'); logdig('flush')")
    collector.wait_for(lambda seen: "end" in seen.names())

    sampled = [event for event in collector.events if "sample_rate" in event]
    assert bool(sampled) is recorded
    assert ("seen" in collector.names()) is recorded
    assert {event["sample_rate"] for event in sampled} <= {0.25}
    assert {event["user_key"] for event in sampled} <= {user}


@pytest.mark.parametrize("user", ["visitor0", "visitor1", ""])
def test_sample_rate_of_zero_records_nobody(open_page: OpenPage, collector: Collector, user: str) -> None:
    known = json.dumps({"user": user, "loads": 0, "made": 0, "session": "", "seq": 0, "at": 0})
    messages: list[str] = []
    page = open_page(
        "parts.html", attributes='data-sample-rate="0"', init=f"localStorage['logdig:visitor'] ||= `{known}`"
    )
    page.on("console", lambda message: messages.append(message.text))
    page.wait_for_function(STARTED)
    page.evaluate("logdig('track', 'seen'); logdig('flush')")
    page.wait_for_function("JSON.parse(localStorage['logdig:visitor']).loads == 1")

    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('logdig:e:'))") == []
    assert (collector.posts, messages) == ([], [])


def test_before_send_changes_drops_and_counts(open_page: OpenPage, collector: Collector) -> None:
    page = opened(open_page, collector, 'data-before-send="scrub"')
    page.click("#secret")
    page.click("#link")

    found = clicks(page, collector)

    assert [(click["element"]["selector"], click["link"]) for click in found] == [("#link", None)]
    assert sum(post.body.get("dropped", {}).get("before_send", 0) for post in collector.posts) == 1
    assert [event["seq"] for event in collector.events] == list(range(len(collector.events)))


@pytest.mark.parametrize("name", ["broken", "missing", "promised"])
def test_before_send_that_fails_lets_nothing_through_and_warns_once(
    open_page: OpenPage, collector: Collector, name: str
) -> None:
    messages: list[str] = []
    page = open_page("parts.html", attributes=f'data-before-send="{name}"')
    page.on("console", lambda message: messages.append(message.text))
    page.wait_for_function(STARTED)
    page.evaluate("logdig('track', 'one'); logdig('flush')")
    page.evaluate("logdig('track', 'two'); logdig('flush')")
    page.wait_for_function("JSON.parse(localStorage['logdig:dropped'] || '{}').before_send >= 3")

    assert len([text for text in messages if "beforeSend" in text]) == 1
    assert collector.events == []


def test_queries_are_kept_or_dropped_as_the_site_says(open_page: OpenPage, collector: Collector) -> None:
    address = "parts.html?q=tea&utm_source=mail&id=7&page=2"
    opened(open_page, collector, 'data-query="q, page"', address)
    page = open_page(address, attributes='data-exclude-search="true"')
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: len(seen.of_type("page")) == 2)

    kept, dropped = (event["current_page"] for event in collector.of_type("page"))

    assert kept.split("parts.html")[1] == "?q=tea&utm_source=mail&page=2"
    assert dropped.split("parts.html")[1] == ""


@pytest.mark.parametrize(
    "setting, warning",
    [
        ('data-autocapture="some"', 'logdig: autocapture is "some", taken as "off"'),
        ('data-sample-rate="2"', 'logdig: sampleRate is "2", taken as "1"'),
        ('data-sample-rate=""', 'logdig: sampleRate is "", taken as "1"'),
        ('data-scroll-root="["', 'logdig: scrollRoot is "[", taken as ""'),
        ('data-hash="maybe"', 'logdig: hash is "maybe", taken as "false"'),
        ('data-move=""', 'logdig: move is "", taken as "false"'),
        ('data-exclude-search="1"', 'logdig: excludeSearch is "1", taken as "true"'),
        ('data-decide-endpoint="http://["', 'logdig: decideEndpoint is "http://[", taken as ""'),
        ('data-consent="al"', 'logdig: consent is "al", taken as "ask"'),
    ],
)
def test_wrong_attribute_is_one_warning_and_the_careful_choice(
    open_page: OpenPage, collector: Collector, setting: str, warning: str
) -> None:
    messages: list[str] = []
    page = open_page("no-token.html")
    page.on("console", lambda message: messages.append(message.text))
    name, value = setting.removeprefix("data-").split("=")
    with page.expect_console_message():
        page.evaluate(
            "([name, value, url]) => { const tag = document.createElement('script'); tag.src = 'clicktracker.js?again';"
            " delete window.logdig; Object.assign(tag.dataset, {token: 'pk_test', endpoint: url});"
            " tag.setAttribute('data-' + name, value); document.head.append(tag); }",
            [name, value.strip('"'), collector.url],
        )
    page.evaluate("logdig('consent', {analytics: true}); logdig('track', 'end'); logdig('flush')")
    collector.wait_for(lambda seen: "end" in seen.names())

    assert messages == [warning]


def test_experiment_gives_a_visitor_the_same_variant_on_every_event(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("parts.html")
    ask = "new Promise((resolve) => logdig('experiment', 'colour', ['red', 'green', 'blue'], resolve))"
    first = page.evaluate(ask)
    page.click("#link")
    page.reload()
    second = page.evaluate(ask)
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: len(seen.of_type("page")) == 2)

    assert first == second
    assert [event["experiments"] for event in collector.of_type("click")] == [{"colour": first}]
    assert collector.events[-1]["experiments"] == {"colour": first}


def test_experiment_of_a_name_that_no_event_can_carry_is_one_warning(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("parts.html")
    with page.expect_console_message() as message:
        page.evaluate("logdig('experiment', '', ['red', 'blue'])")
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: len(seen.of_type("page")) == 1)

    assert message.value.text.startswith('logdig: experiment Error: experiment ""')
    assert "experiments" not in collector.events[0]


def test_endpoint_that_is_a_path_belongs_to_the_page_whatever_its_base_says(open_page: OpenPage) -> None:
    page = open_page("no-token.html")
    page.evaluate("document.head.append(Object.assign(document.createElement('base'), {href: 'http://127.0.0.1:9/'}))")
    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.evaluate("logdig('init', {token: 'pk_test', endpoint: '/collect'}); logdig('flush')")

    assert sent.value.url == page.url.replace("/no-token.html", "/collect/v1/events")


def test_staff_is_marked_until_told_otherwise(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("parts.html")
    page.evaluate("logdig('staff', true); logdig('track', 'a')")
    page.reload()
    page.evaluate("logdig('track', 'b'); logdig('staff', false); logdig('track', 'c'); logdig('flush')")
    collector.wait_for(lambda seen: seen.names() == ["a", "b", "c"])

    assert [event["staff"] for event in collector.of_type("custom")] == [True, True, False]


def test_debug_shows_what_is_recorded(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("parts.html")
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    with page.expect_console_message():
        page.evaluate("logdig('debug'); setInterval(() => logdig('track', 'shown'), 100)")
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: "shown" in seen.names())

    assert all(text.startswith("logdig:") for text in messages)
