"""Visits in headless Chromium: real pages, the real tracker, real clicks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from demo.browser_requests import BrowserRequests
from demo.visits import VisitCounts, Visitor

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
"""Without these a headless browser contacts hosts of its own; as root it starts only without its sandbox."""

DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
"""The user agent of a headless browser counts as a bot, whose clicks are left out of maps. It is set for the whole
browser, since a page's own setting does not apply to requests sent while the page closes."""
PHONE = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
)
PHONE_BELOW_PX = 768
STEP_MS = 60_000
PAUSE_MS = 60
QUIET_STEPS = 4
"""Checks in a row that find no request in flight."""
LOADED = "window.logdig?.q !== undefined && !Array.isArray(window.logdig.q)"
PICKED_TRACKS = ("14", "215", "37", "478")
ALBUM_TRACKS = ("1201", "1202", "1203", "1204", "1205", "1206", "1207")
IDLE_TARGETS = ("h1", ".lead", "#picks", ".hero .cover")
"""Elements that people click although nothing happens."""
OFFER_PAGE_SHARE = 0.4
"""Share of visitors who open the offer page by themselves."""


def visit_in_browser(chromium: str, site_url: str, visitors: Sequence[Visitor]) -> VisitCounts:
    """Let every visitor browse the site, one after the other, each with a browser profile of its own."""
    counts = VisitCounts()
    with sync_playwright() as playwright:
        arguments = [*QUIET_FLAGS, f"--user-agent={DESKTOP}"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        for visitor in visitors:
            counts.add(_visit(browser, site_url, visitor))
        browser.close()
    return counts


def _visit(browser: Browser, site_url: str, visitor: Visitor) -> VisitCounts:
    window: Any = {"viewport": {"width": visitor.width, "height": visitor.height}}
    if visitor.width < PHONE_BELOW_PX:
        window |= {"user_agent": PHONE, "is_mobile": True, "has_touch": True}
    context = browser.new_context(**window)
    context.set_default_timeout(STEP_MS)
    requests = BrowserRequests(context)
    page = context.new_page()
    page.goto(f"{site_url}/index.html")
    browsing = _Browsing(page, requests, visitor)
    browsing.run()
    settle(page, requests)
    # A closing window sends by beacon, which is invisible here: no event may be left for it.
    page.evaluate("window.logdig('optOut')")
    wait_until(page, requests.is_settled, "responses to the last events")
    context.close()
    return VisitCounts(
        1, browsing.clicks, len(requests.sent), len(requests.accepted), 0, requests.decisions, browsing.offers
    )


class _Browsing:
    """One visitor's clicks on the site."""

    def __init__(self, page: Page, requests: BrowserRequests, visitor: Visitor) -> None:
        self._page, self._requests, self._visitor = page, requests, visitor
        self._random = Random(visitor.seed)
        self.clicks = self.offers = 0

    def run(self) -> None:
        """Sign in or not, click here and there, play songs until an offer is accepted, perhaps look at the offer."""
        _wait(self._page, LOADED)
        if self._visitor.customer_id is not None:
            self._sign_in(self._visitor.customer_id)
        for target in self._random.sample(IDLE_TARGETS, k=2):
            self._click(target)
        if self._play(self._random.choice(PICKED_TRACKS)):
            return
        self._follow("[data-logdig-id=hero-album]", "album.html")
        for track in self._random.sample(ALBUM_TRACKS, k=self._random.randint(1, 2)):
            if self._play(track):
                return
        if self._random.random() < OFFER_PAGE_SHARE:
            self._follow("[data-logdig-id=nav-offer]", "offer.html")
            self._click(self._random.choice(("[data-upgrade=gold]", "[data-logdig-id=stay-silver]")))
            _wait(self._page, LOADED)

    def _sign_in(self, customer_id: str) -> None:
        self._click("#member")
        self._page.fill("dialog input[name=customer]", customer_id)
        self._click("dialog [data-logdig-id=sign-in]")

    def _play(self, track: str) -> bool:
        """Ask for a song; tell whether an offer came first and was accepted."""
        self._click(f"[data-track='{track}'] >> nth=-1")
        self._page.wait_for_selector(".player, .pause")
        # A page that is left while it asks never gets the response.
        wait_until(self._page, lambda: self._requests.pending_decisions == 0, "the decision")
        if not self._page.locator(".pause").count():
            return False
        self.offers += 1
        if not self._visitor.accepts:
            self._click("[data-logdig-id=offer-skip]")
            return False
        self._follow("[data-logdig-id=offer-join]", "offer.html")
        self._click("[data-upgrade=gold]")
        return True

    def _follow(self, selector: str, name: str) -> None:
        self._click(selector)
        self._page.wait_for_url(f"**/{name}")
        _wait(self._page, LOADED)

    def _click(self, selector: str) -> None:
        """Click near the middle of an element, as people do."""
        target = self._page.locator(selector).first
        target.scroll_into_view_if_needed()
        box = target.bounding_box()
        if box is None:
            raise LookupError(f"{self._page.url}: {selector} is not visible")
        across, down = (min(0.9, max(0.1, self._random.gauss(0.5, 0.06))) for _ in range(2))
        target.click(position={"x": box["width"] * across, "y": box["height"] * down})
        self._page.wait_for_timeout(PAUSE_MS)
        self.clicks += 1


def settle(page: Page, requests: BrowserRequests) -> None:
    """Send all waiting events, and wait for the responses.

    Raises:
        TimeoutError: They did not come within STEP_MS.
    """
    quiet = 0

    def is_quiet() -> bool:
        nonlocal quiet
        page.evaluate("window.logdig('flush')")
        quiet = quiet + 1 if requests.is_settled() else 0
        return quiet >= QUIET_STEPS

    wait_until(page, is_quiet, "responses to all events")


def _wait(page: Page, condition: str) -> None:
    """Wait until an expression is true; the page's own security policy forbids waiting inside the page."""
    wait_until(page, lambda: bool(page.evaluate(condition)), condition)


def wait_until(page: Page, condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition.

    Raises:
        TimeoutError: It was not true within STEP_MS.
    """
    deadline = time.monotonic() + STEP_MS / 1000
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{page.url}: not within {STEP_MS} ms: {what}")
        page.wait_for_timeout(PAUSE_MS)
