"""The channels and their lists on docs/measures.md are those that the code uses."""

from __future__ import annotations

import re
from pathlib import Path

from logdig.marts.sources import RULES, SITES, UNASSIGNED

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "measures.md").read_text(encoding="utf-8")
LISTS = {
    "other services": "other",
    "AI assistants": "assistant",
    "social sites": "social",
    "video sites": "video",
    "shopping sites": "shopping",
    "search engines": "search",
}


def rows_after(head: str) -> list[list[str]]:
    """Rows of the table with a heading row."""
    (table,) = re.findall(rf"^\| {re.escape(head)} \|\n\|[-|]+\|\n((?:\|.*\|\n)+)", TEXT, re.MULTILINE)
    return [line.strip("| ").split(" | ") for line in table.splitlines()]


def test_channels_stand_in_the_order_of_their_rules() -> None:
    channels = [channel for channel, _rule in rows_after("channel | of a session with")]

    assert channels == [*(name for name, _fits in RULES), UNASSIGNED]


def test_lists_name_the_sources_that_the_rules_know_in_their_order() -> None:
    lists = [
        (LISTS[name], frozenset(sources.replace("`", "").split())) for name, sources in rows_after("list | sources")
    ]

    assert lists == list(SITES)
