"""The report of one flush. Source: docs/flush.md, "The report"."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

SHARE_LEAST_EVENTS = 100
"""Fewer events than this are too few for a share."""


@dataclass(slots=True)
class FlushReport:
    """Counts of a run; ``errors`` is empty when it did all its work."""

    received: int = 0
    logs: int = 0
    rejected: int = 0
    poison: int = 0
    objects: int = 0
    already_there: int = 0
    text_bytes: int = 0
    deleted: int = 0
    released: int = 0
    left: int = 0
    stopped: str = ""
    errors: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    listens: int = 0
    reactions_failed: int = 0
    reaction_errors: list[str] = field(default_factory=list)

    @property
    def rejected_percent(self) -> float:
        """Share of rejected events; 0 below SHARE_LEAST_EVENTS."""
        total = self.logs + self.rejected
        return round(100 * self.rejected / total, 1) if total >= SHARE_LEAST_EVENTS else 0.0

    def as_json(self) -> str:
        """One line for logs; an alarm reads ``rejected_percent`` from it."""
        return json.dumps(asdict(self) | {"rejected_percent": self.rejected_percent}, separators=(",", ":"))
