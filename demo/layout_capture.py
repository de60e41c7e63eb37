"""Open the demo's site in Chromium, let the tracker say what its elements are called, and capture where they lie.

Elements are found and measured by what captures the pictures of pages, `infra.local.page_scripts`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Route

from demo.browser_visits import LOADED
from demo.browser_visits import wait_until as wait
from demo.layout import EARLIER, EARLIER_RELEASE, RELEASE, Layout, PageLayout, PlacedElement, Screen
from demo.server import Site, read_page
from demo.visitors import VIEWPORTS
from infra.local.page_scripts import SCROLL, describe_script

TARGETS = "[data-logdig-id], h1, h2, h3, .lead, .cover, .price, .notes p"
"""What visitors click: buttons and links, and texts and pictures although nothing happens."""
FILES = {"index.html": "/", "album.html": "/album.html", "offer.html": "/offer.html"}
"""Pages by file, as tables name them."""
STILL = """document.addEventListener("click", (event) => {
  event.preventDefault();
  event.stopPropagation();
}, true);"""
"""The tracker's listener on the window comes first; the page itself must not see the clicks."""
ENDPOINT = "http://127.0.0.1:9"
"""Nobody listens there; what pages send is caught before."""


def capture(browser: Browser, windows: Sequence[tuple[int, int]] = VIEWPORTS) -> Layout:
    """Open every page at every width of the demo's visitors and click each of its elements once.

    Args:
        browser: Started by `infra.local.chromium.open_chromium`.
        windows: Widths and heights.
    """
    with Site(0, "pk_layout", ENDPOINT) as site:
        layouts = [
            _page_layout(browser, f"{site.url}/{file}", file, release, windows)
            for file in FILES
            for release in ((EARLIER_RELEASE, RELEASE) if file in EARLIER else (EARLIER_RELEASE,))
        ]
    return Layout(tuple(layouts))


def _page_layout(
    browser: Browser, address: str, file: str, release: str, windows: Sequence[tuple[int, int]]
) -> PageLayout:
    screens: list[Screen] = []
    elements: dict[str, PlacedElement] = {}
    title = ""
    for width, height in sorted(windows, reverse=True):
        context = browser.new_context(viewport={"width": width, "height": height})
        page = _open(context, address, file, release)
        title = page.title()
        screens.append(Screen(width, height, int(page.evaluate("document.documentElement.scrollHeight"))))
        for found in _elements(page):
            first = elements.setdefault(found.selector, found)
            first.boxes[str(width)] = found.boxes[str(width)]
        context.close()
    ordered = sorted(elements.values(), key=lambda element: element.boxes[max(element.boxes, key=int)][1::-1])
    return PageLayout(FILES[file], file, title, release, tuple(screens), tuple(ordered))


def _open(context: BrowserContext, address: str, file: str, release: str) -> Page:
    """Open a page as it was in a release; its clicks are recorded and do nothing."""

    def earlier(route: Route) -> None:
        content, kind = read_page(file, {"token": "pk_layout", "endpoint": ENDPOINT}) or (b"", "")
        now, before = EARLIER[file]
        text = content.decode()
        if text.count(now) != 1:
            raise LookupError(f"{file} has not once what the earlier release had not: {now}")
        route.fulfill(body=text.replace(now, before), content_type=kind)

    context.add_init_script(STILL)
    if release == EARLIER_RELEASE and file in EARLIER:
        context.route(f"**/{file}", earlier)
    page = context.new_page()
    page.goto(address)
    wait(page, lambda: bool(page.evaluate(LOADED)), LOADED)
    return page


def _elements(page: Page) -> Iterator[PlacedElement]:
    """Click each target and describe the element that the tracker names."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    named = {event["element"]["selector"]: event for event in reversed(_clicks(page))}
    # Fixed parts lie where they are before anybody scrolls.
    page.evaluate(SCROLL, 0)
    pairs = [[selector, event["link"]] for selector, event in reversed(named.items())]
    for (selector, link), found in zip(pairs, page.evaluate(describe_script(), [pairs, []])["found"], strict=True):
        if found is None:
            raise LookupError(f"{page.url}: {selector} does not find its element")
        path = urlsplit(link).path if link and link.startswith("http") else None
        called = None if path else link
        fixed = named[selector]["element"]["fixed"]
        left, top, across, down = map(float, found["box"])
        boxes = {str(width): (left, top, across, down)}
        yield PlacedElement(selector, found["tag"], found["role"], found["name"], fixed, boxes, path, called)


def _clicks(page: Page) -> Sequence[dict[str, Any]]:
    """Click every visible target in its middle and return what the tracker sends of it."""
    sent: list[dict[str, Any]] = []

    def answer(route: Route) -> None:
        events = json.loads(route.request.post_data_buffer or b"{}").get("events", [])
        sent.extend(event for event in events if event["type"] == "click")
        body = json.dumps({"accepted": len(events), "duplicates": 0, "rejected": []})
        headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"}
        route.fulfill(status=202, body=body, headers=headers)

    page.route(f"{ENDPOINT}/**", answer)
    clicked = 0
    for target in page.locator(TARGETS).all():
        target.scroll_into_view_if_needed()
        box = target.bounding_box()
        if box is None:
            continue
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        clicked += 1

    def all_came() -> bool:
        page.evaluate("window.logdig('flush')")
        return len({event["event_id"] for event in sent}) == clicked

    wait(page, all_came, f"{clicked} clicks")
    return list({event["event_id"]: event for event in sent}.values())
