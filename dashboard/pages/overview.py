"""The overview: how many came, from where, with what, and what they did."""

from __future__ import annotations

from dashboard.page import NUMBERS, Page

PAGE = Page(
    "overview",
    10,
    asks={
        "overview": NUMBERS,
        "sources": NUMBERS,
        "pages": NUMBERS,
        "goals": NUMBERS,
        "links": NUMBERS,
        "custom": NUMBERS,
        "traffic": NUMBERS,
    },
)
