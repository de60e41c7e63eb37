"""Sums that a row of the table ``ledger`` must meet; every gap has a name. Source: docs/ledger.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SUMS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("sent", ("sent", "repeated"), ("events", "rejected", "erased", "in_dlq", "dropped_numbers", "missing")),
    ("received", ("received",), ("accepted", "rejected", "in_dlq")),
    ("accepted", ("accepted",), ("events", "duplicates_browser", "erased")),
    ("raw", ("raw_lines",), ("events", "erased", "duplicates_browser", "duplicates_flush", "raw_unreadable")),
    ("tables", ("in_tables", "waiting"), ("events",)),
    ("bad tables", ("bad_in_tables", "bad_waiting"), ("rejected", "unreadable")),
)
"""Name, and the columns of either side."""


def broken_sums(row: Mapping[str, Any]) -> list[str]:
    """Every sum of one row that does not meet, in words."""
    found = []
    for name, left, right in SUMS:
        difference = sum(row[column] for column in left) - sum(row[column] for column in right)
        if difference:
            sides = f"{' + '.join(left)} = {' + '.join(right)}"
            found.append(f"{row['day']} {row['app'] or '(no app)'} {name}: {sides} is off by {difference:+,}")
    return found
