"""The tracker never harms a page, whatever the page has done to the browser, and the page's policy forbids."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from tests.browser.collector_stub import DIST, Answer, Collector
from tests.browser.conftest import OpenPage
from tests.browser.node import run

pytestmark = pytest.mark.browser


def test_hostile_page_works_shows_no_error_and_is_recorded(open_page: OpenPage, collector: Collector) -> None:
    policy = f"default-src 'none'; script-src 'self'; img-src data:; connect-src {collector.url}"
    page = open_page("hostile.html", headers={"Content-Security-Policy": policy})
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))

    page.click("#buy")
    page.click("#send")
    page.evaluate("history.pushState({}, '', 'other')")
    page.evaluate("logdig('track', 'props', {list: 1, text: 'a\"b'}); logdig('flush')")
    collector.wait_for(lambda seen: seen.names() == ["props"])

    kinds = ["page", "click", "click", "submit", "scroll", "page", "custom"]
    assert [event["type"] for event in collector.events] == kinds
    assert [event["seq"] for event in collector.events] == list(range(7))
    assert collector.events[-1]["custom"]["props"] == {"list": 1, "text": 'a"b'}
    assert page.text_content("#works") == "clicked clicked sent "
    assert messages == []


def test_keys_are_whole_when_a_library_has_an_array_from_of_its_own(open_page: OpenPage, collector: Collector) -> None:
    page = open_page(init="Array.from = (list) => Array.prototype.slice.call(list)")
    page.evaluate("logdig('flush')")

    collector.wait_for(lambda seen: seen.of_type("page") != [])

    event = collector.events[0]
    lengths = {name: len(event[name]) for name in ("user_key", "session_id", "page_view_id", "event_id")}
    assert lengths == {"user_key": 20, "session_id": 20, "page_view_id": 20, "event_id": 22}


def test_clicks_and_pages_are_recorded_when_forms_and_fields_have_names_that_scripts_use(
    open_page: OpenPage, collector: Collector
) -> None:
    page = open_page("named.html")
    page.click("text=Second")
    page.click("text=Book")
    page.evaluate("logdig('flush')")

    collector.wait_for(lambda seen: len(seen.of_type("submit")) == 1)

    assert len(collector.of_type("page")) == 1
    clicked = [event["element"]["selector"] for event in collector.of_type("click")]
    (sent,) = collector.of_type("submit")
    found = "one => [...document.querySelectorAll(one)].map((it) => it.getAttribute('id') || it.textContent)"
    assert [page.evaluate(found, one) for one in clicked] == [["Second"], ["Book"]]
    assert page.evaluate(found, sent["element"]["selector"]) == ["booking"]


@pytest.mark.parametrize(
    "missing", ["navigator.locks", "navigator.sendBeacon", "window.CSS", "window.MutationObserver"]
)
def test_page_works_in_a_browser_that_lacks_something(open_page: OpenPage, collector: Collector, missing: str) -> None:
    owner, name = missing.split(".")
    page = open_page(init=f"Object.defineProperty({owner}, '{name}', {{value: undefined}})")

    page.click("#buy")
    page.evaluate("logdig('track', 'still'); logdig('flush')")

    collector.wait_for(lambda seen: seen.names() == ["still"])
    assert collector.of_type("page") != []


def test_values_that_no_json_holds_harm_no_neighbour(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.evaluate("logdig('track', 'odd', {nan: NaN, big: 7n, none: undefined, work: () => 1})")
    page.evaluate("const ring = {}; ring.ring = ring; logdig('track', 'ring', ring)")
    page.evaluate("const props = {level: 1}; logdig('track', 'then', props); props.level = 2; logdig('flush')")

    collector.wait_for(lambda seen: seen.names() == ["odd", "then"])

    odd, then = (event["custom"]["props"] for event in collector.of_type("custom"))
    assert odd == {"nan": None, "big": 7, "work": None}
    assert then == {"level": 1}
    assert [text.startswith("logdig: track") for text in messages] == [True]


def test_module_build_does_the_same_and_knows_its_parts(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("module.html")
    page.wait_for_function("window.answer")
    page.wait_for_function("['red', 'blue'].includes(document.title)")
    page.close()

    collector.wait_for(lambda seen: seen.names() == ["before"] and len(seen.of_type("page")) == 1)
    assert collector.events[0]["sample_rate"] == 1


@pytest.mark.parametrize("change", ["Object.freeze(history)", "window.URL = '/api'", "window.console = {}"])
def test_page_is_recorded_when_it_hides_what_scripts_use(
    open_page: OpenPage, collector: Collector, change: str
) -> None:
    page = open_page(init=change)
    page.click("#buy")
    page.evaluate("logdig('trak'); logdig('track', 'still'); logdig('flush')")

    collector.wait_for(lambda seen: seen.names() == ["still"])

    assert [event["type"] for event in collector.events] == ["page", "click", "custom"]
    assert collector.events[0]["current_page"] == page.url


def came(name: str) -> Callable[[Collector], bool]:
    """Whether an event of this name has come."""
    return lambda seen: name in seen.names()


def used_globals() -> list[str]:
    """Names of all globals that the built files use, by themselves or by their lists of those to take intact."""
    files = sorted(path for path in DIST.iterdir() if path.suffix in (".js", ".mjs"))
    named = run("node", "globals.mjs", *map(str, files))
    assert named.returncode == 0, named.stderr
    names = set(json.loads(named.stdout))
    for path in files:
        lists = re.findall(r'"([\w,]+)"\.split\(","\)', path.read_text("utf-8"))
        names |= {name for listed in lists for name in listed.split(",")}
    assert "webkitURL" in names
    return sorted({*names, "URL"})


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("plant", ["var NAME = '/app/'", "window.NAME = {}", "let NAME = 7"])
def test_events_are_sent_when_the_page_has_a_variable_called_like_a_global_of_the_script(
    open_page: OpenPage, collector: Collector, plant: str
) -> None:
    names = used_globals()
    assert len(names) > 25
    collector.decision = Answer(200, body={"decision": "suppress"})

    pages = {
        name: open_page(
            "globals.html",
            attributes='data-consent="all" data-sample-rate="1" data-move="true"',
            values={"plant": plant.replace("NAME", name), "name": name},
        )
        for name in names
    }
    for page in pages.values():
        page.mouse.move(30, 30)
        page.mouse.click(30, 30)
        page.close()

    for name in names:
        collector.wait_for(came(name), name)
    assert len({event["current_page"] for event in collector.of_type("page")}) == len(names)
