"""Request a few decisions as the site's own server, which gets score and reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import urllib3

from logdig.config.settings import AppSettings
from logdig.config.signatures import sign
from logdig.errors import InputError

UNKNOWN_CUSTOMER = "no-such-customer"
COUNT = 3


def request_decisions(endpoint: str, app: AppSettings, secret: bytes, customers: Sequence[str]) -> list[dict[str, Any]]:
    """Request COUNT decisions: for the given customers, then for customer 0 and an unknown one.

    Returns:
        The responses, each with its ``customer_id``.
    Raises:
        InputError: The collector rejects a request.
    """
    chosen = [*customers, "0", UNKNOWN_CUSTOMER][:COUNT] if customers else ["0", "1", UNKNOWN_CUSTOMER]
    with urllib3.PoolManager(retries=False, timeout=10) as pool:
        return [{"customer_id": customer, **_request(pool, endpoint, app, secret, customer)} for customer in chosen]


def _request(
    pool: urllib3.PoolManager, endpoint: str, app: AppSettings, secret: bytes, customer: str
) -> dict[str, Any]:
    body = json.dumps(
        {
            "token": app.token,
            "customer_id": customer,
            "placement": "before-song",
            "consent": {"analytics": True, "ads": True},
        }
    ).encode("ascii")
    headers = {"Content-Type": "application/json", "X-LogDig-Signature": sign(secret, body, datetime.now(UTC))}
    response = pool.request("POST", f"{endpoint}/v1/decide", body=body, headers=headers)
    if response.status != 200:
        raise InputError(f"{endpoint}/v1/decide answers {response.status}: {response.data[:200]!r}")
    decision: dict[str, Any] = json.loads(response.data)
    return decision
