"""What one run of the flush did. Source: docs/flush.md, "The report"."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

SHARE_LEAST_EVENTS = 100
"""Of fewer a share says nothing."""


@dataclass(slots=True)
class FlushReport:
    """What a run did; ``errors`` is empty when everything it meant to do is done."""

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

    @property
    def rejected_percent(self) -> float:
        """Share of rejected events; 0 where so few came that a share says nothing."""
        came = self.logs + self.rejected
        return round(100 * self.rejected / came, 1) if came >= SHARE_LEAST_EVENTS else 0.0

    def as_json(self) -> str:
        """One line for logs; an alarm reads ``rejected_percent`` from it."""
        return json.dumps(asdict(self) | {"rejected_percent": self.rejected_percent}, separators=(",", ":"))
