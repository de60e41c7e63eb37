"""Events that a browser profile sends to the collector, and the responses, read from its requests."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import BrowserContext, Request, Response


class BrowserRequests:
    """Watches one browser profile from its start.

    Events sent by beacon are invisible here; the tracker keeps them and sends them again by request.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.sent: set[str] = set()
        self.accepted: set[str] = set()
        self.decisions = 0
        self.pending_decisions = 0
        self._sequences: dict[str, set[int]] = {}
        context.on("request", self._request)
        context.on("response", self._response)
        context.on("requestfailed", self._failed)

    def gaps(self) -> list[int]:
        """Sequence numbers that a session used but that were not seen: ``seq`` counts up by one."""
        return sorted(seq for seen in self._sequences.values() for seq in set(range(max(seen))) - seen)

    def is_settled(self) -> bool:
        """Tell whether every event seen in a request was accepted."""
        return self.sent == self.accepted and not self.pending_decisions and not self.gaps()

    def _request(self, request: Request) -> None:
        self.pending_decisions += _is_decision(request)
        for event in _events(request):
            self.sent.add(event["event_id"])
            self._sequences.setdefault(event["session_id"], set()).add(event["seq"])

    def _response(self, response: Response) -> None:
        self.pending_decisions -= _is_decision(response.request)
        if response.ok:
            self.accepted |= {event["event_id"] for event in _events(response.request)}
            self.decisions += _is_decision(response.request)

    def _failed(self, request: Request) -> None:
        self.pending_decisions -= _is_decision(request)


def _is_decision(request: Request) -> bool:
    return request.method == "POST" and request.url.endswith("/v1/decide")


def _events(request: Request) -> list[dict[str, Any]]:
    body = request.post_data_buffer
    if body is None or not request.url.endswith("/v1/events"):
        return []
    events: list[dict[str, Any]] = json.loads(body)["events"]
    return events
