"""People, staff and bots: what is in the numbers of the other pages, and what is not."""

from __future__ import annotations

from dashboard.page import NUMBERS, Page

PAGE = Page("traffic", 100, asks={"traffic": NUMBERS})
