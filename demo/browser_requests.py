"""What a browser profile sends to the collector and is answered, read off its requests."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import BrowserContext, Request, Response


class Wire:
    """Watches one browser profile from its making on.

    Events that go by beacon are not seen here; the tracker keeps them and sends them again, which is.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.sent: set[str] = set()
        self.accepted: set[str] = set()
        self.decisions = 0
        self.asking = 0
        self._turns: dict[str, set[int]] = {}
        context.on("request", self._request)
        context.on("response", self._response)
        context.on("requestfailed", self._failed)

    def gaps(self) -> list[int]:
        """Turns of a session that were made but not seen: ``seq`` counts up by one."""
        return sorted(turn for turns in self._turns.values() for turn in set(range(max(turns))) - turns)

    def is_settled(self) -> bool:
        """Tell whether everything that was seen to be sent is answered."""
        return self.sent == self.accepted and not self.asking and not self.gaps()

    def _request(self, request: Request) -> None:
        self.asking += _asks(request)
        for event in _events(request):
            self.sent.add(event["event_id"])
            self._turns.setdefault(event["session_id"], set()).add(event["seq"])

    def _response(self, response: Response) -> None:
        self.asking -= _asks(response.request)
        if response.ok:
            self.accepted |= {event["event_id"] for event in _events(response.request)}
            self.decisions += _asks(response.request)

    def _failed(self, request: Request) -> None:
        self.asking -= _asks(request)


def _asks(request: Request) -> bool:
    return request.method == "POST" and request.url.endswith("/v1/decide")


def _events(request: Request) -> list[dict[str, Any]]:
    body = request.post_data_buffer
    if body is None or not request.url.endswith("/v1/events"):
        return []
    events: list[dict[str, Any]] = json.loads(body)["events"]
    return events
