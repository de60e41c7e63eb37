"""Visitors of the example site, and the counts of their visits."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Visitor:
    """One visitor: window size, customer id or None, the seed of the clicks, and whether an offer is accepted."""

    width: int
    height: int
    customer_id: str | None
    seed: int
    accepts: bool = False


@dataclass(slots=True)
class VisitCounts:
    """Counts of visits, taken in the browser.

    ``sent``: events that their trackers sent; ``accepted`` and ``rejected``: the results; ``decisions``: responses of
    decide, of which ``offers`` showed an offer.
    """

    visitors: int = 0
    clicks: int = 0
    sent: int = 0
    accepted: int = 0
    rejected: int = 0
    decisions: int = 0
    offers: int = 0

    def add(self, other: VisitCounts) -> None:
        """Add the counts of other visitors."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    def line(self) -> str:
        """One line of text."""
        return (
            f"{self.visitors} visitors, {self.clicks} clicks, {self.sent} events, "
            f"{self.offers} offers in {self.decisions} decisions"
        )
