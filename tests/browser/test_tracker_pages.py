"""Which pages a visitor saw, how far and how long each was read, and what followed a click."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.collector_stub import TOKEN, Collector, Server, site_handler
from tests.browser.conftest import BROWSERS, LAUNCH_ARGUMENTS, OpenPage

pytestmark = pytest.mark.browser

CLOCK = """let ahead = 0;
const now = performance.now.bind(performance);
performance.now = () => now() + ahead;
window.pass = (milliseconds) => (ahead += milliseconds);"""
"""Lets time pass for what the tracker measures, not for its timers."""
FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
"""Until the page was laid out, and what waits for that has run."""
LONG = "document.body.insertAdjacentHTML('beforeend', '<div style=\"height: 8000px\"></div>')"
GO = "(steps) => steps.forEach(([how, address, title]) => go(how, address, title))"


def pages(page: Page, collector: Collector, count: int) -> list[dict[str, Any]]:
    """Send what waits; give the page events once there are so many."""
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: len(seen.of_type("page")) >= count)
    found = collector.of_type("page")
    assert len(found) == count
    return found


def places(events: list[dict[str, Any]]) -> list[str]:
    """What follows the host in each event's page."""
    return ["/" + event["current_page"].split("/", 3)[3] for event in events]


def test_single_page_app_is_the_exact_list_of_its_pages(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("spa.html")
    page.click("#album")
    page.evaluate(GO, [["pushState", "album?sort=name#top", None], ["pushState", "album", None]])
    page.evaluate(GO, [["replaceState", "song", "Song"], ["replaceState", "song", "Song"]])
    page.evaluate("location.hash = 'part'")
    page.evaluate("history.go(-4)")
    page.wait_for_function("location.pathname == '/spa.html'")

    seen = pages(page, collector, 4)

    assert places(seen) == ["/spa.html", "/album", "/song", "/spa.html"]
    assert [event["load_count"] for event in seen] == [1, 2, 3, 4]
    assert len({event["page_view_id"] for event in seen}) == 4
    assert seen[1]["page"]["referrer"] == seen[0]["current_page"]
    assert seen[2]["page"]["title"] == "Song"
    click = collector.of_type("click")[0]
    assert click["page_view_id"] == seen[0]["page_view_id"]
    assert click["after"]["navigated_ms"] is not None


def test_changes_behind_the_hash_are_pages_only_when_asked_for(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("spa.html", attributes='data-hash="true"')
    page.wait_for_function("!Array.isArray(logdig.q)")
    collector.wait_for(lambda seen: len(seen.of_type("page")) == 1)
    page.evaluate("location.hash = '/album'")
    page.wait_for_function("location.hash == '#/album'")
    page.evaluate("location.hash = '/song?id=7&token=secret'")
    page.wait_for_timeout(100)

    seen = pages(page, collector, 3)

    assert places(seen) == ["/spa.html", "/spa.html#/album", "/spa.html#/song"]


@pytest.mark.parametrize(
    "visit",
    [
        "history.pushState({}, '', address); setTimeout(() => { document.title = address; done(); }, 20)",
        "document.title = address; history.pushState({}, '', address); setTimeout(done, 20)",
    ],
    ids=["address first", "title first"],
)
def test_title_is_that_of_its_own_page_when_pages_follow_soon(
    open_page: OpenPage, collector: Collector, visit: str
) -> None:
    page = open_page("spa.html")
    for address in ("album", "basket", "checkout"):
        page.evaluate(f"(address) => new Promise((done) => {{ {visit} }})", address)

    seen = pages(page, collector, 4)

    assert places(seen) == ["/spa.html", "/album", "/basket", "/checkout"]
    assert [event["page"]["title"] for event in seen] == ["Start", "album", "basket", "checkout"]


def test_pages_of_the_navigation_api_are_pages_each_with_its_title(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("spa.html")
    page.evaluate(
        """navigation.addEventListener('navigate', (event) => event.canIntercept && event.intercept({
            handler: async () => { document.title = 'At ' + new URL(event.destination.url).pathname; }
        }));
        document.body.insertAdjacentHTML('beforeend', '<a id="song" href="/song">Song</a>');"""
    )
    page.click("#song")
    page.wait_for_function("document.title == 'At /song'")
    page.click("#album")
    page.evaluate("navigation.navigate('/basket').finished.then(() => 0)")
    page.evaluate("navigation.back().finished.then(() => 0)")

    seen = pages(page, collector, 5)

    assert places(seen) == ["/spa.html", "/song", "/album", "/basket", "/album"]
    titles = [event["page"]["title"] for event in seen]
    assert [titles[0], titles[1], titles[3], titles[4]] == ["Start", "At /song", "At /basket", "At /album"]
    clicks = {event["element"]["selector"]: event for event in collector.of_type("click")}
    assert clicks["#album"]["page_view_id"] == seen[1]["page_view_id"]
    assert clicks["#song"]["after"]["navigated_ms"] is not None


def test_page_command_begins_a_new_view(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("spa.html")
    page.evaluate("logdig('page')")

    seen = pages(page, collector, 2)

    assert seen[0]["page_view_id"] != seen[1]["page_view_id"]


def test_page_is_a_new_view_when_it_comes_back_from_the_cache(chromium: Browser, collector: Collector) -> None:
    program = next(filter(None, map(shutil.which, BROWSERS)))
    browser = chromium.browser_type.launch(
        executable_path=program, args=LAUNCH_ARGUMENTS, ignore_default_args=["--disable-back-forward-cache"]
    )
    try:
        came_back(browser.new_context(), collector)
    finally:
        browser.close()


def came_back(context: BrowserContext, collector: Collector) -> None:
    """Leave a page that nothing keeps out of the cache, and come back to it."""
    values = {"endpoint": collector.url, "token": TOKEN, "attributes": ""}
    with Server(site_handler(values, {})) as site:
        collector.origins.add(site.url)
        page = context.new_page()
        page.goto(f"{site.url}/spa.html")
        collector.wait_for(lambda seen: len(seen.of_type("page")) == 1)
        page.evaluate("addEventListener('pageshow', (event) => (window.kept = event.persisted))")
        page.wait_for_function("!localStorage['logdig:hold']")
        page.goto(f"{site.url}/no-token.html")
        page.go_back(wait_until="commit")
        page.wait_for_function("window.kept")

        seen = pages(page, collector, 2)

        assert [event["load_count"] for event in seen] == [1, 2]
        assert [event["seq"] for event in collector.events] == [0, 1, 2]
        assert [event["type"] for event in collector.events] == ["page", "scroll", "page"]
        context.close()


def test_reading_is_told_as_running_totals_of_each_page_view(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    collector.wait_for(lambda seen: len(seen.of_type("page")) == 1)
    page.mouse.wheel(0, 800)
    page.wait_for_function("scrollY == 800")
    page.wait_for_timeout(500)
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    page.evaluate("dispatchEvent(new Event('pageshow'))")
    page.mouse.wheel(0, -500)
    page.wait_for_function("scrollY == 300")
    page.reload()
    collector.wait_for(lambda seen: len(seen.of_type("scroll")) == 2)

    totals = [event["scroll"] for event in collector.of_type("scroll")]

    assert len({event["page_view_id"] for event in collector.of_type("scroll")}) == 1
    assert [total["depth_px"] for total in totals] == [1500, 1500]
    assert [total["depth_share"] for total in totals] == [0.5, 0.5]
    assert 0 < totals[0]["engaged_ms"] <= totals[1]["engaged_ms"]


def depths(page: Page, collector: Collector, count: int) -> list[dict[str, Any]]:
    """Leave the page; give the totals of so many views."""
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    collector.wait_for(lambda seen: len(seen.of_type("scroll")) == count)
    return [event["scroll"] for event in collector.of_type("scroll")]


def test_depth_is_one_screen_of_the_whole_page_when_content_comes_late(
    open_page: OpenPage, collector: Collector
) -> None:
    page = open_page("spa.html", init=CLOCK)
    page.wait_for_function("!Array.isArray(logdig.q)")
    page.evaluate(FRAMES)
    page.evaluate("pass(1500)")
    page.evaluate(LONG)
    page.evaluate(FRAMES)
    height = page.evaluate("document.documentElement.scrollHeight")

    (total,) = depths(page, collector, 1)

    assert height > 8000
    assert total["depth_px"] == 700
    assert total["depth_share"] == pytest.approx(700 / height)


@pytest.mark.parametrize("still_ms", [0, 1500])
def test_depth_begins_anew_when_a_single_page_app_keeps_the_old_place(
    open_page: OpenPage, collector: Collector, still_ms: int
) -> None:
    page = open_page("spa.html", init=CLOCK)
    page.evaluate(LONG)
    page.evaluate(FRAMES)
    page.evaluate("pass(1500)")
    page.evaluate("scrollTo(0, 99999)")
    page.evaluate(FRAMES)
    page.evaluate("go('pushState', 'item')")
    page.evaluate("(time) => pass(time)", still_ms)
    page.evaluate(FRAMES)
    page.evaluate("scrollTo(0, 0)")
    page.evaluate(FRAMES)
    page.evaluate("pass(1500)")

    listed, item = depths(page, collector, 2)

    assert listed["depth_px"] > 8000
    assert item["depth_px"] == 700
    assert item["depth_share"] < 0.1


def test_depth_counts_at_once_when_the_visitor_scrolls(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("spa.html", init=CLOCK)
    page.evaluate(LONG)
    page.evaluate(FRAMES)
    page.evaluate("pass(1500)")
    page.evaluate("go('pushState', 'item')")
    page.evaluate(FRAMES)
    page.mouse.wheel(0, 500)
    page.wait_for_function("scrollY == 500")
    page.evaluate(FRAMES)

    assert [total["depth_px"] for total in depths(page, collector, 2)] == [700, 1200]


def test_time_in_which_nothing_is_seen_is_not_counted(open_page: OpenPage, collector: Collector) -> None:
    page = open_page(init=CLOCK)
    page.wait_for_function("!Array.isArray(logdig.q)")
    hidden = "(hidden) => { Object.defineProperty(document, 'hidden', {get: () => hidden, configurable: true});"
    page.evaluate(f"{hidden} document.dispatchEvent(new Event('visibilitychange')) }}", True)
    page.evaluate("pass(3_600_000)")
    page.evaluate(f"{hidden} document.dispatchEvent(new Event('visibilitychange')) }}", False)
    # An hour without a sign of life counts for two minutes.
    page.evaluate("pass(3_600_000)")
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    collector.wait_for(lambda seen: len(seen.of_type("scroll")) == 2)

    first, last = (event["scroll"]["engaged_ms"] for event in collector.of_type("scroll"))

    assert 120_000 <= last - first < 1_000_000


def test_click_tells_how_soon_something_followed(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.evaluate("buy.addEventListener('click', () => setTimeout(() => buy.append('!'), 100))")
    page.click("#buy")
    collector.wait_for(lambda seen: len(seen.of_type("click")) == 1)
    page.click("#fixed")
    collector.wait_for(lambda seen: len(seen.of_type("click")) == 2)
    page.evaluate("buy.addEventListener('click', () => scrollTo(0, 400))")
    page.click("#buy")
    collector.wait_for(lambda seen: len(seen.of_type("click")) == 3)

    acted, dead, scrolled = (click["after"] for click in collector.of_type("click"))

    assert 100 <= acted["mutation_ms"] < 2500
    assert (acted["scroll_ms"], acted["navigated_ms"]) == (None, None)
    effects = ("mutation_ms", "scroll_ms", "navigated_ms", "hidden_ms", "input_ms")
    assert dead == dict.fromkeys(effects) | {"watched_ms": 2500}
    assert scrolled["scroll_ms"] is not None


def test_click_that_leads_away_says_so(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.click("#next")
    collector.wait_for(lambda seen: len(seen.of_type("click")) == 1)

    assert collector.of_type("click")[0]["after"]["navigated_ms"] is not None


def test_page_version_is_the_same_until_what_can_be_used_changes(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("hashed.html")
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: len(seen.of_type("page")) == 1)
    page.evaluate("build()")
    page.reload()
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: len(seen.of_type("page")) == 2)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<a id=\"extra\" href=\"/new\">New</a>')")
    page.evaluate("logdig('page'); logdig('flush')")
    collector.wait_for(lambda seen: len(seen.of_type("page")) == 3)

    first, rebuilt, changed = (event["page_version"] for event in collector.of_type("page"))

    assert first == rebuilt
    assert changed != first
    # The mark by which a fingerprint is told from a release.
    assert {version[0] for version in (first, rebuilt, changed)} == {"~"}


def test_version_that_begins_like_a_fingerprint_is_one_warning_and_not_sent(
    open_page: OpenPage, collector: Collector
) -> None:
    messages: list[str] = []
    page = open_page()
    page.on("console", lambda message: messages.append(message.text))
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: len(seen.of_type("page")) == 1)
    with page.expect_console_message():
        page.evaluate("document.documentElement.dataset.logdigVersion = '~8'; logdig('page'); logdig('flush')")
    collector.wait_for(lambda seen: len(seen.of_type("page")) == 2)

    own, marked = (event["page_version"] for event in collector.of_type("page"))

    assert own == "7"
    assert marked.startswith("~")
    assert marked != "~8"
    assert messages == ['logdig: version is "~8", taken as none']


def test_mouse_is_followed_only_when_asked_for_and_within_its_budget(open_page: OpenPage, collector: Collector) -> None:
    page = open_page(attributes='data-move="true"')
    page.wait_for_function("performance.getEntriesByType('resource').some((one) => one.name.endsWith('.move.js'))")
    collector.wait_for(lambda seen: len(seen.of_type("page")) == 1)
    for step in range(12):
        page.mouse.move(20 + step * 40, 250)
        page.wait_for_timeout(110)
    page.reload()
    collector.wait_for(lambda seen: len(seen.of_type("move")) == 1)

    move = collector.of_type("move")[0]["move"]

    assert "#buy" in move["anchors"]
    assert 3 <= len(move["points"]) <= 12
    ages = [point[3] for point in move["points"]]
    assert ages == sorted(ages)
    assert max(point[0] for point in move["points"]) < len(move["anchors"])


def test_prerendered_page_is_recorded_from_when_it_is_shown(open_page: OpenPage, collector: Collector) -> None:
    page = open_page(init="Object.defineProperty(document, 'prerendering', {value: true, configurable: true})")
    page.evaluate("logdig('track', 'hidden'); logdig('page'); logdig('flush')")
    assert page.evaluate("Object.keys(localStorage)") == []

    page.evaluate("delete document.prerendering; document.dispatchEvent(new Event('prerenderingchange'))")
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: len(seen.acts) == 3)

    assert [event["type"] for event in collector.acts] == ["page", "custom", "page"]
    assert [event["load_count"] for event in collector.acts] == [1, 1, 2]


def test_age_of_a_page_view_stays_within_what_the_collector_takes(open_page: OpenPage, collector: Collector) -> None:
    page = open_page(
        init="const now = performance.now; performance.now = () => now.call(performance) + (window.later || 0)"
    )
    page.evaluate("window.later = 31 * 86_400_000; logdig('track', 'late'); logdig('flush')")

    collector.wait_for(lambda seen: seen.names() == ["late"])

    assert collector.events[-1]["spent_milli_sec"] == 30 * 86_400_000
