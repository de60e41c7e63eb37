"""Who did not agree is not recorded: nothing is sent and nothing is stored."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from tests.browser.collector_stub import Collector
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser

GPC = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"
DNT = "Object.defineProperty(Navigator.prototype, 'doNotTrack', {get: () => '1'})"


def stored(page: Page) -> list[str]:
    """Names of what the tracker stored, without the events' own keys."""
    names: list[str] = page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('logdig'))")
    return sorted(names)


def settle(page: Page) -> None:
    """Wait until the tracker did all that waits for its turn, and until a request of the page came back."""
    page.evaluate("new Promise((done) => setTimeout(() => navigator.locks.request('logdig', done)))")
    page.evaluate("fetch(location.href, {cache: 'no-store'}).then((response) => response.text())")


def act(page: Page) -> None:
    """Do what would be recorded, then let the tracker send it."""
    page.click("#buy")
    page.evaluate("logdig('track', 'tried'); logdig('identify', '9')")
    page.evaluate("logdig('flush')")
    settle(page)


@pytest.mark.parametrize("signal", [GPC, DNT])
def test_tracker_stores_and_sends_nothing_when_the_browser_says_no(
    open_page: OpenPage, collector: Collector, signal: str
) -> None:
    page = open_page(attributes='data-consent="all"', init=signal)

    act(page)
    page.evaluate("logdig('consent', {analytics: true, ads: true})")
    act(page)

    assert stored(page) == []
    page.goto("about:blank")
    assert collector.posts == []


def test_tracker_goes_on_when_told_not_to_respect_the_signal(open_page: OpenPage, collector: Collector) -> None:
    open_page(attributes='data-respect-gpc="false"', init=GPC)

    collector.wait_for(lambda seen: len(seen.events) == 1)


def test_tracker_records_only_what_came_after_consent_was_given(open_page: OpenPage, collector: Collector) -> None:
    page = open_page(attributes='data-consent="ask"')
    act(page)
    assert stored(page) == []
    assert collector.posts == []

    page.evaluate("logdig('consent', {analytics: true})")
    page.evaluate("logdig('track', 'after')")
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: len(seen.events) == 2)

    assert [event["type"] for event in collector.events] == ["page", "custom"]
    assert collector.names() == ["after"]
    assert {event["customer_id"] for event in collector.events} == {"9"}
    assert collector.events[0]["consent"] == {"analytics": True, "ads": False}


def test_consent_outlives_a_reload_and_changes_only_what_it_names(open_page: OpenPage, collector: Collector) -> None:
    page = open_page(attributes='data-consent="ask"')
    page.evaluate("logdig('consent', {analytics: true})")
    page.evaluate("logdig('consent', {ads: true})")
    page.reload()
    page.evaluate("logdig('flush')")

    collector.wait_for(lambda seen: len(seen.acts) == 2)

    assert [event["consent"] for event in collector.acts] == [
        {"analytics": True, "ads": False},
        {"analytics": True, "ads": True},
    ]


def test_refusal_outlives_a_reload_and_forgets_the_visitor(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.evaluate("logdig('track', 'before')")
    page.evaluate("logdig('consent', {analytics: false})")
    page.evaluate("logdig('track', 'refused')")
    page.reload()
    act(page)

    # What was agreed to when it happened is still brought.
    collector.wait_for(lambda seen: seen.names() == ["before"])
    page.wait_for_function("Object.keys(localStorage).join() == 'logdig:consent'")
    assert len(collector.events) == 2


def test_consent_is_refused_with_a_warning_when_it_is_no_boolean(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))

    page.evaluate("logdig('consent', {ads: 'yes'})")
    page.evaluate("logdig('track', 'later')")
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: seen.names() == ["later"])

    assert messages == ['logdig: consent for ads is "yes", taken as refused']
    assert collector.events[-1]["consent"]["ads"] is False


def test_unknown_consent_setting_asks_first(open_page: OpenPage, collector: Collector) -> None:
    page = open_page(attributes='data-consent="al"')

    act(page)

    assert stored(page) == []
    assert collector.posts == []


def test_opt_out_sends_nothing_more_when_enough_waits_for_a_request(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()

    page.evaluate("for (let n = 0; n < 150; n++) logdig('track', 'waiting'); logdig('optOut')")
    settle(page)

    assert stored(page) == ["logdig:consent"]
    assert collector.posts == []


def test_opt_out_leaves_nothing_but_itself_and_opt_in_ends_it(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.evaluate("logdig('track', 'waiting')")

    page.evaluate("logdig('optOut')")
    act(page)
    page.reload()
    act(page)

    assert stored(page) == ["logdig:consent"]
    assert page.evaluate("localStorage['logdig:consent']") == '{"out":true}'
    assert collector.posts == []

    page.evaluate("logdig('optIn')")
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: [event["type"] for event in seen.events] == ["page"])


def test_opt_out_in_one_tab_silences_the_others(open_page: OpenPage, collector: Collector) -> None:
    one, other = open_page(), open_page()
    collector.wait_for(lambda seen: len(seen.events) == 2)
    other.evaluate("addEventListener('storage', ({key}) => (window.heard ||= key == 'logdig:consent'))")
    other.click("#buy")

    one.evaluate("logdig('optOut')")
    other.wait_for_function("window.heard")
    act(other)
    other.close()

    assert stored(one) == ["logdig:consent"]
    assert len(collector.events) == 2


def test_consent_and_customer_of_one_tab_hold_in_the_others(open_page: OpenPage, collector: Collector) -> None:
    one, other = (open_page(attributes='data-consent="ask"') for _ in range(2))
    other.evaluate("addEventListener('storage', ({key}) => (window.heard ||= key == 'logdig:known'))")

    one.evaluate("logdig('consent', {analytics: true}); logdig('identify', '17')")
    other.wait_for_function("window.heard")
    other.evaluate("logdig('track', 'other'); logdig('flush')")
    one.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: len(seen.events) == 4)

    assert sorted(event["type"] for event in collector.events) == ["custom", "identify", "page", "page"]
    assert [event["customer_id"] for event in collector.of_type("custom")] == ["17"]
    assert len({event["user_key"] for event in collector.events}) == 1


@pytest.mark.parametrize(
    "answer", ["false", "true", "'denied'", "7", "[]", "[true]", "'update', {analytics: true, ads: true}", "null", ""]
)
def test_answer_that_is_no_object_is_one_warning_and_refuses_both_purposes(
    open_page: OpenPage, collector: Collector, answer: str
) -> None:
    page = open_page(attributes='data-consent="all"')
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))

    page.evaluate(f"logdig('consent'{answer and ', ' + answer}); logdig('track', 'refused'); logdig('flush')")
    page.reload()
    page.evaluate("logdig('track', 'later'); logdig('consent', {analytics: true}); logdig('track', 'end')")
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: "end" in seen.names())

    assert [text[:18] for text in messages] == ["logdig: consent is"]
    assert collector.names() == ["end"]
    assert collector.events[-1]["consent"] == {"analytics": True, "ads": False}


SLOW = 'data-consent="ask" data-sample-rate="1"'
"""A tag that starts when the part ``options`` has come."""


@pytest.fixture
def options_stay_away(context: BrowserContext) -> None:
    context.route("**/clicktracker.options.js", lambda route: route.abort())


def reload_with_options(page: Page, context: BrowserContext) -> None:
    context.unroute("**/clicktracker.options.js")
    page.reload()


@pytest.mark.usefixtures("options_stay_away")
def test_answer_and_customer_outlive_a_page_that_goes_before_the_part_for_options_has_come(
    open_page: OpenPage, context: BrowserContext, collector: Collector
) -> None:
    page = open_page(attributes=SLOW)
    page.wait_for_function("!Array.isArray(logdig.q)")
    page.evaluate("logdig('identify', '16')")
    assert stored(page) == []
    page.evaluate("logdig('consent', {analytics: true}); logdig('consent', {ads: true}); logdig('identify', '17')")

    reload_with_options(page, context)
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: seen.of_type("page") != [])

    (event,) = collector.of_type("page")
    assert event["consent"] == {"analytics": True, "ads": True}
    assert event["customer_id"] == "17"


@pytest.mark.usefixtures("options_stay_away")
@pytest.mark.parametrize("call", ["'optOut'", "'consent', {analytics: false}", "'consent', 'no'"])
def test_refusal_outlives_a_page_that_goes_before_the_part_for_options_has_come(
    open_page: OpenPage, context: BrowserContext, collector: Collector, call: str
) -> None:
    known = 'localStorage[\'logdig:visitor\'] ||= \'{"user":"a","loads":1,"made":1,"seq":1,"at":1}\''
    page = open_page(attributes='data-sample-rate="1"', init=f"sessionStorage.seeded ||= {known}")
    page.wait_for_function("!Array.isArray(logdig.q)")

    page.evaluate(f"logdig({call})")
    assert stored(page) == ["logdig:consent"]
    reload_with_options(page, context)
    act(page)

    assert stored(page) == ["logdig:consent"]
    assert collector.posts == []


def test_calls_before_the_part_for_options_take_effect_in_their_order_and_warn_once(
    open_page: OpenPage, context: BrowserContext, collector: Collector
) -> None:
    held: list[Route] = []
    context.route("**/clicktracker.options.js", lambda route: held.append(route))
    page = open_page(attributes=SLOW)
    page.wait_for_function("!Array.isArray(logdig.q)")
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.evaluate(
        "logdig('track', 'before'); logdig('consent', {analytics: true, ads: 'yes'}); logdig('identify', true);"
        "logdig('identify', 17); logdig('track', 'after'); logdig('flush')"
    )
    for route in held:
        route.continue_()

    collector.wait_for(lambda seen: "after" in seen.names())

    assert [event["type"] for event in collector.events] == ["page", "identify", "custom"]
    assert [event.get("customer_id") for event in collector.events] == [None, "17", "17"]
    assert [text.split(" ", 2)[1] for text in messages] == ["consent", "identify"]


@pytest.mark.parametrize("text", ["[1]", "true", "{}", "5", '"text"', "null", "text", '{"customer_id":[]}'])
def test_stored_values_of_any_shape_are_replaced_at_the_next_start(
    open_page: OpenPage, collector: Collector, text: str
) -> None:
    seed = f"['visitor', 'consent', 'known', 'hold', 'dropped'].map((key) => localStorage['logdig:' + key] = `{text}`)"
    page = open_page(init=f"sessionStorage.seeded ||= {seed}")
    page.evaluate("logdig('track', 'first'); logdig('flush')")
    collector.wait_for(lambda seen: seen.names() == ["first"])
    page.evaluate("logdig('consent', {ads: true}); logdig('identify', 'a'); logdig('staff', true)")
    page.evaluate("logdig('track', 'second'); logdig('flush')")

    collector.wait_for(lambda seen: seen.names() == ["first", "second"])

    assert collector.events[0]["consent"] == {"analytics": True, "ads": False}
    last = collector.events[-1]
    assert (last["consent"]["ads"], last["customer_id"], last["staff"]) == (True, "a", True)
    assert [event["seq"] for event in collector.events] == list(range(len(collector.events)))
    assert all("dropped" not in post.body for post in collector.posts if post.status == 202)
