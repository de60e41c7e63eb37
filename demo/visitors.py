"""Visitors of the example site: real clicks in headless Chromium, or the same visits over HTTP where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from demo.http_visits import visit_over_http
from demo.visits import VisitCounts, Visitor
from infra.local.machine import find_chromium
from logdig.config.settings import AppSettings

VISITORS = 12
RETURNING = 4
MEMBER_SHARE = 0.6
CUSTOMERS = 5000
VIEWPORTS = ((1280, 800), (1440, 900), (820, 1180), (390, 844))
"""Laptop, desktop, tablet, phone."""


def make_visitors(seed: int) -> list[Visitor]:
    """Draw the visitors; equal seeds give equal visitors."""
    random = Random(seed)
    people = []
    for number in range(VISITORS):
        width, height = VIEWPORTS[number % len(VIEWPORTS)]
        customer = str(random.randrange(CUSTOMERS)) if random.random() < MEMBER_SHARE else None
        people.append(Visitor(width, height, customer, random.randrange(2**31)))
    return people


def make_returning(seed: int, targets: Sequence[str]) -> list[Visitor]:
    """Draw the visitors who come once targets are known: the first targets, or any customers where there are none.

    Every second one accepts the offer.
    """
    random = Random(f"{seed} again")
    customers = [*targets, *(str(random.randrange(CUSTOMERS)) for _ in range(RETURNING))][:RETURNING]
    return [
        Visitor(*VIEWPORTS[number % len(VIEWPORTS)], customer, random.randrange(2**31), accepts=number % 2 == 0)
        for number, customer in enumerate(customers)
    ]


class Visits:
    """Sends visitors to the site, in Chromium or Chrome where there is one.

    Args:
        site_url: Address of the site.
        collector_url: Address of the collector, for visits over HTTP.
        app: Its token is on the pages.
    """

    def __init__(self, site_url: str, collector_url: str, app: AppSettings) -> None:
        self._site_url, self._collector_url, self._app = site_url, collector_url, app
        self._chromium = find_chromium()

    @property
    def browser(self) -> bool:
        """Whether visits use a real browser."""
        return self._chromium is not None

    def make(self, visitors: Sequence[Visitor]) -> VisitCounts:
        """Let every visitor browse the site; return the counts."""
        if self._chromium is None:
            return visit_over_http(self._site_url, self._collector_url, self._app.token, visitors)
        # Playwright is slow to import, and a machine without a browser need not have it.
        from demo.browser_visits import visit_in_browser

        return visit_in_browser(self._chromium, self._site_url, visitors)

    def describe(self, counts: VisitCounts) -> str:
        """Describe counts, and whether a browser made them."""
        return f"{counts.line()} ({'Chromium' if self.browser else 'over HTTP: no Chromium or Chrome found'})"
