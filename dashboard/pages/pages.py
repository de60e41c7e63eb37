"""The pages of a site, and one of them."""

from __future__ import annotations

from dashboard.page import NUMBERS, Page

PAGE = Page("pages", 20, asks={"pages": NUMBERS, "frustration": NUMBERS, "scroll": NUMBERS, "heatmap": NUMBERS})
