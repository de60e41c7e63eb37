"""What a tracker or a server would send: events by type, bodies, requests."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from logdig.collect.collector import Collector
from logdig.collect.http import Headers, Request
from logdig.config.apps import App, Apps
from logdig.config.signatures import sign
from logdig.queue.packs import EventSink
from tests.fakes.sinks import MemorySink

NOW = datetime(2026, 11, 23, 6, 41, 1, tzinfo=UTC)
ORIGIN = "https://shop.example"
APP_ORIGIN = "capacitor://localhost"
TOKEN = "pk_shop_1"
SLOW_TOKEN = "pk_slow_1"
SECRET = b"shop-secret"
BROWSER: Headers = (("origin", ORIGIN), ("content-type", "text/plain"), ("user-agent", "Mozilla/5.0 (X11) Firefox/140"))

OWN_PARTS: dict[str, dict[str, Any]] = {
    "page": {"page": {"referrer": "http://else.example/", "title": "Home", "language": "ko-KR"}},
    "click": {
        "x": 110,
        "y": 400,
        "element": {"selector": "#buy", "tag": "a", "ex": 16384, "ey": 8000, "w": 120, "h": 40, "fixed": False},
        "after": {"mutation_ms": 12, "scroll_ms": None, "navigated_ms": None},
    },
    "submit": {"element": {"selector": "#form", "tag": "form"}},
    "scroll": {"scroll": {"depth_px": 2400.5, "depth_share": 0.6, "engaged_ms": 9000}},
    "move": {"move": {"anchors": ["#buy"], "points": [[0, 1, 2, 3], [-1, 4, 5, 6]]}},
    "listen": {"listen": {"track_id": "412", "mobile": True, "zip": "01234", "listened_ms": None}},
    "ad": {"ad": {"name": "ADV_REDUCED_1DAY", "action": "click", "decision_id": None, "placement": "before-song"}},
    "custom": {"custom": {"name": "upgrade", "props": {"level": 2, "gift": False, "note": "선물", "rest": None}}},
    "identify": {"customer_id": "c-7"},
}
COMMON: dict[str, Any] = {
    "seq": 17,
    "page_view_id": "pv-1",
    "timestamp": "2026-11-23T06:40:59.120Z",
    "user_key": "abcdefghij0123456789",
    "session_id": "s-1",
    "current_page": "http://site.com/index.html",
    "link": "http://site.com/page.html",
    "load_count": 2,
    "spent_milli_sec": 1120,
    "customer_id": None,
    "consent": {"analytics": True, "ads": False},
    "view": {"vw": 1280, "vh": 720, "dw": 1280, "dh": 4000, "sx": 0, "sy": -2.5, "dpr": 2},
    "page_version": "v1",
    "experiments": {"button": "green"},
    "sample_rate": 1,
    "staff": False,
}
TEN_FIELDS = {
    "timestamp": "2026-11-23T06:40:00",
    "token": TOKEN,
    "user_key": "abcdefghij0123456789",
    "current_page": "http://site.com/index.html",
    "link": "http://site.com/page.html",
    "x": "110",
    "y": "400",
    "spent_milli_sec": "1120",
    "user_agent": "Mozilla/5.0 (X11) Firefox/140",
    "load_count": "2",
}
_ids = count()


def event(name: str = "click", **changes: Any) -> dict[str, Any]:
    """Make a whole event of a type with an id of its own."""
    return {"event_id": f"event-{next(_ids):016}", "type": name, **COMMON, **OWN_PARTS[name]} | changes


def without(value: dict[str, Any], *names: str) -> dict[str, Any]:
    """Leave out fields."""
    return {name: item for name, item in value.items() if name not in names}


def signed_event(name: str, **changes: Any) -> dict[str, Any]:
    """Make the least that a server-side sender may send."""
    needed = ("event_id", "type", "timestamp", "user_key", "consent", *OWN_PARTS[name])
    return {field: value for field, value in event(name).items() if field in needed} | changes


def body(*events: Any, **envelope: Any) -> bytes:
    """Encode a body; bytes among the events are taken as they are."""
    texts = [item if isinstance(item, bytes) else json.dumps(item).encode() for item in events]
    head = json.dumps({"token": TOKEN, "sent_at": "2026-11-23T06:41:00.120Z", "tz_min": 540} | envelope).encode()
    return head[:-1] + b', "events": [' + b", ".join(texts) + b"]}"


def post(payload: bytes, path: str = "/v1/events", headers: Headers = BROWSER, query: str = "") -> Request:
    """Make the request of a browser."""
    return Request("POST", path, query, headers, payload)


def signed(payload: bytes, path: str = "/v1/events", secret: bytes = SECRET, at: datetime = NOW) -> Request:
    """Make the request of a server-side sender."""
    headers = (("content-type", "application/json"), ("x-logdig-signature", sign(secret, payload, at)))
    return Request("POST", path, "", headers, payload)


def three_apps() -> Apps:
    """``shop`` with a secret, ``blog`` without, and ``slow``, which may send one request a minute."""
    return Apps(
        [
            App("shop", TOKEN, frozenset({ORIGIN, APP_ORIGIN}), allowed_query=frozenset({"album"})),
            App("blog", "pk_blog_1", frozenset({"https://blog.example"})),
            App("slow", SLOW_TOKEN, frozenset({ORIGIN}), requests_per_minute=1),
        ],
        {"shop": [SECRET]},
    )


def collector(sink: EventSink | None = None, **parts: Any) -> Collector:
    """Make a collector whose clock ticks a millisecond a look and whose ids count."""
    ticks, numbers = count(), count()
    return Collector(
        three_apps(),
        sink if sink is not None else MemorySink(),
        lambda: NOW + timedelta(milliseconds=next(ticks)),
        lambda: f"id-{next(numbers):019}",
        **parts,
    )
