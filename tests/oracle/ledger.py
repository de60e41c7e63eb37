"""The ledger in plain Python, written from docs/ledger.md: slow, line by line, and of nothing but lines and rows."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from logdig.privacy.tombstones import Pseudonyms

Line = tuple[str, str]
"""Key of the object, and text."""
Copy = tuple[dict[str, Any], str, str]
"""Event, key of the object, and text."""
Day = tuple[str, str]
"""App, and UTC day of arrival."""
NO_DAY = "1970-01-01"
GAP_MOST = 10_000
NUMBERED = ("session_id", "seq", "user_key")


@dataclass
class Stored:
    """What there is: lines of both zones and of the dead, objects that ingest has read, and rows of the tables.

    events: app, event_id, day of received_at. bad_events: app, bad_id, day.
    """

    raw: list[Line]
    bad: list[Line]
    dead: list[str]
    read: set[str]
    events: list[tuple[str, str, str]]
    bad_events: list[tuple[str, str, str]]
    names: Pseudonyms


@dataclass
class Ledger:
    """Counts by app and day, and counts by reason."""

    counts: defaultdict[Day, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    rejected: defaultdict[Day, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    dropped: defaultdict[Day, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    told: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    numbers: list[tuple[str, str | None, Any, str, str | None]] = field(default_factory=list)

    def number(self, day: Day, session: Any, seq: Any, browser: Any) -> None:
        self.numbers.append((day[0], session, seq, day[1], browser))


def count(stored: Stored) -> dict[Day, dict[str, Any]]:
    """Count everything; columns of table ledger."""
    out = Ledger()
    known = _raw(stored, out)
    _bad(stored, out)
    for text in stored.dead:
        event = json.loads(text)
        if (event["app"], event["event_id"]) not in known:
            day = event["app"], event["received_at"][:10]
            out.counts[day]["in_dlq"] += 1
            out.number(day, *_position(event, stored.names))
    for app, _id, at in stored.events:
        out.counts[app, at]["in_tables"] += 1
    for app, _id, at in stored.bad_events:
        out.counts[app, at]["bad_in_tables"] += 1
    _gaps(out)
    return {day: _row(out, day) for day in out.counts}


def _raw(stored: Stored, out: Ledger) -> set[tuple[str, str]]:
    events: defaultdict[tuple[str, str], list[Copy]] = defaultdict(list)
    unreadable: defaultdict[str, list[str]] = defaultdict(list)
    for key, text in stored.raw:
        if text.startswith("{"):
            event = json.loads(text)
            events[event["app"], event["event_id"]].append((event, key, text))
        else:
            unreadable[text].append(key)
    in_tables = {(app, one) for app, one, _ in stored.events}
    for name, copies in events.items():
        _event(name, copies, stored, out, is_in=name in in_tables)
    for text, keys in unreadable.items():
        _unreadable(text, keys, stored, out, len(keys))
    return set(events)


def _event(name: tuple[str, str], copies: list[Copy], stored: Stored, out: Ledger, *, is_in: bool) -> None:
    sends = sorted(_sends(name[0], copies, out), key=lambda one: (one[0]["received_at"], one[2]))
    days = [(name[0], event["received_at"][:10]) for event, _, _ in sends]
    for number, at in enumerate(days):
        out.counts[at].update(accepted=1, duplicates_browser=number > 0)
    event, day = sends[0][0], days[0]
    custom = event.get("custom") or {}
    out.number(day, *_position(event, stored.names))
    if custom.get("name") == "$erased":
        out.counts[day]["erased"] += 1
        return
    waits = not is_in and not any(key in stored.read for _, key, _ in copies)
    out.counts[day].update(events=1, waiting=waits, late=event["occurred_at"][:10] < day[1])
    if custom.get("name") == "$dropped":
        out.dropped[day].update(custom["props"])
        numbered = sum(number for reason, number in custom["props"].items() if reason != "before_send")
        out.told[name[0], event["user_key"]] += numbered


def _sends(app: str, copies: list[Copy], out: Ledger) -> list[Copy]:
    """Leave out what the flush wrote again: the same pack in another object."""
    found = []
    for pack in {event["pack_id"] for event, _, _ in copies}:
        by_object: defaultdict[str, list[Copy]] = defaultdict(list)
        for copy in copies:
            if copy[0]["pack_id"] == pack:
                by_object[copy[1]].append(copy)
        most = max(by_object.values(), key=len)
        number = sum(map(len, by_object.values()))
        out.counts[app, most[0][0]["received_at"][:10]].update(raw_lines=number, duplicates_flush=number - len(most))
        found += most
    return found


def _position(event: dict[str, Any], names: Pseudonyms) -> tuple[Any, Any, Any]:
    custom = event.get("custom") or {}
    if custom.get("name") == "$erased":
        return custom["props"].get("session"), custom["props"].get("seq"), None
    session = event.get("session_id")
    return session and names.session(session), event.get("seq"), event.get("user_key")


def _bad(stored: Stored, out: Ledger) -> None:
    events: defaultdict[str, list[tuple[dict[str, Any], str]]] = defaultdict(list)
    for key, text in stored.bad:
        line = json.loads(text)
        events[line["bad_id"]].append((line, key))
    in_tables = {one for _, one, _ in stored.bad_events}
    for bad_id, copies in events.items():
        line = min((line for line, _ in copies), key=lambda one: str(one["received_at"]))
        day = line["app"] or "", line["received_at"][:10]
        waits = bad_id not in in_tables and not any(key in stored.read for _, key in copies)
        out.counts[day].update(rejected=1, bad_waiting=waits)
        error = line["errors"][0]
        out.rejected[day][f"{error['field']} {error['reason']}".strip()] += 1
        found = {
            name: re.search(rf'"{name}"\s*:\s*"?([^",}}]+)', line["text"]) for name in ("session_id", "seq", "user_key")
        }
        session, seq, browser = (one[1] if one else None for one in found.values())
        out.number(day, session and stored.names.session(session), int(seq) if seq else None, browser)


def _unreadable(text: str, keys: list[str], stored: Stored, out: Ledger, in_raw: int) -> None:
    is_in = sha256(text.encode()).hexdigest() in {one for _, one, _ in stored.bad_events}
    waits = not is_in and not any(key in stored.read for key in keys)
    out.counts["", NO_DAY].update(unreadable=1, raw_unreadable=in_raw, raw_lines=in_raw, bad_waiting=waits)


def _gaps(out: Ledger) -> None:
    sessions: defaultdict[tuple[str, str], list[tuple[int, str, str | None]]] = defaultdict(list)
    for app, session, seq, at, browser in out.numbers:
        if session is None or seq is None or seq < 0:
            out.counts[app, at]["sent"] += 1
        else:
            sessions[app, session].append((seq, at, browser))
    gaps: defaultdict[tuple[str, str | None], list[tuple[str, int]]] = defaultdict(list)
    for (app, _), numbers in sessions.items():
        # Of an event in two places the one that tells its browser counts.
        numbers.sort(key=lambda one: (one[0], one[1], one[2] is None))
        before = -1
        for seq, at, browser in numbers:
            gap = seq - before - 1 if seq != before else 0
            out.counts[app, at].update(
                {"repeated": 1} if seq == before else {"sent": 1 + (gap if gap <= 10_000 else 0)}
            )
            if 0 < gap <= 10_000:
                gaps[app, browser].append((at, gap))
            before = seq
    for (app, browser), found in gaps.items():
        left = out.told[app, browser] if browser else 0
        for at, gap in sorted(found):
            explained = min(gap, left)
            left -= explained
            out.counts[app, at].update(dropped_numbers=explained, missing=gap - explained)


def _row(out: Ledger, day: Day) -> dict[str, Any]:
    counts = out.counts[day]
    counts["accepted"] += 0
    counts["received"] = counts["accepted"] + counts["rejected"] + counts["in_dlq"]
    counts["dropped"] = sum(out.dropped[day].values())
    return {**counts, "rejected_by_reason": dict(out.rejected[day]), "dropped_by_reason": dict(out.dropped[day])}
