"""Stored lines and objects as the flush writes them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.store.keys import Zone
from logdig.store.objects import build_object

DAY = date(2026, 11, 24)


def line(event_id: str, received: str = "2026-11-24T12:00:00.000Z", **fields: Any) -> str:
    """Make a raw line of a click."""
    event = {
        "received_at": received,
        "occurred_at": "2026-11-24T11:59:59.000Z",
        "app": "shop",
        "event_id": event_id,
        "type": "click",
        "timestamp": "2026-11-24T11:59:59.123456789z",
        "user_key": "u1",
        "current_page": "https://shop.example/",
        "x": 10,
        "y": 20,
        "element": {"selector": "#buy", "ex": 100, "ey": 5000},
        "view": {"vw": 1280},
        "consent": {"analytics": True, "ads": False},
        "pack_id": "p1",
        **fields,
    }
    return json.dumps(event)


def bad_line(bad_id: str, **fields: Any) -> str:
    """Make a line of the bad zone."""
    rejected = {
        "received_at": "2026-11-24T12:00:00.000Z",
        "bad_id": bad_id,
        "app": "shop",
        "errors": [{"field": "x", "reason": "must be a number"}],
        "text": "{}",
        "bytes": 2,
        "sha256": "0" * 64,
        "truncated": False,
        "pack_id": "p1",
        **fields,
    }
    return json.dumps(rejected)


def put(settings: Settings, zone: Zone, lines: Iterable[str], day: date = DAY) -> None:
    """Store one object."""
    built = build_object(zone, day, [one.encode("ascii") for one in lines])
    s3_store(settings).put(built.key, built.body)


def forget(settings: Settings, *prefixes: str) -> None:
    """Delete every object under prefixes."""
    store = s3_store(settings)
    for prefix in prefixes:
        store.delete([entry.key for entry in store.list(prefix)])
