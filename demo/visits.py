"""Who visits the example site, and what is counted of it."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who comes: window size, customer number or None, the seed of what they click, and what they say to an offer."""

    width: int
    height: int
    customer_id: str | None
    seed: int
    accepts: bool = False


@dataclass(slots=True)
class VisitCounts:
    """What visitors did, counted on their side.

    ``sent``: events their trackers sent; ``accepted`` and ``rejected``: what was answered; ``decisions``: answers to
    decide, of which ``offers`` said to show one.
    """

    visitors: int = 0
    clicks: int = 0
    sent: int = 0
    accepted: int = 0
    rejected: int = 0
    decisions: int = 0
    offers: int = 0

    def add(self, other: VisitCounts) -> None:
        """Count other visitors in."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    def line(self) -> str:
        """One line for people."""
        return (
            f"{self.visitors} visitors, {self.clicks} clicks, {self.sent} events, "
            f"{self.offers} offers in {self.decisions} decisions"
        )
