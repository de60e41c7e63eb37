"""The visits of the example site as a tracker would post them, for machines without a browser."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import urllib3

from logdig.times import wire_time

ELEMENTS = {
    "index.html": ("brand", "nav-album", "hero-play", "hero-album", "pick-14", "pick-215", "pick-37", "pick-478"),
    "album.html": ("album-play", "track-1201", "track-1202", "track-1203", "track-1204", "track-1205", "track-1207"),
    "offer.html": ("upgrade-gold", "stay-silver", "nav-home"),
}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class Made:
    """Events posted and what the collector answered."""

    clicks: int
    sent: int
    accepted: int
    rejected: int


def visit_over_http(site_url: str, collector_url: str, token: str, seeds: Sequence[int]) -> Made:
    """Post one visit a seed: a page view and some clicks on each of the three pages, and a listen."""
    clicks = sent = accepted = rejected = 0
    with urllib3.PoolManager(retries=False, timeout=30) as pool:
        for seed in seeds:
            events = visit_events(site_url, seed, datetime.now(UTC))
            body = json.dumps({"token": token, "sent_at": wire_time(datetime.now(UTC)), "tz_min": 0, "events": events})
            headers = {"Content-Type": "text/plain", "Origin": site_url}
            answer = pool.request("POST", f"{collector_url}/v1/events", body=body.encode(), headers=headers)
            found = json.loads(answer.data)
            clicks += sum(event["type"] == "click" for event in events)
            sent += len(events)
            accepted += found["accepted"]
            rejected += len({one["index"] for one in found["rejected"]})
    return Made(clicks, sent, accepted, rejected)


def visit_events(site_url: str, seed: int, now: datetime) -> list[dict[str, Any]]:
    """Make the events of one visit; the last one lies at ``now``."""
    random = Random(seed)

    def identifier(length: int) -> str:
        return "".join(random.choices(LETTERS, k=length))

    visitor, session = identifier(20), identifier(22)
    width = random.choice((1280, 390))
    events: list[dict[str, Any]] = []
    for load, (page, elements) in enumerate(ELEMENTS.items(), 1):
        view = identifier(22)
        common = {
            "user_key": visitor,
            "session_id": session,
            "page_view_id": view,
            "current_page": f"{site_url}/{page}",
            "load_count": load,
            "consent": {"analytics": True, "ads": False},
            "view": {"vw": width, "vh": 800, "dw": width, "dh": 2000, "sx": 0, "sy": 0, "dpr": 1},
            "page_version": "1",
        }
        own: list[dict[str, Any]] = [{"type": "page"}]
        for name in random.choices(elements, k=random.randint(2, 5)):
            place = Random(name)
            element = {"selector": f'[data-logdig-id="{name}"]', "tag": "button", "w": 120, "h": 40, "fixed": False}
            element |= {"ex": random.randrange(32768), "ey": random.randrange(32768)}
            own.append({"type": "click", "x": place.randrange(width), "y": place.randrange(1500), "element": element})
        if page == "album.html":
            own.append({"type": "listen", "listen": {"track_id": "1201", "mobile": width < 768}})
        events += [event | common for event in own]
    for seq, event in enumerate(events):
        moment = now - timedelta(seconds=len(events) - 1 - seq)
        event |= {
            "event_id": identifier(22),
            "seq": seq,
            "timestamp": wire_time(moment),
            "spent_milli_sec": seq * 1000,
        }
    return events
