"""Selectors and places of clicks on pages that are hard to describe, found again after the page has changed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.collector_stub import Collector
from tests.browser.conftest import OpenPage, flush

pytestmark = pytest.mark.browser

LOST = {"none": [], "banner": ["bare button"], "portal": [], "header": [], "rerender": []}
"""What each change of the test page makes ambiguous; nothing may be taken for something else."""
TARGETS = [
    "bare link", "bare button", "minified", "utility", "heading", "contents", "placed elsewhere",
    "field", "field with brackets", "radio", "type", "form button", "in the shadow",
]  # fmt: skip
"""Elements of the test page that a click in their middle is anchored at."""
MATCHES = "selector => resolve(selector).map((found) => found.dataset.target)"
POINT = """({selector, ex, ey}) => {
  const {left, top, width, height} = resolve(selector)[0].getBoundingClientRect();
  return [left + (width * ex) / 32767, top + (height * ey) / 32767];
}"""
BOX = "(target) => (({left, top, width, height}) => [left, top, width, height])(target.getBoundingClientRect())"


def click(page: Page, name: str, offset: tuple[float, float] | None = None) -> tuple[float, float]:
    """Click at this offset from an element's corner, or in its middle; give the place in the viewport."""
    target = page.locator(f'[data-target="{name}"]').last
    target.scroll_into_view_if_needed()
    left, top, width, height = target.evaluate(BOX)
    right, down = offset or (width / 2, height / 2)
    place = (round(left + right), round(top + down))
    page.mouse.click(*place)
    return place


def last_element(page: Page, collector: Collector, clicks: int = 1) -> dict[str, Any]:
    """The element of the latest of so many clicks."""
    page.evaluate("logdig('flush')")
    collector.wait_for(lambda seen: len(seen.of_type("click")) == clicks)
    element: dict[str, Any] = collector.of_type("click")[-1]["element"]
    return element


@pytest.mark.parametrize("change", LOST)
def test_selector_finds_the_same_element_or_none_when_the_page_changes(
    open_page: OpenPage, collector: Collector, change: str
) -> None:
    page = open_page("hard.html")
    for name in TARGETS:
        click(page, name)
    selectors = [event["element"]["selector"] for event in flush(page, collector, events=1 + len(TARGETS))[1:]]
    page.evaluate("(change) => changes[change]()", change)

    found = [page.evaluate(MATCHES, selector) for selector in selectors]

    assert all(len(re.split(" >>> | > | ", selector)) <= 8 for selector in selectors)
    unlike = {name: matches for name, matches in zip(TARGETS, found, strict=True) if matches != [name]}
    assert list(unlike) == LOST[change]
    assert all(len(matches) != 1 for matches in unlike.values())


@pytest.mark.parametrize(
    ("target", "offset"),
    [
        ("image", (250, 125)),
        ("card", (200, 110)),
        ("around", (25, 30)),
        ("contents", None),
        ("placed elsewhere", None),
        ("in the shadow", (3, 4)),
    ],
)
def test_click_lies_where_it_was_made_when_the_box_of_its_link_is_elsewhere(
    open_page: OpenPage, collector: Collector, target: str, offset: tuple[float, float] | None
) -> None:
    page = open_page("hard.html")
    place = click(page, target, offset)

    element = last_element(page, collector)

    assert page.evaluate(MATCHES, element["selector"]) == [target]
    assert page.evaluate(POINT, element) == pytest.approx(place, abs=1)


def test_link_of_an_image_map_is_kept_when_its_image_is_the_anchor(open_page: OpenPage, collector: Collector) -> None:
    page = open_page("hard.html")
    click(page, "image", (250, 125))

    last_element(page, collector)

    assert collector.of_type("click")[0]["link"].endswith("/kitchen")


def test_selector_names_a_field_when_it_has_a_name_or_a_type_of_its_own(
    open_page: OpenPage, collector: Collector
) -> None:
    page = open_page("hard.html")
    names = ["field", "field with brackets", "radio", "type"]
    for name in names:
        click(page, name)

    selectors = [event["element"]["selector"] for event in flush(page, collector, events=5)[1:]]

    parts = ['[name="given-name"]', r'[name="user\[email\]"]', '[name="size"]', '[type="search"]']
    assert [part in selector for part, selector in zip(parts, selectors, strict=True)] == [True] * 4


@pytest.mark.parametrize("name", ["n11111", "n12121", "n21212", "n22222", "n22112", "n22"])
def test_selector_matches_one_element_when_it_cannot_name_all_steps(
    open_page: OpenPage, collector: Collector, name: str
) -> None:
    page = open_page("thread.html")
    page.get_by_text(name, exact=True).click()

    selector = last_element(page, collector)["selector"]

    assert page.locator(selector).all_text_contents() == [name]
    assert len(re.split(" > | ", selector)) <= 8


def test_selector_is_left_out_when_eight_steps_match_other_elements_too(
    open_page: OpenPage, collector: Collector
) -> None:
    page = open_page("thread.html")
    page.get_by_text("n2212", exact=True).click()

    assert last_element(page, collector)["selector"] is None


def test_selector_finds_nothing_when_the_dialog_put_into_the_body_is_gone(
    open_page: OpenPage, collector: Collector
) -> None:
    page = open_page()
    page.evaluate("document.body.innerHTML = '<div id=\"app-1\"><div><button>Menu</button></div></div>'")
    page.evaluate("document.body.insertAdjacentHTML('afterbegin', '<div><div><button>Close</button></div></div>')")
    page.click("text=Close")

    selector = last_element(page, collector)["selector"]

    assert page.locator(selector).all_text_contents() == ["Close"]
    page.evaluate("document.body.firstElementChild.remove()")
    assert page.locator(selector).count() == 0


def test_selector_finds_the_same_entry_when_a_feed_with_ids_has_grown(
    open_page: OpenPage, collector: Collector
) -> None:
    page = open_page("feed.html")
    page.click("text=Like 3")

    selector = last_element(page, collector)["selector"]

    assert selector == '[data-logdig-id="post-3"] button[data-logdig-id="like"]'
    page.evaluate("grow(); grow()")
    assert page.locator(selector).all_text_contents() == ["Like 3"]


def test_selector_begins_at_what_is_unique_when_there_is_no_landmark(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.evaluate("document.body.id = 'home'")
    body = '<div><p>News</p></div><div><div class="price-list flex"><p><button>Buy</button></p></div></div>'
    page.evaluate("(body) => (document.body.innerHTML = body)", body)
    page.click("text=Buy")

    assert last_element(page, collector)["selector"] == ".price-list > p > button"


def test_tag_of_a_click_is_cut_to_what_the_collector_takes(open_page: OpenPage, collector: Collector) -> None:
    page = open_page()
    page.evaluate("(tag) => document.body.prepend(document.createElement(tag))", "shop-" + "x" * 100)
    page.evaluate("document.body.firstElementChild.textContent = 'Long'")
    page.click("text=Long")

    assert last_element(page, collector)["tag"] == "shop-" + "x" * 59
