"""Ask for a few decisions as the site's own server would, which hears score and reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import urllib3

from logdig.config.settings import AppSettings
from logdig.config.signatures import sign
from logdig.errors import InputError

NOBODY = "no-such-customer"
COUNT = 3


def ask(endpoint: str, app: AppSettings, secret: bytes, customers: Sequence[str]) -> list[dict[str, Any]]:
    """Ask COUNT times: for the given customers, then for customer 0 and one whom nobody knows.

    Returns:
        The answers, each with the ``customer_id`` it is about.
    Raises:
        InputError: The collector refuses to answer.
    """
    asked = [*customers, "0", NOBODY][:COUNT] if customers else ["0", "1", NOBODY]
    with urllib3.PoolManager(retries=False, timeout=10) as pool:
        return [{"customer_id": one, **_ask(pool, endpoint, app, secret, one)} for one in asked]


def _ask(pool: urllib3.PoolManager, endpoint: str, app: AppSettings, secret: bytes, customer: str) -> dict[str, Any]:
    body = json.dumps(
        {
            "token": app.token,
            "customer_id": customer,
            "placement": "before-song",
            "consent": {"analytics": True, "ads": True},
        }
    ).encode("ascii")
    headers = {"Content-Type": "application/json", "X-LogDig-Signature": sign(secret, body, datetime.now(UTC))}
    reply = pool.request("POST", f"{endpoint}/v1/decide", body=body, headers=headers)
    if reply.status != 200:
        raise InputError(f"{endpoint}/v1/decide answers {reply.status}: {reply.data[:200]!r}")
    answer: dict[str, Any] = json.loads(reply.data)
    return answer
