"""Visits of the example site posted over HTTP as the tracker would, for machines without a browser."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import urllib3

from demo.visits import VisitCounts, Visitor
from logdig.errors import InputError
from logdig.times import wire_time

ELEMENTS = {
    "index.html": ("brand", "nav-album", "hero-play", "hero-album", "pick-14", "pick-215", "pick-37", "pick-478"),
    "album.html": ("album-play", "track-1201", "track-1202", "track-1203", "track-1204", "track-1205", "track-1207"),
    "offer.html": ("upgrade-gold", "stay-silver", "nav-home"),
}
PLACEMENT = "before-song"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def visit_over_http(site_url: str, collector_url: str, token: str, visitors: Sequence[Visitor]) -> VisitCounts:
    """Post each visit: a page view and some clicks on each of the three pages, a decision, its offer, and a listen."""
    with urllib3.PoolManager(retries=False, timeout=30) as pool:
        poster = _Poster(pool, site_url, collector_url, token)
        for visitor in visitors:
            poster.visit(visitor)
    return poster.counts


class _Poster:
    """Calls the collector as the pages of the site do."""

    def __init__(self, pool: urllib3.PoolManager, site_url: str, collector_url: str, token: str) -> None:
        self._pool, self._site_url, self._collector_url, self._token = pool, site_url, collector_url, token
        self.counts = VisitCounts()

    def visit(self, visitor: Visitor) -> None:
        """Post one visit and count it."""
        decision = self._decide(visitor) if visitor.customer_id is not None else None
        now = datetime.now(UTC)
        events = visit_events(self._site_url, visitor, now, decision)
        body = {"token": self._token, "sent_at": wire_time(now), "tz_min": 0, "events": events}
        result = self._post("/v1/events", body)
        self.counts.add(
            VisitCounts(
                visitors=1,
                clicks=sum(event["type"] == "click" for event in events),
                sent=len(events),
                accepted=result["accepted"],
                rejected=len({error["index"] for error in result["rejected"]}),
                decisions=decision is not None,
                offers=decision is not None and decision["decision"] == "show",
            )
        )

    def _decide(self, visitor: Visitor) -> dict[str, Any]:
        consent = {"analytics": True, "ads": True}
        body = {"token": self._token, "customer_id": visitor.customer_id, "placement": PLACEMENT, "consent": consent}
        return self._post("/v1/decide", body)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": "text/plain", "Origin": self._site_url}
        content = json.dumps(body).encode()
        response = self._pool.request("POST", self._collector_url + path, body=content, headers=headers)
        if response.status not in (200, 202):
            raise InputError(f"{path} answers {response.status}: {response.data[:200]!r}")
        result: dict[str, Any] = json.loads(response.data)
        return result


def visit_events(
    site_url: str, visitor: Visitor, now: datetime, decision: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Make the events of one visit; the last one happens at ``now``.

    Args:
        site_url: Address of the site.
        visitor: Who visits.
        now: UTC.
        decision: Response of decide; None = it was not called.
    """
    random = Random(visitor.seed)

    def identifier(length: int) -> str:
        return "".join(random.choices(LETTERS, k=length))

    user_key, session = identifier(20), identifier(22)
    width = visitor.width
    events: list[dict[str, Any]] = []
    for load, (page, elements) in enumerate(ELEMENTS.items(), 1):
        view = identifier(22)
        common = {
            "user_key": user_key,
            "session_id": session,
            "page_view_id": view,
            "current_page": f"{site_url}/{page}",
            "load_count": load,
            "customer_id": visitor.customer_id,
            "consent": {"analytics": True, "ads": visitor.customer_id is not None},
            "view": {"vw": width, "vh": 800, "dw": width, "dh": 2000, "sx": 0, "sy": 0, "dpr": 1},
            "page_version": "2.0",
        }
        page_events: list[dict[str, Any]] = [{"type": "page"}]
        for name in random.choices(elements, k=random.randint(2, 5)):
            position = Random(name)
            element = {"selector": f'[data-logdig-id="{name}"]', "tag": "button", "w": 120, "h": 40, "fixed": False}
            element |= {"ex": random.randrange(32768), "ey": random.randrange(32768)}
            page_events.append(
                {"type": "click", "x": position.randrange(width), "y": position.randrange(1500), "element": element}
            )
        if page == "album.html":
            page_events += _offer(visitor, decision)
            page_events.append({"type": "listen", "listen": {"track_id": "1201", "mobile": width < 768}})
        events += [event | common for event in page_events]
    for seq, event in enumerate(events):
        moment = now - timedelta(seconds=len(events) - 1 - seq)
        event |= {
            "event_id": identifier(22),
            "seq": seq,
            "timestamp": wire_time(moment),
            "spent_milli_sec": seq * 1000,
        }
    return events


def _offer(visitor: Visitor, decision: dict[str, Any] | None) -> list[dict[str, Any]]:
    if decision is None or decision["decision"] != "show":
        return []
    ad = {"name": decision["ad"], "decision_id": decision["decision_id"], "placement": PLACEMENT}
    actions = ("view", "click" if visitor.accepts else "dismiss")
    return [{"type": "ad", "ad": ad | {"action": action}} for action in actions]
