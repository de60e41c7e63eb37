"""Counters and latencies of one process; labels are app names and fixed words, no personal data.

The server shows them at ``/metrics`` (api/metrics.py); a Lambda function prints them after each request
(lambdas/emf.py).
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Mapping

Labels = tuple[tuple[str, str], ...]

COUNTERS = {
    "logdig_requests_total": "Requests answered, by path and status; unknown paths are 'other'.",
    "logdig_received_bytes_total": "Bytes of request bodies as received.",
    "logdig_accepted_events_total": "Events acknowledged as accepted, by app.",
    "logdig_rejected_events_total": "Events acknowledged as rejected and kept in the zone bad, by reason.",
    "logdig_trimmed_members_total": "Unknown members of measuring parts left out of accepted events, by part.",
    "logdig_refused_requests_total": "Requests refused as a whole, by reason; unknown tokens are among them.",
    "logdig_sent_messages_total": "Queue messages, by outcome: ok or failed.",
    "logdig_sent_bytes_total": "Bytes of queue messages that were acknowledged.",
    "logdig_decisions_total": "Decisions, by decision and exact reason.",
    "logdig_count_lost_total": "Showings that could not be counted, so that caps and budgets miss them.",
    "logdig_exposure_lost_total": "Exposures of decisions that could not be stored.",
}
"""Every counter with its help text; docs/operations.md lists them."""
SEND_SECONDS = "logdig_send_seconds"
SEND_SECONDS_HELP = "Time from handing a message to the queue to its acknowledgement or failure."
BUCKETS_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


_REASONS = (
    ("is required", "missing"),
    ("is no known field", "unknown_field"),
    ("holds ", "unwritable_text"),
    ("has ", "too_large"),
    ("is nested ", "too_deep"),
    ("is ", "too_old"),
    ("lies ", "too_old"),
)


def rejection_reason(fault: str) -> str:
    """Name the kind of a fault in one of a few fixed words: the text itself holds values."""
    if fault.endswith("is required"):
        return "missing"
    return next((kind for start, kind in _REASONS if fault.startswith(start)), "wrong_value")


class Counters:
    """Sums that many threads add to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[tuple[str, Labels], float] = {}
        self._send_counts = [0] * (len(BUCKETS_SECONDS) + 1)
        self._send_seconds = 0.0

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to one of COUNTERS."""
        key = (name, tuple(labels.items()))
        with self._lock:
            self._sums[key] = self._sums.get(key, 0) + amount

    def observe_send(self, seconds: float) -> None:
        """Record how long one message took."""
        with self._lock:
            self._send_counts[bisect_left(BUCKETS_SECONDS, seconds)] += 1
            self._send_seconds += seconds

    def sums(self) -> Mapping[tuple[str, Labels], float]:
        """All sums so far, by name and labels."""
        with self._lock:
            return dict(self._sums)

    def sends(self) -> tuple[list[int], float]:
        """How many sends ended within each of BUCKETS_SECONDS (the last: above all), and their seconds together."""
        with self._lock:
            return list(self._send_counts), self._send_seconds

    def total(self, name: str, **labels: str) -> float:
        """Sum of one counter over all labels that include the given ones."""
        wanted = set(labels.items())
        return sum(amount for (counter, have), amount in self.sums().items() if counter == name and wanted <= set(have))
