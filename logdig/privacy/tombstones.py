"""Tombstones: the lines that replace a person's lines, of the same zone and day, without personal data.

They keep the counts of the ledger right: the line is still counted, and its number in its session still filled. Ids
become pseudonyms, hashes with a salt that is stored beside the erasures, so that copies of one event still count as
copies. The time is cut to the day.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from logdig.events.lines import TEN_NAMES, bad_line
from logdig.events.validation import FieldFault
from logdig.store.keys import Zone
from logdig.times import wire_time

ERASED_NAME = "$erased"
"""Name of the server's own custom event; its lines enter no table."""
ERASED_REASON = "erased"
PSEUDONYM_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Salted hashes in place of values; equal values get equal pseudonyms."""

    salt: str

    def of(self, kind: str, value: str) -> str:
        """Hash a value of a kind: 128 bits, hexadecimal; analytics/ledger/sequence_gaps.py does the same in Spark."""
        text = f"{self.salt} {kind} {value}".encode("utf-8", "surrogatepass")
        return hashlib.sha256(text).hexdigest()[:PSEUDONYM_DIGITS]

    def session(self, value: str) -> str:
        """Hash a session id; the tilde, which no session id has, marks the result."""
        return value if value.startswith("~") else f"~{self.of('session', value)}"


def tombstone(zone: Zone, day: date, line: bytes, names: Pseudonyms) -> bytes:
    """Write the line that replaces another."""
    erased = _object(line.decode("utf-8", "replace"))
    received_at = datetime.combine(day, time(), UTC)
    pack_id = erased.get("pack_id")
    if zone == "bad":
        text = json.dumps(_position(_object(str(erased.get("text", ""))), names, "session_id"))
        bad_id = erased.get("bad_id") or names.of("line", line.decode("utf-8", "replace"))
        errors = [FieldFault("", ERASED_REASON)]
        return bad_line(received_at, bad_id, erased.get("app"), errors, text.encode(), pack_id=pack_id)
    timestamp = wire_time(received_at)
    event_id = str(erased.get("event_id") or line.decode("utf-8", "replace"))
    event = {
        "received_at": timestamp,
        "occurred_at": timestamp,
        "app": erased.get("app") or "",
        **dict.fromkeys(TEN_NAMES),
        "timestamp": timestamp,
        "event_id": names.of("event", event_id),
        "type": "custom",
        "custom": {"name": ERASED_NAME, "props": _position(erased, names, "session")},
        "pack_id": pack_id,
    }
    return json.dumps(event, separators=(",", ":")).encode("ascii")


def _position(event: dict[str, Any], names: Pseudonyms, key: str) -> dict[str, Any]:
    session, seq = event.get("session_id"), event.get("seq")
    if not isinstance(session, str) or type(seq) is not int:
        return {}
    return {key: names.session(session), "seq": seq}


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
