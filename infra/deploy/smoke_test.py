"""Check the road for real: one event from the endpoint to the bucket, and out again."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

from infra.aws.account import Account
from infra.aws.cloudformation import Stack
from infra.aws.http import ask
from infra.aws.remote import flush_now
from logdig.config.settings import AppSettings, Settings
from logdig.errors import LogDigError
from logdig.store.keys import day_prefix, parse_key
from logdig.store.object_store import EventStore
from logdig.store.objects import build_object, decompress
from logdig.times import wire_time

REACH_SECONDS = 120
"""A new address may take a while until the whole world knows it."""
FIND_SECONDS = 180
PAUSE_SECONDS = 3.0


class RoadClosedError(LogDigError):
    """The probe did not arrive; says at which step, and what to look at."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where the probe was, and how long it took; no key: there was no app to send it for."""

    key: str
    seconds: float


def check_road(account: Account, settings: Settings, stack: Stack, store: EventStore) -> Found | None:
    """Post a probe event, force a flush, find the event in the bucket, remove it.

    Args:
        account: Where.
        settings: Names and apps.
        stack: What is deployed.
        store: Its bucket.
    Returns:
        None when no app of the settings may write from a page, so nothing can be sent.
    Raises:
        RoadClosedError: The event was not taken, or not found in time.
    """
    app = next((one for one in settings.apps if one.origins and not one.disabled), None)
    if app is None:
        return None
    started = account.clock()
    event_id = f"probe-{secrets.token_urlsafe(16)}"
    days = {started.date()}
    seen = {entry.key for entry in store.list(day_prefix("raw", started.date()))}
    _post(account, stack.outputs["Endpoint"], app, event_id)
    found: list[str] = []

    def is_found() -> bool:
        flush_now(account, stack, force=True)
        # The scheduled flush may have been faster, so whatever is new is looked into.
        days.add(account.clock().date())
        new = [entry.key for day in days for entry in store.list(day_prefix("raw", day)) if entry.key not in seen]
        seen.update(new)
        found.extend(key for key in new if _remove(store, key, event_id))
        return bool(found)

    if not account.wait(is_found, every_seconds=PAUSE_SECONDS, at_most_seconds=FIND_SECONDS):
        raise RoadClosedError(
            f"the probe {event_id} was taken but is not in {settings.bucket_name} after {FIND_SECONDS} s; "
            "look at 'logdig tail --of flush' and 'logdig status'"
        )
    return Found(found[0], (account.clock() - started).total_seconds())


def probe(app: AppSettings, event_id: str, now: str) -> dict[str, Any]:
    """The request's body: one event of the owner's own."""
    origin = app.origins[0].replace("*.", "logdig-probe.")
    event = {
        "event_id": event_id, "seq": 0, "type": "custom", "timestamp": now, "user_key": "logdig-probe",
        "session_id": "logdig-probe", "page_view_id": "logdig-probe", "current_page": f"{origin}/", "load_count": 1,
        "spent_milli_sec": 0, "consent": {"analytics": True, "ads": False}, "staff": True,
        "custom": {"name": "logdig-probe"},
    }  # fmt: skip
    return {"token": app.token, "tracker": "logdig-probe", "events": [event]}


def _post(account: Account, endpoint: str, app: AppSettings, event_id: str) -> None:
    body = json.dumps(probe(app, event_id, wire_time(account.clock()))).encode()
    origin = app.origins[0].replace("*.", "logdig-probe.")
    headers = {"Content-Type": "application/json", "Origin": origin}
    said = ""

    def is_taken() -> bool:
        nonlocal said
        answer = ask(f"{endpoint}/v1/events", account.endpoint, body, headers)
        said = f"{answer.status} {answer.body[:300].decode(errors='replace')}"
        return answer.status == 202 and json.loads(answer.body)["accepted"] == 1

    if not account.wait(is_taken, every_seconds=PAUSE_SECONDS, at_most_seconds=REACH_SECONDS):
        raise RoadClosedError(f"{endpoint} did not take the probe: {said}; look at 'logdig tail --of collector'")


def _remove(store: EventStore, key: str, event_id: str) -> bool:
    """Take the probe's line out of an object; False when it holds none."""
    try:
        name = parse_key(key)
        text = decompress(store.get(key))
    except (KeyError, ValueError):
        text = None
    if text is None:
        return False  # Gone again, or none of ours.
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
