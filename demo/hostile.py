"""Bad input on purpose: the demo posts it to show that valid events beside it are accepted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import urllib3

from logdig.config.settings import AppSettings
from logdig.config.signatures import sign
from logdig.times import wire_time


@dataclass(frozen=True, slots=True)
class HostileReport:
    """Good and bad events posted in one batch, and the result; ``refused`` holds the status by kind of body."""

    sent: int
    accepted: int
    rejected: int
    refused: dict[str, int]


def post_hostile(endpoint: str, app: AppSettings, secret: bytes, run: str) -> HostileReport:
    """Post one batch of good and bad events, then bodies that are refused as a whole.

    Args:
        endpoint: Address of the collector.
        app: Its token is used.
        secret: Its signing secret.
        run: Makes the events' ids different from those of other runs, 8 letters or digits.
    """
    url = endpoint + "/v1/events"
    good = _event(f"{run}-hostile-good-1"), _event(f"{run}-hostile-good-2")
    bad = (
        _event(f"{run}-hostile-nan").replace('"props":{}', '"props":{"n":NaN}'),
        _event(f"{run}-hostile-surrogate").replace('"props":{}', '"props":{"t":"\\ud800"}'),
        _event(f"{run}-hostile-unknown").replace('"type"', '"own":1,"type"'),
        _event(f"{run}-hostile-missing").replace('"customer_id":"1",', ""),
        '"no event at all"',
    )
    body = f'{{"token":"{app.token}","events":[{",".join((good[0], *bad, good[1]))}]}}'.encode()
    with urllib3.PoolManager(retries=False, timeout=30) as pool:

        def post(content: bytes) -> urllib3.BaseHTTPResponse:
            headers = {"Content-Type": "application/json"}
            headers["X-LogDig-Signature"] = sign(secret, content, datetime.now(UTC))
            return pool.request("POST", url, body=content, headers=headers)

        response = post(body)
        refused = {
            "not JSON": post(b"{").status,
            "unknown token": post(b'{"token":"pk_of_nobody","events":[]}').status,
            "over 1 MiB": post(b" " * (1024 * 1024 + 1)).status,
        }
    result = json.loads(response.data)
    rejected = len({error["index"] for error in result["rejected"]})
    return HostileReport(len(good) + len(bad), result["accepted"], rejected, refused)


def _event(event_id: str) -> str:
    event = {
        "event_id": event_id,
        "type": "custom",
        "timestamp": wire_time(datetime.now(UTC)),
        "customer_id": "1",
        "consent": {"analytics": True, "ads": False},
        "custom": {"name": "hostile", "props": {}},
    }
    return json.dumps(event, separators=(",", ":"))
