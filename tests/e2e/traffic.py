"""500 events of one site: people whose phones tell the model something, and whoever walks its pages.

Half of the customers listen on phones and click the ad in both label windows; the others never do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from logdig.times import wire_time

OFFER = "ADV_REDUCED_1DAY"
CUSTOMERS = 110
PHONE = 55
"""Customers below this number are the ones with phones."""
SPAN = timedelta(days=28)
"""The label windows are each a quarter of the span: (-14, -7] and (-7, 0] days."""
EVENTS_A_REQUEST = 10
CUSTOMER_FILE_HEADER = "CustID,zip,SignDate,Status,Level,Campaign,LinkedWithApps,Gender"


def recorded_events(count: int, page: str, now: datetime) -> list[dict[str, Any]]:
    """Make exactly ``count`` events: two listens of each customer, the clicks on the ad, and clicks on the page."""
    events = [*_listens(now), *_ad_clicks(now)]
    assert len(events) <= count
    events += [_click(number, page, now) for number in range(count - len(events))]
    return events


def _listens(now: datetime) -> Iterator[dict[str, Any]]:
    for customer in range(CUSTOMERS):
        for turn in range(2):
            at = now - SPAN + timedelta(hours=1 + customer * 0.1 + turn * 24)
            yield _event(f"listen-{customer}-{turn}", "listen", at, customer) | {
                "listen": {"track_id": str(turn), "mobile": customer < PHONE, "zip": None, "listened_ms": None}
            }


def _ad_clicks(now: datetime) -> Iterator[dict[str, Any]]:
    for customer in range(PHONE):
        for turn, days in enumerate((10, 3)):
            yield _event(f"ad-click-{customer}-{turn}", "ad", now - timedelta(days=days), customer) | {
                "ad": {"name": OFFER, "action": "click", "decision_id": None, "placement": "before-song"}
            }
    # The last thing that happened, so that the label windows are where they should be.
    yield _event("ad-click-latest", "ad", now - timedelta(minutes=5), 0) | {
        "ad": {"name": OFFER, "action": "click", "decision_id": None, "placement": "before-song"}
    }


def _click(number: int, page: str, now: datetime) -> dict[str, Any]:
    return _event(f"page-click-{number}", "click", now - timedelta(minutes=10), None) | {
        "current_page": page,
        "x": 10 * (number % 5),
        "y": 20,
        "element": {"selector": f"#button-{number % 5}", "ex": 100, "ey": 100, "w": 40, "h": 20, "fixed": False},
        "view": {"vw": 1000, "vh": 700, "dw": 1000, "dh": 1400, "sx": 0, "sy": 0, "dpr": 1},
    }


def _event(name: str, kind: str, at: datetime, customer: int | None) -> dict[str, Any]:
    who = "visitor" if customer is None else f"user-{customer}"
    return {
        "event_id": f"{name:-<20}",
        "seq": 1,
        "type": kind,
        "timestamp": wire_time(at),
        "user_key": who,
        "session_id": who,
        "page_view_id": who,
        "current_page": "https://shop.example/",
        "load_count": 1,
        "spent_milli_sec": 1000,
        "customer_id": None if customer is None else str(customer),
        "consent": {"analytics": True, "ads": True},
    }


def bodies(events: list[dict[str, Any]], token: str) -> Iterator[bytes]:
    """Bodies of requests, ten events each."""
    for start in range(0, len(events), EVENTS_A_REQUEST):
        envelope = {"token": token, "sent_at": wire_time(datetime.now(UTC)), "tz_min": 0}
        yield json.dumps(envelope | {"events": events[start : start + EVENTS_A_REQUEST]}).encode()


def customer_file() -> str:
    """All customers as a file to load: active Silver members."""
    rows = (f"{number},12345,01/02/2013,1,1,1,1,0" for number in range(CUSTOMERS))
    return "\n".join([CUSTOMER_FILE_HEADER, *rows, ""])
