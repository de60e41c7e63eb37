"""Visits in headless Chromium: real pages, the real tracker, real clicks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Browser, Page, Response, sync_playwright

if TYPE_CHECKING:
    from demo.visitors import Visitor

QUIET_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
)
"""Without these a headless browser looks for hosts of its own; as root it starts only without its sandbox."""

DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
"""A headless browser names itself as such, which makes it a bot, whose clicks are left out of maps. It is told to the
browser as a whole, since a page's own name does not reach what is sent when the page goes."""
PHONE = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
)
PHONE_BELOW_PX = 768
STEP_MS = 10_000
PAUSE_MS = 60
BEACON_MS = 300
LOADED = "window.logdig?.q !== undefined && !Array.isArray(window.logdig.q)"
ALL_SENT = "!Object.keys(localStorage).some((key) => key.startsWith('logdig:e:'))"
STORAGE = """() => ({
  made: Number(localStorage.getItem('logdig:n')) || 0,
  dropped: Object.values(JSON.parse(localStorage.getItem('logdig:dropped') || '{}')).reduce((sum, one) => sum + one, 0),
})"""
"""Events that the tracker made in this browser, and those that it gave up."""


@dataclass(slots=True)
class Seen:
    """What all visitors did, counted in their browsers."""

    clicks: int = 0
    sent: int = 0
    accepted: int = 0
    decisions: int = 0


def visit_in_browser(chromium: str, site_url: str, visitors: Sequence[Visitor]) -> Seen:
    """Let every visitor walk over the site, one after the other, each with a browser profile of its own."""
    seen = Seen()
    with sync_playwright() as playwright:
        arguments = [*QUIET_FLAGS, f"--user-agent={DESKTOP}"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        for visitor in visitors:
            _visit(browser, site_url, visitor, seen)
        browser.close()
    return seen


def _visit(browser: Browser, site_url: str, visitor: Visitor, seen: Seen) -> None:
    window: Any = {"viewport": {"width": visitor.width, "height": visitor.height}}
    if visitor.width < PHONE_BELOW_PX:
        window |= {"user_agent": PHONE, "is_mobile": True, "has_touch": True}
    context = browser.new_context(**window)
    context.set_default_timeout(STEP_MS)
    page = context.new_page()

    def count_decision(response: Response) -> None:
        if response.url.endswith("/v1/decide") and response.request.method == "POST" and response.status == 200:
            seen.decisions += 1

    page.on("response", count_decision)
    random = Random(visitor.seed)
    page.goto(f"{site_url}/index.html")
    _wait(page, LOADED)
    if visitor.customer_id is not None:
        seen.clicks += _sign_in(page, visitor.customer_id)
    seen.clicks += _wander(page, random, ["h1", ".lead", "#picks", "[data-logdig-id=hero-play]"])
    seen.clicks += _play(page, random.choice(("14", "215", "37", "478")))
    seen.clicks += _click(page, "[data-logdig-id=hero-album]")
    _wait(page, LOADED)
    for track in random.sample(("1201", "1202", "1203", "1204", "1205", "1206", "1207"), k=random.randint(1, 2)):
        seen.clicks += _play(page, track)
    if random.random() < 0.4:
        seen.clicks += _click(page, "[data-logdig-id=nav-offer]")
        _wait(page, LOADED)
        seen.clicks += _click(page, random.choice(("[data-upgrade=gold]", "[data-logdig-id=stay-silver]")))
    _settle(page, site_url, seen)
    context.close()


def _wait(page: Page, condition: str) -> None:
    """Wait until an expression is true; the page's own security policy forbids waiting inside the page.

    Raises:
        TimeoutError: It was not within STEP_MS.
    """
    deadline = time.monotonic() + STEP_MS / 1000
    while not page.evaluate(condition):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{page.url}: not within {STEP_MS} ms: {condition}")
        page.wait_for_timeout(PAUSE_MS)


def _sign_in(page: Page, customer_id: str) -> int:
    page.click("#member")
    page.fill("dialog input[name=customer]", customer_id)
    page.click("dialog [data-logdig-id=sign-in]")
    return 2


def _wander(page: Page, random: Random, selectors: list[str]) -> int:
    """Click here and there inside some elements, as people do."""
    clicks = 0
    for selector in random.sample(selectors, k=2):
        box = page.locator(selector).first.bounding_box()
        if box is not None:
            across, down = random.gauss(0.5, 0.15), random.gauss(0.5, 0.15)
            page.mouse.click(box["x"] + box["width"] * across, box["y"] + box["height"] * down)
            page.wait_for_timeout(PAUSE_MS)
            clicks += 1
            _leave_offer(page)
    return clicks


def _play(page: Page, track: str) -> int:
    clicks = _click(page, f"[data-track='{track}'] >> nth=0")
    page.wait_for_selector(".player, .pause")
    return clicks + _leave_offer(page)


def _leave_offer(page: Page) -> int:
    """Skip the offer when it shows; tell how many clicks that took."""
    if page.locator(".pause").count() == 0:
        return 0
    return _click(page, "[data-logdig-id=offer-skip]")


def _click(page: Page, selector: str) -> int:
    page.click(selector)
    page.wait_for_timeout(PAUSE_MS)
    return 1


def _settle(page: Page, site_url: str, seen: Seen) -> None:
    """Leave the site, come back to have the rest sent, and read the counts where no tracker runs."""
    # Leaving makes the last events; the next page view sends what the beacon did not settle.
    page.goto(f"{site_url}/icon.svg")
    page.goto(f"{site_url}/index.html")
    _wait(page, LOADED)
    page.evaluate("window.logdig('flush')")
    _wait(page, ALL_SENT)
    page.goto(f"{site_url}/icon.svg")
    counts = page.evaluate(STORAGE)
    # What the last page view made on leaving went by beacon, which is acknowledged to nobody; let it arrive.
    page.wait_for_timeout(BEACON_MS)
    seen.sent += counts["made"]
    seen.accepted += counts["made"] - counts["dropped"]
