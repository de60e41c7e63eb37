"""Visits in headless Chromium: real pages, the real tracker, real clicks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Browser, BrowserContext, Page, Request, Response, sync_playwright

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
QUIET_STEPS = 4
"""Looks in a row that find nothing under way."""
LOADED = "window.logdig?.q !== undefined && !Array.isArray(window.logdig.q)"


@dataclass(slots=True)
class Seen:
    """What all visitors did, counted at their browsers; events and decisions that were answered."""

    clicks: int = 0
    sent: int = 0
    accepted: int = 0
    decisions: int = 0


class Wire:
    """What a browser profile sent and was answered, read off its requests.

    Events that go by beacon are not seen here; the tracker keeps them and sends them again, which is.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.sent: set[str] = set()
        self.accepted: set[str] = set()
        self.decisions = 0
        self.asking = 0
        self._turns: dict[str, set[int]] = {}
        context.on("request", self._request)
        context.on("response", self._response)
        context.on("requestfailed", self._failed)

    def gaps(self) -> list[int]:
        """Turns of a session that were made but not seen: ``seq`` counts up by one."""
        return sorted(turn for turns in self._turns.values() for turn in set(range(max(turns))) - turns)

    def is_settled(self) -> bool:
        """Tell whether everything that was seen to be sent is answered."""
        return self.sent == self.accepted and not self.asking and not self.gaps()

    def _request(self, request: Request) -> None:
        self.asking += _asks(request)
        for event in _events(request):
            self.sent.add(event["event_id"])
            self._turns.setdefault(event["session_id"], set()).add(event["seq"])

    def _response(self, response: Response) -> None:
        self.asking -= _asks(response.request)
        if response.ok:
            self.accepted |= {event["event_id"] for event in _events(response.request)}
            self.decisions += _asks(response.request)

    def _failed(self, request: Request) -> None:
        self.asking -= _asks(request)


def _asks(request: Request) -> bool:
    return request.method == "POST" and request.url.endswith("/v1/decide")


def _events(request: Request) -> list[dict[str, Any]]:
    body = request.post_data_buffer
    if body is None or not request.url.endswith("/v1/events"):
        return []
    events: list[dict[str, Any]] = json.loads(body)["events"]
    return events


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
    wire = Wire(context)
    page = context.new_page()
    random = Random(visitor.seed)
    page.goto(f"{site_url}/index.html")
    _wait(page, LOADED)
    if visitor.customer_id is not None:
        seen.clicks += _sign_in(page, visitor.customer_id)
    seen.clicks += _wander(page, random, ["h1", ".lead", "#picks", "[data-logdig-id=hero-play]"])
    seen.clicks += _play(page, wire, random.choice(("14", "215", "37", "478")))
    seen.clicks += _click(page, "[data-logdig-id=hero-album]")
    _wait(page, LOADED)
    for track in random.sample(("1201", "1202", "1203", "1204", "1205", "1206", "1207"), k=random.randint(1, 2)):
        seen.clicks += _play(page, wire, track)
    if random.random() < 0.4:
        seen.clicks += _click(page, "[data-logdig-id=nav-offer]")
        _wait(page, LOADED)
        seen.clicks += _click(page, random.choice(("[data-upgrade=gold]", "[data-logdig-id=stay-silver]")))
    settle(page, wire)
    # What is made while the window closes stays in this profile, which ends here: nobody ever sends it.
    context.set_offline(True)
    context.close()
    seen.sent += len(wire.sent)
    seen.accepted += len(wire.accepted)
    seen.decisions += wire.decisions


def _wait(page: Page, condition: str) -> None:
    """Wait until an expression is true; the page's own security policy forbids waiting inside the page."""
    _until(page, lambda: bool(page.evaluate(condition)), condition)


def _until(page: Page, condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition.

    Raises:
        TimeoutError: It was not true within STEP_MS.
    """
    deadline = time.monotonic() + STEP_MS / 1000
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{page.url}: not within {STEP_MS} ms: {what}")
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


def _play(page: Page, wire: Wire, track: str) -> int:
    clicks = _click(page, f"[data-track='{track}'] >> nth=0")
    page.wait_for_selector(".player, .pause")
    # A page that is left while it asks never hears that it was answered.
    _until(page, lambda: wire.asking == 0, "the decision")
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


def settle(page: Page, wire: Wire) -> None:
    """Have everything that waits sent, and wait for the answers.

    Raises:
        TimeoutError: They did not come within STEP_MS.
    """
    quiet = 0

    def is_quiet() -> bool:
        nonlocal quiet
        page.evaluate("window.logdig('flush')")
        quiet = quiet + 1 if wire.is_settled() else 0
        return quiet >= QUIET_STEPS

    _until(page, is_quiet, "answers to all events")
