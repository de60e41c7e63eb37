"""Visitors of the example site: real clicks in headless Chromium, or the same visits over HTTP where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from demo.http_visits import visit_over_http
from infra.bootstrap import find_chromium
from logdig.settings import AppSettings

VISITORS = 12
MEMBER_SHARE = 0.6
VIEWPORTS = ((1280, 800), (1440, 900), (820, 1180), (390, 844))
"""Laptop, desktop, tablet, phone."""


@dataclass(frozen=True, slots=True)
class VisitReport:
    """What the visitors did, counted on their side.

    ``sent``: events their trackers made; ``accepted``: those answered 202; ``decisions``: answers to decide.
    """

    visitors: int
    clicks: int
    sent: int
    accepted: int
    rejected: int
    decisions: int
    browser: bool

    def line(self) -> str:
        """One line for people."""
        how = "Chromium" if self.browser else "HTTP, since no Chromium or Chrome is here"
        return f"{self.visitors} visitors, {self.clicks} clicks, {self.sent} events ({how})"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who comes: window size, customer number or None, and the seed of what they click."""

    width: int
    height: int
    customer_id: str | None
    seed: int


def make_visitors(seed: int) -> list[Visitor]:
    """Draw the visitors; equal seeds give equal visitors."""
    random = Random(seed)
    people = []
    for number in range(VISITORS):
        width, height = VIEWPORTS[number % len(VIEWPORTS)]
        customer = str(random.randrange(5000)) if random.random() < MEMBER_SHARE else None
        people.append(Visitor(width, height, customer, random.randrange(2**31)))
    return people


def visit(site_url: str, collector_url: str, app: AppSettings, *, seed: int) -> VisitReport:
    """Send every visitor to the site.

    Args:
        site_url: Address of the site.
        collector_url: Address of the collector, for visits over HTTP.
        app: Whose token the pages carry.
        seed: Of who comes and what they click.
    """
    visitors = make_visitors(seed)
    chromium = find_chromium()
    if chromium is None:
        made = visit_over_http(site_url, collector_url, app.token, [visitor.seed for visitor in visitors])
        return VisitReport(len(visitors), made.clicks, made.sent, made.accepted, made.rejected, 0, browser=False)
    # Playwright takes a moment to import, and a machine without a browser need not have it.
    from demo.browser_visits import visit_in_browser

    seen = visit_in_browser(chromium, site_url, visitors)
    return VisitReport(
        len(visitors), seen.clicks, seen.sent, seen.accepted, seen.sent - seen.accepted, seen.decisions, browser=True
    )
