"""Smoke test of a deployed stack: one event from the endpoint to the bucket, then removed."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.aws.account import Account
from infra.aws.cloudformation import Stack
from infra.aws.http import send_request
from infra.aws.remote import flush_now
from logdig.config.settings import AppSettings, Settings
from logdig.errors import LogDigError
from logdig.store.keys import day_prefix, parse_key
from logdig.store.object_store import EventStore
from logdig.store.objects import build_object, decompress
from logdig.times import wire_time

REACH_SECONDS = 120
"""A new address may take a while until DNS serves it everywhere."""
FIND_SECONDS = 180
PAUSE_SECONDS = 3.0


class SmokeTestFailedError(LogDigError):
    """The probe did not arrive; names the step and where to look."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """Key of the object that held the probe, and seconds until it was found."""

    key: str
    seconds: float


def smoke_test(
    account: Account, settings: Settings, stack: Stack, store: EventStore, print_line: Callable[[str], None]
) -> ProbeResult | None:
    """Post a probe event, force a flush, find the event in the bucket, remove it.

    Args:
        account: Where.
        settings: Names and apps.
        stack: What is deployed.
        store: Its bucket.
        print_line: Called once for each step whose first try fails, with the reason and how long it goes on.
    Returns:
        None when no app of the settings has an origin, so that no probe can be sent.
    Raises:
        SmokeTestFailedError: The collector did not accept the event, or it was not found in time.
    """
    app = next((app for app in settings.apps if app.origins and not app.disabled), None)
    if app is None:
        return None
    started = account.clock()
    event_id = f"probe-{secrets.token_urlsafe(16)}"
    days = {started.date()}
    checked = {entry.key for entry in store.list(day_prefix("raw", started.date()))}
    _post(account, stack.outputs["Endpoint"], app, event_id, print_line)
    keys: list[str] = []
    tries = 0

    def is_found() -> bool:
        nonlocal tries
        tries += 1
        flush_now(account, stack, force=True)
        # The scheduled flush may have been faster, so every new object is checked.
        days.add(account.clock().date())
        new = [entry.key for day in days for entry in store.list(day_prefix("raw", day)) if entry.key not in checked]
        checked.update(new)
        keys.extend(key for key in new if _remove_probe(store, key, event_id))
        if tries == 1 and not keys:
            print_line(f"the probe is not in {settings.bucket_name} yet; looking for at most {FIND_SECONDS} s")
        return bool(keys)

    if not account.wait(is_found, every_seconds=PAUSE_SECONDS, at_most_seconds=FIND_SECONDS):
        raise SmokeTestFailedError(
            f"the probe {event_id} was accepted but is not in {settings.bucket_name} after {FIND_SECONDS} s; "
            "look at 'logdig tail --of flush' and 'logdig status'"
        )
    return ProbeResult(keys[0], (account.clock() - started).total_seconds())


def probe(app: AppSettings, event_id: str, now: str) -> dict[str, Any]:
    """The request's body: one custom event marked as staff."""
    origin = app.origins[0].replace("*.", "logdig-probe.")
    event = {
        "event_id": event_id, "seq": 0, "type": "custom", "timestamp": now, "user_key": "logdig-probe",
        "session_id": "logdig-probe", "page_view_id": "logdig-probe", "current_page": f"{origin}/", "load_count": 1,
        "spent_milli_sec": 0, "consent": {"analytics": True, "ads": False}, "staff": True,
        "custom": {"name": "logdig-probe"},
    }  # fmt: skip
    return {"token": app.token, "tracker": "logdig-probe", "events": [event]}


def _post(account: Account, endpoint: str, app: AppSettings, event_id: str, print_line: Callable[[str], None]) -> None:
    body = json.dumps(probe(app, event_id, wire_time(account.clock()))).encode()
    origin = app.origins[0].replace("*.", "logdig-probe.")
    headers = {"Content-Type": "application/json", "Origin": origin}
    last_response = ""

    def try_once() -> bool:
        nonlocal last_response
        is_first = not last_response
        response = send_request(f"{endpoint}/v1/events", account.endpoint, body, headers)
        last_response = f"{response.status} {response.body[:300].decode(errors='replace')}"
        is_accepted = response.status == 202 and json.loads(response.body)["accepted"] == 1
        if is_first and not is_accepted:
            print_line(f"{endpoint} does not accept the probe: {last_response}; trying for at most {REACH_SECONDS} s")
        return is_accepted

    if not account.wait(try_once, every_seconds=PAUSE_SECONDS, at_most_seconds=REACH_SECONDS):
        raise SmokeTestFailedError(
            f"{endpoint} did not accept the probe: {last_response}; look at 'logdig tail --of collector'"
        )


def _remove_probe(store: EventStore, key: str, event_id: str) -> bool:
    """Remove the probe's line from an object; False when it holds none."""
    try:
        name = parse_key(key)
        text = decompress(store.get(key))
    except (KeyError, ValueError):
        text = None
    if text is None:
        return False  # Deleted meanwhile, or not an object of LogDig.
    lines = text.splitlines()
    mark = f'"{event_id}"'.encode("ascii")
    kept = [line for line in lines if mark not in line]
    if len(kept) == len(lines):
        return False
    if kept:
        built = build_object(name.zone, name.day, kept)
        store.put(built.key, built.body)
    store.delete([key])
    return True
