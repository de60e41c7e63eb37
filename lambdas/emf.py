"""One line per request on Lambda: log line and CloudWatch metrics in one, in the embedded metric format.

CloudWatch extracts the numbers from the log, so no call is made. The line holds counts, app names and fixed words,
no personal data. docs/operations.md names every metric.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from logdig.collect.collector import Collector
from logdig.collect.http import Reply, Request
from logdig.counters import Counters, Labels

NAMESPACE = "LogDig"
METRICS = {
    "Accepted": ("logdig_accepted_events_total", "Count"),
    "Rejected": ("logdig_rejected_events_total", "Count"),
    "Refused": ("logdig_refused_requests_total", "Count"),
    "Bytes": ("logdig_received_bytes_total", "Bytes"),
    "SentMessages": ("logdig_sent_messages_total", "Count"),
    "ExposureLost": ("logdig_exposure_lost_total", "Count"),
}
"""Metric -> the counter whose growth it is, and its unit."""
SEND_LATENCY = "SendLatency"
HELD_REQUESTS = "HeldRequests"


class MeasuredCollector:
    """A collector that prints a line for each request after it is answered."""

    def __init__(self, collector: Collector, service: str) -> None:
        self._collector = collector
        self._metrics = RequestMetrics(collector.counters, service)

    def handle(self, request: Request) -> Reply:
        """Answer one request; never raises."""
        reply = self._collector.handle(request)
        print(self._metrics.line(datetime.now(UTC)))
        return reply


class RequestMetrics:
    """Measures how far the counters of a process grew since the last request."""

    def __init__(self, counters: Counters, service: str) -> None:
        self._counters, self._service = counters, service
        self._sums: Mapping[tuple[str, Labels], float] = {}
        self._sends, self._send_seconds = 0, 0.0

    def line(self, now: datetime) -> str:
        """Return the line of the request that has just been answered."""
        sums, (counts, seconds) = self._counters.sums(), self._counters.sends()
        grown = {
            key: amount - self._sums.get(key, 0) for key, amount in sums.items() if amount != self._sums.get(key, 0)
        }
        sends, latency = sum(counts) - self._sends, seconds - self._send_seconds
        self._sums, self._sends, self._send_seconds = sums, sum(counts), seconds
        values: dict[str, float] = {
            metric: sum(amount for (name, _), amount in grown.items() if name == counter)
            for metric, (counter, _) in METRICS.items()
        }
        values[HELD_REQUESTS] = 1
        units = {metric: unit for metric, (_, unit) in METRICS.items()} | {HELD_REQUESTS: "Count"}
        if sends:
            values[SEND_LATENCY], units[SEND_LATENCY] = round(latency / sends * 1000, 3), "Milliseconds"
        return json.dumps({"_aws": self._directive(units, now), "service": self._service, **values, **_words(grown)})

    def _directive(self, units: Mapping[str, str], now: datetime) -> dict[str, object]:
        named = [{"Name": name, "Unit": unit} for name, unit in units.items()]
        metrics = {"Namespace": NAMESPACE, "Dimensions": [["service"]], "Metrics": named}
        return {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [metrics]}


def _words(grown: Mapping[tuple[str, Labels], float]) -> dict[str, object]:
    """Reasons, app, path and status of the request, for searching the log."""
    words: dict[str, set[str]] = {"reason": set(), "app": set(), "path": set(), "status": set()}
    for _, labels in grown:
        for name, value in labels:
            if name in words:
                words[name].add(value)
    return {name: sorted(values) for name, values in words.items()}
