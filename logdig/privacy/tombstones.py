"""What stands where a person's line was: a line of the same zone and day that says nothing of the person.

It lets every count go on meeting: the line is still counted, and the number that it had in its session still filled.
Ids are replaced by pseudonyms, hashes with a salt that lies beside the erasures, so that copies of one event still
count as copies. The time is cut to the day.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from logdig.events.lines import TEN_NAMES
from logdig.store.keys import Zone

ERASED_NAME = "$erased"
"""Name of the server's own custom event; a line of it comes into no table."""
ERASED_REASON = "erased"
PSEUDONYM_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Names that hide what they stand for; equal values get equal names."""

    salt: str

    def of(self, kind: str, value: str) -> str:
        """Name a value of a kind: 128 bits, hexadecimal; in Spark, analytics/ledger/sequence_gaps.py does the same."""
        text = f"{self.salt} {kind} {value}".encode("utf-8", "surrogatepass")
        return hashlib.sha256(text).hexdigest()[:PSEUDONYM_DIGITS]

    def session(self, value: str) -> str:
        """Name a session; the tilde, which no session has, tells that it is hidden."""
        return value if value.startswith("~") else f"~{self.of('session', value)}"


def tombstone(zone: Zone, day: date, line: bytes, names: Pseudonyms) -> bytes:
    """Write what takes the place of a line."""
    found = _object(line.decode("utf-8", "replace"))
    moment = f"{day.isoformat()}T00:00:00.000Z"
    pack_id = found.get("pack_id")
    if zone == "bad":
        text = json.dumps(_number(_object(str(found.get("text", ""))), names, "session_id"))
        stone = {
            "received_at": moment,
            "bad_id": found.get("bad_id") or names.of("line", line.decode("utf-8", "replace")),
            "app": found.get("app"),
            "errors": [{"field": "", "reason": ERASED_REASON}],
            "text": text,
            "bytes": len(text),
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "truncated": False,
            "pack_id": pack_id,
        }
    else:
        event_id = str(found.get("event_id") or line.decode("utf-8", "replace"))
        stone = {
            "received_at": moment,
            "occurred_at": moment,
            "app": found.get("app") or "",
            **dict.fromkeys(TEN_NAMES),
            "timestamp": moment,
            "event_id": names.of("event", event_id),
            "type": "custom",
            "custom": {"name": ERASED_NAME, "props": _number(found, names, "session")},
            "pack_id": pack_id,
        }
    return json.dumps(stone, separators=(",", ":")).encode("ascii")


def _number(event: dict[str, Any], names: Pseudonyms, key: str) -> dict[str, Any]:
    session, seq = event.get("session_id"), event.get("seq")
    if not isinstance(session, str) or type(seq) is not int:
        return {}
    return {key: names.session(session), "seq": seq}


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
