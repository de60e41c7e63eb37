"""What follows a click, beside changes of the page's content, and for how long that was watched."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.collector_stub import Collector
from tests.browser.conftest import OpenPage, flush

pytestmark = pytest.mark.browser

WATCHED_MS = 2500
NOTHING = dict.fromkeys(["mutation_ms", "scroll_ms", "navigated_ms", "hidden_ms", "input_ms"]) | {
    "watched_ms": WATCHED_MS
}
EFFECTS = {
    "#check": "input_ms",
    "#terms": "input_ms",
    "#radio": "input_ms",
    "#choose": "input_ms",
    "#field": "input_ms",
    "#named": "input_ms",
    "#editable": "input_ms",
    "#copy": "input_ms",
    "#cut": "input_ms",
    "#mark": "input_ms",
    "#hint": "input_ms",
    "#blank": "hidden_ms",
    "#load": "hidden_ms",
    "#write": "hidden_ms",
    "#upload": "hidden_ms",
    "#attach": "hidden_ms",
    "#host >>> #shadow": "mutation_ms",
    "#down": "scroll_ms",
}
DEAD = ["#dead", "#void", "#canvas"]


def clicks(collector: Collector) -> dict[str, dict[str, Any]]:
    """What came after each click, by its selector."""
    return {event["element"]["selector"]: event["after"] for event in collector.of_type("click")}


def click_each(open_page: OpenPage, collector: Collector, selectors: list[str]) -> dict[str, dict[str, Any]]:
    """Click each control in a tab of its own, since an effect counts for all clicks before it."""
    for selector in selectors:
        page = open_page("effects.html")
        box = page.locator(selector.split(" >>> ")[-1]).bounding_box()
        assert box
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    collector.wait_for(lambda seen: len(seen.of_type("click")) == len(selectors))
    return clicks(collector)


def test_click_tells_its_effect_when_the_content_does_not_show_it(open_page: OpenPage, collector: Collector) -> None:
    after = click_each(open_page, collector, list(EFFECTS))

    assert sorted(after) == sorted(EFFECTS)
    assert {selector: effect for selector, effect in EFFECTS.items() if after[selector][effect] is None} == {}


def test_click_has_no_effect_when_its_control_is_dead(open_page: OpenPage, collector: Collector) -> None:
    assert click_each(open_page, collector, DEAD) == dict.fromkeys(DEAD, NOTHING)


def test_click_on_a_link_leads_out_when_a_key_opens_it_in_a_tab(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("effects.html")
    page.click("#tab", modifiers=["Control"])
    collector.wait_for(lambda seen: len(seen.of_type("click")) == 1)

    assert clicks(collector)["#tab"]["hidden_ms"] == 0


def test_click_tells_when_the_window_lost_the_focus(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("effects.html")
    page.click("#dead")
    page.evaluate("document.querySelector('#field').dispatchEvent(new Event('blur'))")
    page.evaluate("dispatchEvent(new Event('blur'))")
    collector.wait_for(lambda seen: len(seen.of_type("click")) == 1)

    assert clicks(collector)["#dead"]["hidden_ms"] is not None


def test_click_tells_when_it_opened_another_window(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("effects.html")
    page.context.new_cdp_session(page).send("Emulation.setFocusEmulationEnabled", {"enabled": False})
    page.bring_to_front()
    page.click("#popup")
    collector.wait_for(lambda seen: len(seen.of_type("click")) == 1)

    assert clicks(collector)["#popup"]["hidden_ms"] is not None


@pytest.mark.parametrize("act", ["logdig('flush')", "logdig('consent', {ads: true}); logdig('flush')"])
def test_click_tells_how_long_it_was_watched_when_a_command_stores_it_early(
    open_page: OpenPage, collector: Collector, act: str
) -> None:
    page = open_page("effects.html")
    ready = "performance.getEntriesByType('resource').some(({name}) => name.endsWith('.effects.js'))"
    page.keyboard.press("Shift")
    page.wait_for_function(ready)
    page.click("#dead")
    page.evaluate(act)
    collector.wait_for(lambda seen: len(seen.of_type("click")) == 1)

    assert 0 <= clicks(collector)["#dead"]["watched_ms"] < WATCHED_MS


def test_click_is_hidden_and_watched_until_then_when_the_page_hides(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("effects.html")
    page.click("#dead")
    hide(page)
    collector.wait_for(lambda seen: len(seen.of_type("click")) == 1)

    after = clicks(collector)["#dead"]

    assert 0 <= after["hidden_ms"] < WATCHED_MS
    assert after.get("watched_ms", 0) < WATCHED_MS


def hide(page: Page) -> None:
    """Let the page believe that it is in the background."""
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true, configurable: true})")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_click_does_not_say_it_was_watched_when_the_part_cannot_be_loaded(
    open_page: OpenPage, collector: Collector
) -> None:
    page = open_page("spa.html")
    page.route("**/clicktracker.effects.js", lambda route: route.abort())
    page.click("#album")

    (click,) = [event for event in flush(page, collector, events=3) if event["type"] == "click"]

    assert click["after"]["navigated_ms"] is not None
    assert "watched_ms" not in click["after"]
