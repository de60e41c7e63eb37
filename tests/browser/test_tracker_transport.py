"""Events arrive whatever the collector and the network do: none lost, none twice, in order."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.collector_stub import PATIENCE_SECONDS, Answer, Collector
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser

BLOCKED = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError') }})"
THROWING = "for (const name of ['getItem', 'setItem', 'removeItem']) Storage.prototype[name] = () => { throw Error() }"
FULL = """
  let text = 'x'.repeat(1 << 20);
  while (text.length) {
    try { localStorage['fill' + Math.random()] = text; } catch { text = text.slice(text.length / 2 + 1); }
  }
"""
CLOCK = """
  let shift = 0;
  window.setBack = (milliseconds) => (shift = milliseconds);
  window.Date = new Proxy(Date, {
    construct: (real, [...given]) => (given.length ? new real(...given) : new real(real.now() - shift)),
    get: (real, name) => (name == 'now' ? () => real.now() - shift : real[name]),
  });
"""


def track(page: Page, *names: object) -> None:
    """Record one event a name, and begin to send."""
    for name in names:
        page.evaluate(f"logdig('track', '{name}')")
    page.evaluate("logdig('flush')")


def wait_until_stored(page: Page, count: int) -> None:
    """Wait until so many events are stored in the browser."""
    page.wait_for_function(
        "count => Object.keys(localStorage).filter((key) => key.startsWith('logdig:e:')).length == count", arg=count
    )


def seqs(collector: Collector) -> list[int]:
    """Places of the acknowledged events in their session, in the order of arrival."""
    return [event["seq"] for event in collector.events]


def refuse_bad(status: int) -> Any:
    """Answer so while an event called bad is among them."""

    def choose(body: dict[str, Any]) -> Answer | None:
        names = [event.get("custom", {}).get("name") for event in body["events"]]
        return Answer(status) if "bad" in names else None

    return choose


def test_clicks_made_offline_arrive_in_order_when_the_network_is_back(
    open_page: OpenPage, context: BrowserContext, collector: Collector
) -> None:
    page = open_page()
    collector.wait_for(lambda seen: len(seen.events) == 1)
    wait_until_stored(page, 0)
    context.set_offline(True)
    for _ in range(10):
        page.click("#buy")
    page.evaluate("logdig('flush')")
    wait_until_stored(page, 10)
    assert len(collector.posts) == 1

    context.set_offline(False)
    collector.wait_for(lambda seen: len(seen.events) == 11)

    assert [event["seq"] for event in collector.events] == list(range(11))
    wait_until_stored(page, 0)


@pytest.mark.parametrize("status", [503, 429])
def test_retry_after_is_obeyed_by_flush_beacon_and_the_next_page(
    open_page: OpenPage, collector: Collector, status: int
) -> None:
    collector.answers = [Answer(status, {"Retry-After": "5"})]
    page = open_page()
    track(page, "a")
    # The collector has answered before the page has heard it; until then the page may send.
    page.wait_for_function("JSON.parse(localStorage['logdig:hold'] || '{}').failures")
    track(page, "b")
    page.reload()
    track(page, "c")

    collector.wait_for(lambda seen: len(seen.acts) == 5)

    assert [post.status for post in collector.posts[:2]] == [status, 202]
    assert collector.posts[1].at - collector.posts[0].at >= 4.9
    assert seqs(collector) == list(range(6))


@pytest.mark.parametrize("failure", [Answer(503), Answer(500), Answer(404), Answer(0, reset=True)])
def test_events_are_sent_again_after_a_failure(open_page: OpenPage, collector: Collector, failure: Answer) -> None:
    collector.answers = [failure]
    page = open_page()
    track(page, "a", "b")

    collector.wait_for(lambda seen: len(seen.events) == 3)

    assert [post.status for post in collector.posts] == [failure.status, 202]
    assert [event["seq"] for event in collector.events] == [0, 1, 2]


def test_events_wait_for_an_hour_when_the_collector_says_no(open_page: OpenPage, collector: Collector) -> None:
    collector.answers = [Answer(401)]
    page = open_page()
    track(page, "a")
    page.wait_for_function("JSON.parse(localStorage['logdig:hold'] || '{}').failures")

    hold = page.evaluate("JSON.parse(localStorage['logdig:hold'])")

    assert hold["until"] - hold["from"] == 3_600_000
    wait_until_stored(page, 2)


@pytest.mark.parametrize("status", [401, 403])
def test_events_are_tried_again_when_the_hour_is_over(open_page: OpenPage, collector: Collector, status: int) -> None:
    collector.answers = [Answer(status)]
    page = open_page(init=CLOCK)
    track(page, "a")
    page.wait_for_function("JSON.parse(localStorage['logdig:hold'] || '{}').failures")
    page.evaluate("setBack(-3_590_000)")
    track(page, "b")
    wait_until_stored(page, 3)
    page.evaluate("setBack(-3_601_000)")
    track(page, "c")

    collector.wait_for(lambda seen: seen.names() == ["a", "b", "c"])

    assert [post.status for post in collector.posts] == [status, 202]
    # An hour of silence ends a session.
    assert seqs(collector) == [0, 1, 0, 1]


def test_events_are_kept_and_tried_again_when_the_part_for_failures_cannot_be_loaded(
    open_page: OpenPage, collector: Collector
) -> None:
    collector.answers = [Answer(503, {"Retry-After": "3600"})]
    page = open_page(init=CLOCK)
    page.route("**/clicktracker.failure.js", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        track(page, "a")
    wait_until_stored(page, 2)
    page.evaluate("setBack(-31_000)")
    track(page, "b")

    collector.wait_for(lambda seen: seen.names() == ["a", "b"])

    assert seqs(collector) == [0, 1, 2]


@pytest.mark.parametrize("status, reason", [(400, "refused"), (413, "too_large")])
def test_batch_is_halved_until_only_the_bad_event_is_dropped_and_counted(
    open_page: OpenPage, collector: Collector, status: int, reason: str
) -> None:
    collector.choose = refuse_bad(status)
    page = open_page()
    track(page, "a", "b", "c", "bad", "d", "e")
    collector.wait_for(lambda seen: seen.names() == ["a", "b", "c", "d", "e"])

    track(page, "f", "g")
    collector.wait_for(lambda seen: seen.names()[-2:] == ["f", "g"])

    counts = [post.body["dropped"] for post in collector.posts if post.status == 202 and "dropped" in post.body]
    assert counts == [{reason: 1}]
    assert [event["seq"] for event in collector.events] == [0, 1, 2, 3, 5, 6, 7, 8]
    wait_until_stored(page, 0)


def test_click_arrives_when_the_tab_is_closed_at_once(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.click("#buy")
    page.close()

    collector.wait_for(lambda seen: len(seen.events) == 3)

    assert [event["type"] for event in collector.events] == ["page", "click", "scroll"]
    assert seqs(collector) == [0, 1, 2]


def test_beacon_is_no_acknowledgement_and_the_next_page_sends_again(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.click("#buy")
    page.reload()

    collector.wait_for(lambda seen: len(seen.posts) >= 2 and len(seen.acts) == 3)

    ids = [event["event_id"] for post in collector.posts for event in post.events]
    assert len(set(ids)) == 4
    assert len(ids) > 4
    wait_until_stored(page, 0)


def test_next_page_does_not_wait_for_an_answer_that_hangs(open_page: OpenPage, collector: Collector) -> None:
    collector.answers = [Answer(503, hang_seconds=PATIENCE_SECONDS)]
    page = open_page()
    track(page, "a")
    page.wait_for_function("localStorage['logdig:hold']")
    page.reload()

    collector.wait_for(lambda seen: len(seen.acts) == 3)

    # The beacon sends what was not in flight before the next page sends the rest.
    assert sorted(seqs(collector)) == [0, 1, 2, 3]
    assert 503 not in [post.status for post in collector.posts]


@pytest.mark.parametrize("storage", [BLOCKED, THROWING, FULL])
def test_tracker_works_from_memory_when_storage_does_not(
    open_page: OpenPage, collector: Collector, storage: str
) -> None:
    collector.answers = [Answer(503)]
    page = open_page(init=storage)
    page.click("#buy")
    track(page, "a")

    collector.wait_for(lambda seen: len(seen.events) == 3)

    assert [event["seq"] for event in collector.events] == [0, 1, 2]
    assert len({event["user_key"] for event in collector.events}) == 1


def test_two_tabs_share_queue_and_order(open_page: OpenPage, collector: Collector) -> None:
    first, second = open_page(), open_page()
    for number in range(10):
        first.evaluate(f"logdig('track', 'first {number}')")
        second.evaluate(f"logdig('track', 'second {number}')")
    for page in (first, second):
        page.evaluate("logdig('flush')")

    collector.wait_for(lambda seen: len(seen.events) == 22)

    assert sorted(event["seq"] for event in collector.events) == list(range(22))
    for tab in ("first", "second"):
        assert [name for name in collector.names() if name.startswith(tab)] == [f"{tab} {n}" for n in range(10)]


def test_queue_keeps_the_newest_thousand_and_counts_the_rest(
    open_page: OpenPage, context: BrowserContext, collector: Collector
) -> None:
    page = open_page()
    collector.wait_for(lambda seen: len(seen.events) == 1)
    context.set_offline(True)
    page.evaluate("for (let i = 0; i < 1005; i++) logdig('track', String(i))")
    # They are stored a few at a time; the last one is number 1,005, after the page.
    page.wait_for_function("JSON.parse(localStorage['logdig:visitor']).made == 1006")
    wait_until_stored(page, 1000)

    context.set_offline(False)
    collector.wait_for(lambda seen: len(seen.events) == 1001)

    assert collector.names() == [str(number) for number in range(5, 1005)]
    assert sum(post.body.get("dropped", {}).get("full", 0) for post in collector.posts) == 5
    assert all(len(post.events) <= 100 for post in collector.posts)


def test_request_and_beacon_stay_below_what_may_outlive_a_page(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.evaluate(
        "const props = Object.fromEntries(Array.from({length: 12}, (_, n) => ['p' + n, '가'.repeat(500)]));"
        "for (let i = 0; i < 9; i++) logdig('track', String(i), props)"
    )
    page.close()
    collector.wait_for(lambda seen: len(seen.posts) >= 1)
    page = open_page()
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: len(seen.names()) == 9)

    assert max(int(post.headers["content-length"]) for post in collector.posts) <= 60_000


def test_event_larger_than_the_collector_takes_is_dropped_and_counted(
    open_page: OpenPage, collector: Collector
) -> None:
    page = open_page()
    page.evaluate("logdig('track', 'large', {text: '가'.repeat(11000)})")
    track(page, "small")

    collector.wait_for(lambda seen: seen.names() == ["small"])

    assert collector.posts[-1].body["dropped"] == {"too_large": 1}


def test_events_keep_their_order_when_the_clock_is_set_back(open_page: OpenPage, collector: Collector) -> None:
    page = open_page(init=CLOCK)
    track(page, "before")
    page.evaluate("setBack(3_600_000)")
    track(page, "after")

    collector.wait_for(lambda seen: len(seen.events) == 3)

    assert collector.names() == ["before", "after"]
    assert [event["seq"] for event in collector.events] == [0, 1, 2]
    assert len({event["session_id"] for event in collector.events}) == 1


def test_text_that_no_collector_takes_is_mended(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.evaluate(r"logdig('track', 'odd', {text: 'a\0b\ud800c \\u0000 선물 🎁'})")
    track(page)

    collector.wait_for(lambda seen: seen.names() == ["odd"])

    assert collector.events[-1]["custom"]["props"]["text"] == "a\ufffdb\ufffdc \\u0000 선물 🎁"


STUCK = "Object.defineProperty(Navigator.prototype, 'onLine', {get: () => false})"


def test_events_arrive_while_the_browser_wrongly_says_that_it_is_offline(
    open_page: OpenPage, collector: Collector
) -> None:
    collector.answers = [Answer(503, {"Retry-After": "1"})]
    page = open_page(init=STUCK)
    page.evaluate("for (let n = 0; n < 240; n++) logdig('track', String(n))")

    collector.wait_for(lambda seen: len(seen.names()) == 240)

    assert collector.names() == [str(number) for number in range(240)]
    wait_until_stored(page, 0)


def test_beacon_takes_the_newest_events(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.evaluate("for (let n = 0; n < 240; n++) logdig('track', String(n))")
    page.close()

    collector.wait_for(lambda seen: "239" in seen.names())

    beacon = collector.posts[0]
    assert len(beacon.events) == 100
    assert [event["seq"] for event in beacon.events] == sorted(event["seq"] for event in beacon.events)


START = "([token, endpoint]) => { logdig('init', token, {endpoint}); logdig('track', token); logdig('flush') }"


@pytest.mark.parametrize("changed", [["pk_test", "URL"], ["pk_wrong", "LOCALHOST"]])
def test_changed_token_or_endpoint_ends_the_wait(
    open_page: OpenPage, context: BrowserContext, collector: Collector, changed: list[str]
) -> None:
    local = collector.url.replace("127.0.0.1", "localhost")
    page = open_page("no-token.html")
    with page.expect_console_message(lambda message: "logdig" in message.text) as message:
        page.evaluate(START, ["pk_wrong", collector.url])
    page.wait_for_function("JSON.parse(localStorage['logdig:hold'] || '{}').failures")
    assert f"{collector.url}/v1/ answered 401; another token" in message.value.text

    page.reload()
    page.evaluate(START, [{"URL": collector.url, "LOCALHOST": local}.get(name, name) for name in changed])

    collector.wait_for(lambda seen: seen.posts[-1].body["token"] == changed[0] and len(seen.posts) > 1)
    assert [post.status for post in collector.posts] == [401, 202 if changed[0] == "pk_test" else 401]


def test_wait_goes_on_when_token_and_endpoint_stay(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("no-token.html")
    page.evaluate(START, ["pk_wrong", collector.url])
    page.wait_for_function("JSON.parse(localStorage['logdig:hold'] || '{}').failures")

    page.reload()
    with page.expect_console_message(lambda message: "logdig" in message.text) as message:
        page.evaluate(START, ["pk_wrong", collector.url])

    assert "nothing is sent until 20" in message.value.text
    assert len(collector.posts) == 1


@pytest.mark.parametrize("call", ["'flush'", "'debug'", "'debug', false"])
def test_flush_and_debug_say_until_when_and_why_nothing_is_sent(
    open_page: OpenPage, collector: Collector, call: str
) -> None:
    collector.answers = [Answer(503, {"Retry-After": "3600"})]
    page = open_page()
    track(page, "a")
    page.wait_for_function("JSON.parse(localStorage['logdig:hold'] || '{}').failures")
    until = page.evaluate("new Date(JSON.parse(localStorage['logdig:hold']).until).toISOString()")

    with page.expect_console_message(lambda message: "logdig" in message.text) as message:
        page.evaluate(f"logdig({call})")

    why = f"{collector.url}/v1/ answered 503; events stay queued"
    assert message.value.text == f"logdig: nothing is sent until {until}, since {why}"


def test_events_are_written_again_when_the_page_clears_what_is_stored(
    open_page: OpenPage, collector: Collector
) -> None:
    collector.answers = [Answer(503, {"Retry-After": "3600"})]
    page = open_page()
    track(page, "a", "b")
    page.wait_for_function("JSON.parse(localStorage['logdig:hold'] || '{}').failures")
    wait_until_stored(page, 3)
    collector.answers = [Answer(503, {"Retry-After": "3600"})]
    page.evaluate("localStorage.clear()")
    track(page, "c")
    wait_until_stored(page, 4)
    # A page that goes leaves what is in flight to the next page: the request must have had its response.
    page.wait_for_function("JSON.parse(localStorage['logdig:hold'] || '{}').failures")
    page.evaluate("localStorage.clear(); dispatchEvent(new Event('pagehide'))")

    wait_until_stored(page, 5)
    collector.wait_for(lambda seen: seen.names() == ["a", "b", "c"])
    assert seqs(collector) == [0, 1, 2, 3, 4]
    assert len({event["user_key"] for event in collector.events}) == 1


def test_events_are_written_again_when_another_tab_clears_what_is_stored(
    open_page: OpenPage, collector: Collector
) -> None:
    collector.choose = lambda _: Answer(503, {"Retry-After": "3600"})
    page, other = open_page(), open_page()
    track(page, "a")
    wait_until_stored(page, 3)

    other.evaluate("localStorage.clear()")

    page.wait_for_function("Object.values(localStorage).some((text) => text.includes('\"a\"'))")


def test_events_that_another_tab_sent_are_not_sent_again(open_page: OpenPage, collector: Collector) -> None:
    collector.answers = [Answer(503, {"Retry-After": "1"})]
    page, other = open_page(), open_page()
    track(page, "a")
    wait_until_stored(page, 3)
    page.evaluate(
        "addEventListener('storage', ({key, newValue}) => { window.sent ||= newValue == null && /:e:/.test(key) })"
    )
    other.wait_for_function("JSON.parse(localStorage['logdig:hold'] || '{}').until < Date.now()")
    track(other, "b")
    page.wait_for_function("window.sent")
    wait_until_stored(page, 0)
    track(page, "c")
    collector.wait_for(lambda seen: "c" in seen.names())

    ids = [event["event_id"] for post in collector.posts if post.status == 202 for event in post.events]
    assert len(ids) == len(set(ids))


def test_counts_are_reported_once_when_two_tabs_hear_that_the_network_is_back(
    open_page: OpenPage, collector: Collector
) -> None:
    tabs = [open_page() for _ in range(2)]
    collector.wait_for(lambda seen: len(seen.of_type("page")) == 2)
    for number, page in enumerate(tabs):
        page.evaluate(f"logdig('track', 'tab {number}')")
        wait_until_stored(page, 0)
    tabs[0].evaluate("localStorage['logdig:dropped'] = '{\"full\":7}'")
    for page in tabs:
        page.evaluate("setTimeout(() => dispatchEvent(new Event('online')), 1000 - (Date.now() % 1000))")
    for number, page in enumerate(tabs):
        track(page, f"end {number}")
    collector.wait_for(lambda seen: {"end 0", "end 1"} <= set(seen.names()))

    counts = [post.body["dropped"] for post in collector.posts if "dropped" in post.body]
    assert counts == [{"full": 7}]
    tabs[0].wait_for_function("!localStorage['logdig:dropped']")


def test_counts_are_put_back_when_the_request_fails(open_page: OpenPage, collector: Collector) -> None:
    collector.answers = [Answer(503, {"Retry-After": "1"})]
    page = open_page(init="sessionStorage.seeded ||= localStorage['logdig:dropped'] = '{\"full\":7}'")
    track(page, "a")

    collector.wait_for(lambda seen: seen.names() == ["a"])

    assert [post.body.get("dropped") for post in collector.posts[:2]] == [{"full": 7}, {"full": 7}]


def test_counts_below_zero_cost_no_event(open_page: OpenPage, collector: Collector) -> None:
    page = open_page(init="sessionStorage.seeded ||= localStorage['logdig:dropped'] = '{\"full\":-7}'")
    track(page, "a", "b")

    collector.wait_for(lambda seen: seen.names() == ["a", "b"])

    assert [post.status for post in collector.posts] == [400, 202]
    assert "dropped" not in collector.posts[1].body


@pytest.mark.parametrize("field", ["sent_at", "tz_min", "tracker"])
def test_field_around_the_events_that_the_collector_refuses_is_left_out(
    open_page: OpenPage, collector: Collector, field: str
) -> None:
    detail = {"detail": f"{field} is no known field here; own fields go in custom.props"}
    collector.choose = lambda body: Answer(400, body=detail) if field in body else None
    page = open_page()
    track(page, "a", "b")
    collector.wait_for(lambda seen: seen.names() == ["a", "b"])
    track(page, "c")
    collector.wait_for(lambda seen: seen.names() == ["a", "b", "c"])

    assert [post.status for post in collector.posts] == [400, 202, 202]
    assert all("dropped" not in post.body for post in collector.posts)


def test_token_that_is_no_token_drops_no_event(open_page: OpenPage, collector: Collector) -> None:
    collector.answers = [Answer(400, body={"detail": "token must be text"})]
    page = open_page()
    track(page, "a")

    page.wait_for_function("JSON.parse(localStorage['logdig:hold'] || '{}').status == 400")

    wait_until_stored(page, 2)


def test_tag_of_an_element_is_cut_to_what_the_collector_takes(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    name = "a-" + "b" * 100
    page.evaluate(f"document.querySelector('#main').innerHTML = '<{name}>Long</{name}>'")
    page.click("text=Long")
    track(page, "end")

    collector.wait_for(lambda seen: seen.names() == ["end"])

    assert [event["element"]["tag"] for event in collector.of_type("click")] == [name[:64]]


def test_tag_without_a_token_is_one_warning(open_page: OpenPage, collector: Collector) -> None:
    with_init = open_page("no-token.html")
    quiet: list[str] = []
    with_init.on("console", lambda message: quiet.append(message.text))
    with_init.evaluate(START, ["pk_test", collector.url])
    page = open_page("no-token.html")
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    with page.expect_console_message():
        page.evaluate("logdig('track', 'lost')")

    collector.wait_for(lambda seen: seen.names() == ["pk_test"])

    assert messages == ["logdig: nothing is recorded: the tag has no data-token, and init was not called"]
    assert quiet == []
