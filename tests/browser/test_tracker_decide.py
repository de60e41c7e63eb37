"""`decide` gives the page one answer, in time, whatever happens."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.collector_stub import ROOT, Answer, Collector
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser

SHOW = {"decision_id": "d-1", "decision": "show", "ad": "ADV_REDUCED_1DAY", "reason": "offer", "ttl_s": 300}
ALL = 'data-consent="all"'


def decide(page: Page) -> dict[str, Any]:
    """Ask, and give the one answer."""
    page.evaluate("window.answers = []; logdig('decide', 'before-song', (answer) => answers.push(answer))")
    page.wait_for_function("answers.length")
    # Timers end in their order, so by then the tracker's own has ended.
    page.evaluate("new Promise((resolve) => setTimeout(resolve, 1200))")
    answers: list[dict[str, Any]] = page.evaluate("answers")
    assert len(answers) == 1
    return answers[0]


def test_decide_asks_about_the_visitor_and_hands_on_the_answer(open_page: OpenPage, collector: Collector) -> None:
    collector.decision = Answer(200, body=SHOW)
    page = open_page(attributes=ALL)
    page.evaluate("logdig('identify', 7)")

    answer = decide(page)

    assert answer == SHOW
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: len(seen.events) == 2)
    question = next(post.body for post in collector.posts if post.path == "/v1/decide")
    assert question == {
        "token": "pk_test",
        "user_key": collector.events[0]["user_key"],
        "customer_id": "7",
        "placement": "before-song",
        "consent": {"analytics": True, "ads": True},
    }


def test_decide_asks_nobody_when_ads_are_not_agreed_to(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()

    answer = decide(page)

    assert (answer["decision"], answer["reason"]) == ("suppress", "no_consent")
    assert [post.path for post in collector.posts if post.path == "/v1/decide"] == []


@pytest.mark.parametrize(
    "failure, reason",
    [
        (Answer(503), "unavailable"),
        (Answer(0, reset=True), "unavailable"),
        (Answer(200, body=SHOW, hang_seconds=5), "timeout"),
    ],
)
def test_decide_answers_suppress_when_the_service_does_not(
    open_page: OpenPage, collector: Collector, failure: Answer, reason: str
) -> None:
    collector.decision = failure
    page = open_page(attributes=ALL)

    answer = decide(page)

    assert (answer["decision"], answer["reason"]) == ("suppress", reason)


def test_decide_asks_the_decision_service_when_it_has_an_address_of_its_own(open_page: OpenPage) -> None:
    page = open_page(attributes=f'{ALL} data-decide-endpoint="https://decide.example/"')
    anywhere = {"Access-Control-Allow-Origin": "*"}
    page.route("https://decide.example/v1/decide", lambda route: route.fulfill(json=SHOW, headers=anywhere))

    assert decide(page) == SHOW


def test_decide_answers_suppress_when_its_part_cannot_be_loaded(open_page: OpenPage) -> None:
    page = open_page(attributes=ALL)
    page.route("**/clicktracker.decide.js", lambda route: route.abort())

    assert decide(page)["decision"] == "suppress"


def test_decide_works_under_a_policy_that_names_only_the_site_and_the_collector(
    open_page: OpenPage, collector: Collector
) -> None:
    collector.decision = Answer(200, body=SHOW)
    policy = f"default-src 'self'; connect-src {collector.url}"
    page = open_page("strict.html", attributes=ALL, headers={"Content-Security-Policy": policy})

    # This policy forbids what wait_for_function does.
    assert page.evaluate("new Promise((resolve) => logdig('decide', 'before-song', resolve))") == SHOW
    collector.wait_for(lambda seen: len(seen.of_type("page")) == 1)


def test_decide_without_a_callback_is_one_warning(open_page: OpenPage) -> None:
    page = open_page()
    with page.expect_console_message() as message:
        page.evaluate("logdig('decide', 'before-song')")

    assert message.value.text.startswith("logdig: decide TypeError")


SNIPPET = re.search(r"```html\n(<script>.*?</script>)\n", (ROOT / "docs" / "tracker.md").read_text("utf-8"), re.DOTALL)
ASK = """
  window.answers = [];
  window.asked = performance.now();
  logdig('decide', 'before-song', (answer) => answers.push([answer.decision, performance.now() - asked]));
"""


def answers(page: Page) -> list[list[Any]]:
    """Wait for an answer and for what else could come."""
    page.wait_for_function("answers.length")
    page.evaluate("new Promise((resolve) => setTimeout(resolve, 1200))")
    found: list[list[Any]] = page.evaluate("answers")
    return found


@pytest.mark.parametrize("blocked", ["**/clicktracker*", "**/clicktracker.*.js"])
def test_stub_of_the_docs_answers_once_when_the_script_or_its_parts_are_blocked(
    open_page: OpenPage, context: BrowserContext, blocked: str
) -> None:
    assert SNIPPET
    context.route(blocked, lambda route: route.abort())

    page = open_page("song.html", attributes=ALL + ' data-sample-rate="1"', values={"stub": SNIPPET[1], "ask": ASK})
    (answer,) = answers(page)

    assert answer[0] == "suppress"
    assert answer[1] >= 900


def test_stub_of_the_docs_hands_on_the_service_s_answer_once(open_page: OpenPage, collector: Collector) -> None:
    assert SNIPPET
    collector.decision = Answer(200, body=SHOW)

    page = open_page("song.html", attributes=ALL, values={"stub": SNIPPET[1], "ask": ASK})

    assert [answer[0] for answer in answers(page)] == ["show"]


def test_decide_answers_once_when_it_is_asked_while_a_blocked_part_keeps_the_script_from_starting(
    open_page: OpenPage, context: BrowserContext
) -> None:
    context.route("**/clicktracker.options.js", lambda route: route.abort())
    page = open_page(attributes='data-sample-rate="1"')
    page.wait_for_function("!Array.isArray(logdig.q)")

    page.evaluate(ASK)
    (answer,) = answers(page)

    assert answer[0] == "suppress"


def test_script_and_parts_are_found_under_a_name_of_the_owner_s(open_page: OpenPage, collector: Collector) -> None:
    collector.decision = Answer(200, body=SHOW)
    page = open_page("renamed.html", attributes=ALL + ' data-sample-rate="1"')

    assert page.evaluate("new Promise((resolve) => logdig('decide', 'before-song', resolve))") == SHOW
    names = page.evaluate("performance.getEntriesByType('resource').map(({name}) => name.split('/').pop())")
    assert {"mine.js?v=3", "mine.options.js", "mine.decide.js"} <= set(names)
    assert not [name for name in names if "clicktracker" in name.lower()]
    collector.wait_for(lambda seen: len(seen.of_type("page")) == 1)


def test_script_of_2016_finds_the_parts_of_today(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("renamed.html", attributes=ALL, values={"file": "clickTracker.js"})

    assert decide(page)["reason"]
    names = page.evaluate("performance.getEntriesByType('resource').map(({name}) => name.split('/').pop())")
    assert "clicktracker.decide.js" in names
