"""``GET /metrics``: the counters as Prometheus text, for authorized callers."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from logdig.addresses import parse_address
from logdig.collect.collector import Collector
from logdig.collect.http import RefusedError, Reply, Request
from logdig.counters import BUCKETS_SECONDS, COUNTERS, SEND_SECONDS, SEND_SECONDS_HELP, Counters, Labels

PATH = "/metrics"
TOKEN_VARIABLE = "LOGDIG_METRICS_TOKEN"  # noqa: S105 (the name of a variable)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
GAUGES = {
    "logdig_held_requests": "Requests that are not answered yet.",
    "logdig_held_bytes": "Bytes of events that wait for their acknowledgement.",
}


@dataclass(frozen=True, slots=True)
class MetricsPage:
    """The page and its access rule; without a token only this machine may read it."""

    counters: Counters
    token: str | None

    def page(self, request: Request, held: Mapping[str, float]) -> Reply:
        """Return the page.

        Args:
            request: Its method, headers and address decide.
            held: A value for each of GAUGES.
        Raises:
            RefusedError: 403, or 405.
        """
        if request.method not in ("GET", "HEAD"):
            raise RefusedError(405, "this path takes GET, HEAD", (("Allow", "GET, HEAD"),))
        if not self._is_allowed(request):
            raise RefusedError(403, f"send Authorization: Bearer with the value of {TOKEN_VARIABLE}", code="metrics")
        text = "".join(line + "\n" for line in _lines(self.counters, held))
        return Reply(200, (("Content-Type", CONTENT_TYPE), ("Cache-Control", "no-store")), text.encode("ascii"))

    def reply(self, request: Request, collector: Collector, held: Mapping[str, float]) -> Reply:
        """Return the page, or the collector's reply to an error."""
        try:
            return self.page(request, held)
        except RefusedError as err:
            return collector.reply_to_error(request, err)

    def _is_allowed(self, request: Request) -> bool:
        if self.token:
            given = (request.header("authorization") or "").encode("utf-8", "surrogateescape")
            return hmac.compare_digest(f"Bearer {self.token}".encode(), given)
        # A proxy on this machine forwards requests of others, and marks them.
        is_forwarded = bool(request.values("x-forwarded-for") or request.values("forwarded"))
        return not is_forwarded and _is_loopback(request.remote_addr)


def _is_loopback(address: str | None) -> bool:
    parsed = parse_address(address)
    return parsed is not None and parsed.is_loopback


def _lines(counters: Counters, held: Mapping[str, float]) -> Iterator[str]:
    sums = counters.sums()
    for name, text in COUNTERS.items():
        yield from _head(name, "counter", text)
        rows = sorted((labels, amount) for (counter, labels), amount in sums.items() if counter == name)
        yield from (f"{name}{_braces(labels)} {amount:.0f}" for labels, amount in rows or [((), 0.0)])
    for name, text in GAUGES.items():
        yield from _head(name, "gauge", text)
        yield f"{name} {held[name]:.0f}"
    yield from _send_lines(counters)


def _send_lines(counters: Counters) -> Iterator[str]:
    counts, seconds = counters.sends()
    yield from _head(SEND_SECONDS, "histogram", SEND_SECONDS_HELP)
    cumulative = 0
    for limit, count in zip((*map(str, BUCKETS_SECONDS), "+Inf"), counts, strict=True):
        cumulative += count
        yield f'{SEND_SECONDS}_bucket{{le="{limit}"}} {cumulative}'
    yield f"{SEND_SECONDS}_sum {seconds:.6f}"
    yield f"{SEND_SECONDS}_count {cumulative}"


def _head(name: str, kind: str, text: str) -> tuple[str, str]:
    return f"# HELP {name} {text}", f"# TYPE {name} {kind}"


def _braces(labels: Labels) -> str:
    """Write labels; their values are fixed words and app names, so none needs escaping."""
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels) + "}" if labels else ""
