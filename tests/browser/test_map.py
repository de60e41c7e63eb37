"""Clicks of real visitors go the whole way: tracker, selector, cell, layout, point on the picture."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from infra.local import page_capture
from infra.local.page_scripts import describe_script
from logdig.errors import LogDigError
from tests.browser.collector_stub import TOKEN, Collector, Server, collector_handler, site_handler
from tests.browser.map_clicks import (
    CAPTURED,
    LATE,
    TARGETS,
    WINDOWS,
    Click,
    by_scroll_size,
    by_viewport,
    capture,
    click_targets,
    drawn,
    percentile,
    share,
    visible,
)
from tests.unit.questions.brute import cell

pytestmark = pytest.mark.browser


class Site:
    """The hard page with its collector, and the clicks of one visitor at each width."""

    def __init__(self, browser: Browser, servers: ExitStack) -> None:
        self.browser, self.collector = browser, Collector()
        self.collector.url = servers.enter_context(Server(collector_handler(self.collector))).url
        values = {"endpoint": self.collector.url, "token": TOKEN, "attributes": ""}
        self.url = servers.enter_context(Server(site_handler(values, {}))).url
        self.collector.origins.add(self.url)

    def clicks(self, query: str, windows: Any = WINDOWS) -> list[Click]:
        return [click for window in windows for click in self._visit(query, *window)]

    def _visit(self, query: str, width: int, height: int, ratio: float) -> list[Click]:
        context = self.browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=ratio)
        page = context.new_page()
        page.goto(f"{self.url}/map.html{query}")
        page.wait_for_selector(LATE)
        before = len(self.collector.of_type("click"))

        def flush(count: int) -> list[dict[str, Any]]:
            page.evaluate("logdig('flush')")
            self.collector.wait_for(lambda seen: len(seen.of_type("click")) >= before + count)
            return sorted(self.collector.of_type("click")[before:], key=lambda event: event["seq"])

        found = click_targets(page, width, list(page.evaluate(TARGETS)), flush)
        context.close()
        return found


@pytest.fixture(scope="module")
def site(chromium: Browser) -> Iterator[Site]:
    with ExitStack() as servers:
        yield Site(chromium, servers)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test page needs no time while it is scrolled through."""
    monkeypatch.setattr(page_capture, "STEP_MS", 20)
    monkeypatch.setattr(page_capture, "CLICK_MS", 500)


@pytest.fixture(scope="module")
def clicks(site: Site) -> list[Click]:
    return site.clicks("")


def test_clicks_of_five_widths_lie_in_their_elements_on_every_picture(site: Site, clicks: list[Click]) -> None:
    for width in (CAPTURED[0], CAPTURED[-1]):
        truth = capture(site.browser, f"{site.url}/map.html", clicks, width)
        found, account = drawn(clicks, truth)
        seen = visible(found, truth)
        placed = [one for one in seen if one.point]

        assert account.total == len(clicks)
        assert account.hidden == len(clicks) - len(seen)
        assert share([one.point is not None for one in seen]) >= 0.95
        assert share([one.right for one in placed]) >= 0.99
        errors = [one.error for one in placed if one.click.width == width]
        assert percentile(errors, 0.5) <= 8
        assert percentile(errors, 0.95) <= 16
        for others in (by_viewport(clicks, truth), by_scroll_size(clicks, truth)):
            assert share([one.right for one in visible(others, truth)]) < share([one.right for one in placed])


def test_clicks_follow_their_elements_when_the_page_has_changed_since(site: Site, clicks: list[Click]) -> None:
    truth = capture(site.browser, f"{site.url}/map.html?changed", clicks, 1440)
    found, account = drawn(clicks, truth)
    seen = visible(found, truth)

    assert account.total == len(clicks)
    assert share([one.point is not None for one in seen]) >= 0.95
    assert share([one.right for one in seen if one.point]) >= 0.99


@pytest.mark.full
def test_clicks_of_a_page_from_right_to_left_lie_in_their_elements(site: Site) -> None:
    clicks = site.clicks("?rtl", WINDOWS[3:4])
    truth = capture(site.browser, f"{site.url}/map.html?rtl", clicks, 820)
    found, account = drawn(clicks, truth)

    assert account.total == len(clicks)
    assert all(one.right for one in visible(found, truth))


def test_picture_holds_the_page_and_nothing_that_it_must_not(site: Site) -> None:
    options = page_capture.CaptureOptions(clicks=("#agree", "#not-there"))
    taking = page_capture.PageCapture(site.browser, options, lambda: datetime.now(UTC))
    pairs = [("#secret", None), ("#buy", None), ("#late", None), ("#agree", None), ("#bar", None)]
    before = len(site.collector.posts)

    taken = taking.capture("/", [f"{site.url}/capture.html"], pairs, 820)

    places = {place.selector: place for place in taken.layout.elements}
    tiles = [Image.open(io.BytesIO(tile)).convert("RGB") for tile in taken.tiles]
    assert len(site.collector.posts) == before
    assert (taken.layout.height, len(tiles), [tile.height for tile in tiles]) == (2000, 2, [1180, 820])
    assert set(places) == {"#secret", "#buy", "#late", "#bar"}
    assert (places["#secret"].name, places["#buy"].name, places["#bar"].layer) == ("", "<b>Buy</b>", 1)
    # The bar is on the first tile only; what came late is there, what must be hidden and what was clicked away is not.
    assert near(tiles[0], (400, 20), (255, 0, 0))
    assert near(tiles[1], (400, 20), (255, 255, 255))
    assert near(tiles[1], (100, 1540 - 1180), (0, 255, 0))
    assert near(tiles[0], (120, 130), (148, 163, 184))
    assert near(tiles[0], (400, 1100), (255, 255, 255))
    assert len(taken.notes) == 1
    assert "#not-there" in taken.notes[0]
    with pytest.raises(LogDigError, match="the server answers 404"):
        taking.capture("/", [f"{site.url}/nothing.html"], pairs, 820)


def near(image: Image.Image, place: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    """Whether a pixel has a colour, as far as WebP keeps it."""
    found = image.getpixel(place)
    return isinstance(found, tuple) and all(abs(one - other) < 40 for one, other in zip(found, colour, strict=True))


HOME = "http://localhost:1"
OPENER = """<!doctype html><title>Opener</title><script>
  window.heard = [];
  addEventListener('message', ({ data, origin, source }) => { heard.push(data); window.page = source; });
</script>"""
OPEN_ROOTS = """const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (options) { return attach.call(this, { ...options, mode: 'open' }); };"""
SAID = "() => document.querySelector('html > div[data-logdig-ignore]')?.shadowRoot.textContent ?? ''"


def mode(title: str, unit: str, **more: Any) -> dict[str, Any]:
    """One way to look, as the dashboard sends it."""
    empty: dict[str, Any] = {"note": "", "cells": [], "missing": 0, "per": 0, "boxes": [], "bands": []}
    return {"title": title, "unit": unit} | empty | more


def message(pairs: Any, *modes: dict[str, Any], **more: Any) -> dict[str, Any]:
    words = ["placed", "by place", "hidden now", "unplaced", "What is shown"]
    return {"logdig": "map", "asked": pairs, "told": [], "words": words, "modes": modes, "at": 0, **more}


def open_from(context: BrowserContext, origin: str, address: str, name: str) -> tuple[Page, Page]:
    """A page of an origin that opens an address in a window of a name; both pages."""
    context.route(f"{origin}/**", lambda route: route.fulfill(body=OPENER, content_type="text/html"))
    opener = context.new_page()
    opener.goto(f"{origin}/")
    with context.expect_page() as opening:
        opener.evaluate("([address, name]) => { window.page = open(address, name); }", [address, name])
    opening.value.wait_for_selector(LATE)
    return opener, opening.value


def test_overlay_draws_what_the_dashboard_draws_and_makes_visits_staff(site: Site, clicks: list[Click]) -> None:
    truth = capture(site.browser, f"{site.url}/map.html", clicks, 1440)
    pairs = list(dict.fromkeys(click.pair for click in clicks))
    _, account = drawn(clicks, truth)
    cells = [[pairs.index(click.pair), *(cell(click.row) or ())[2:], 1] for click in clicks]
    context = site.browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(OPEN_ROOTS)
    opener, page = open_from(context, HOME, f"{site.url}/map.html", f"logdig-map {HOME}")
    opener.wait_for_function("heard.length > 0")
    assert opener.evaluate("heard") == [{"logdig": "ready", "address": f"{site.url}/map.html", "width": 1440}]
    sent = message(pairs, mode("Clicks", "clicks", cells=cells, missing=3, per=1))

    opener.evaluate("([sent, origin]) => page.postMessage(sent, origin)", [sent, site.url])

    share_of = [f"{kind} {count:.0f} (" for kind, count in (
        ("placed", account.placed), ("by place", account.fallback), ("hidden now", account.hidden),
        ("unplaced", account.unplaced + 3),
    )]  # fmt: skip
    page.wait_for_function(f"({SAID})().includes('placed')")
    said = page.evaluate(SAID)
    assert f"{len(clicks) + 3} clicks" in said
    assert [part for part in share_of if part not in said] == []
    page.evaluate("logdig('track', 'seen'); logdig('flush')")
    site.collector.wait_for(lambda seen: any(event["custom"]["name"] == "seen" for event in seen.of_type("custom")))
    assert (
        next(event for event in site.collector.of_type("custom") if event["custom"]["name"] == "seen")["staff"] is True
    )
    # A page that moves at each frame, and an element that goes, leave the account whole.
    page.evaluate("""() => {
      document.querySelector('[data-t="heading"]').remove();
      setInterval(() => { document.body.style.marginTop = (performance.now() / 20) % 5 + 'px'; }, 16);
    }""")
    page.wait_for_function(f"!({SAID})().includes('unplaced {account.unplaced + 3:.0f} (')")
    context.close()


ATTACK = "<img src=x onerror='window.ran = 1'>"
PIXEL = """([x, y]) => {
  const drawn = [...document.querySelector('html > div[data-logdig-ignore]').shadowRoot.querySelectorAll('canvas')];
  const canvas = drawn.find((one) => one.style.position == 'absolute' && one.style.top == '0px');
  const zoom = canvas.width / document.documentElement.scrollWidth;
  return [...canvas.getContext('2d').getImageData(x * zoom, y * zoom, 1, 1).data];
}"""
CHOOSE = """(at) => {
  const select = document.querySelector('html > div[data-logdig-ignore]').shadowRoot.querySelector('select');
  select.selectedIndex = at;
  select.dispatchEvent(new Event('change'));
}"""


def test_overlay_draws_every_mode_with_its_account_and_runs_nothing(site: Site) -> None:
    context = site.browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(OPEN_ROOTS)
    opener, page = open_from(context, HOME, f"{site.url}/map.html", f"logdig-map {HOME}")
    opener.wait_for_function("heard.length > 0")
    x, y, width, height = page.evaluate("""() => {
      const { left, top, width, height } = document.querySelector('[data-t="heading"]').getBoundingClientRect();
      return [left + scrollX, top + scrollY, width, height];
    }""")
    middle = [0, False, 0, 0, 0, 0]
    heat = [x + width / 2, y + height / 2]
    inside = [x + width - 3, y + height - 3]
    red = "rgb(255 0 0)"
    modes = [
        mode("Clicks", "clicks", cells=[[*middle, 5]], per=10),
        mode("Elements", "clicks", cells=[[*middle, 5]], boxes=[[0, red, ATTACK]]),
        mode("Movement", "ms", cells=[[1, *middle[1:], 7000], [None, False, 4, 4, None, None, 50]], per=0.01),
        mode("Scroll", "clicks", bands=[[0, 1, 0, 0, 0, red, "90 %"], [0, 0, 700, 2, 60, "#0000ff", "Fold"]]),
        mode("Frustration", "clicks", missing=2, boxes=[[0, "red;x:url(//x.test)", "bad"], [0, red, "rage 3"]]),
        mode("Releases", ATTACK, note="choose " + ATTACK, boxes=[[9, red, "+1"], [0, {}, 1], "x"]),
        {"title": 1}, None,
    ]  # fmt: skip
    pairs = [('[data-t="heading"]', None), ('[data-t="heading"]', None)]
    told = [[0, ATTACK], [{}, 1], None]

    opener.evaluate("([sent, to]) => page.postMessage(sent, to)", [message(pairs, *modes, told=told, at=1), site.url])

    page.wait_for_function(f"({SAID})().includes('5 clicks')")
    assert page.evaluate(PIXEL, inside) == [255, 0, 0, 255]
    seen: list[str] = []
    drawn: list[bool] = []
    for at, place in enumerate([heat, inside, heat, [1200, 300], inside, inside]):
        page.evaluate(CHOOSE, at)
        seen.append(page.evaluate(SAID))
        drawn.append(page.evaluate(PIXEL, place)[3] > 0)
    assert drawn == [True, True, True, True, True, False]
    page.evaluate(CHOOSE, 3)
    assert page.evaluate(PIXEL, [1200, 701])[:3] == [0, 0, 255]
    assert "7050 ms" in seen[2]
    assert "unplaced 50 (0.7 %)" in seen[2]
    assert "0 clicks" in seen[3]
    assert "unplaced 2 (100 %)" in seen[4]
    assert "choose " + ATTACK in seen[5]
    page.mouse.move(x + 10, y + 10 - page.evaluate("scrollY"))
    page.wait_for_function(f"({SAID})().includes(', heading: <img')")
    assert page.evaluate("window.ran ?? null") is None
    context.close()


@pytest.mark.parametrize("name", ["logdig-map https://evil.test", "logdig-map http://127.0.0.1:8002", "logdig-map "])
def test_hostile_opener_hears_and_shows_nothing(site: Site, name: str) -> None:
    context = site.browser.new_context()
    context.add_init_script(OPEN_ROOTS)
    opener, page = open_from(context, "https://evil.test", f"{site.url}/map.html", name)
    page.wait_for_function("performance.getEntriesByType('resource').some((one) => one.name.includes('overlay'))")

    opener.evaluate("(sent) => page.postMessage(sent, '*')", message([("#a", None)], mode("Clicks", "clicks")))
    page.evaluate("new Promise((done) => setTimeout(done, 300))")

    assert opener.evaluate("heard") == []
    assert page.evaluate(SAID) == ""
    context.close()


def test_visitor_loads_nothing_of_the_overlay(site: Site) -> None:
    page = site.browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site.url}/map.html")
    page.wait_for_selector(LATE)
    page.evaluate("logdig('flush')")
    page.close()

    assert any("clicktracker.js" in url for url in asked)
    assert not any("overlay" in url for url in asked)


def test_hostile_selectors_and_links_run_and_find_nothing(chromium: Browser) -> None:
    page = chromium.new_page()
    page.set_content("<a href='/a'>A</a>" * 20_000 + "<script>1</script>")
    texts = ["*:has(* * * *)", "a,b", "a", "[onclick]", "x" * 5000, " > a", "#a >>> ", ":is(" * 200, "a{}", "\\"]
    pairs = [
        [text, link] for text in texts for link in ("javascript:window.ran = 1", "<img src=x onerror=ran()>", "http:")
    ]

    found = page.evaluate(describe_script(), [pairs, []])
    ran = page.evaluate("window.ran")
    page.close()

    assert found["found"] == [None] * len(pairs)
    assert ran is None
