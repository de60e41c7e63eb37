"""Made-up histories of browsers, with losses, copies, rejections and drops; and what the ledger must say of them.

Each history knows the fate of every event. The truth is counted event by event in plain Python, from the fates and not
from the lines.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count

from logdig.privacy.tombstones import Pseudonyms, tombstone

FIRST_DAY = date(2026, 11, 20)
DAYS = 4
FATES = ("kept", "kept", "kept", "kept", "resent", "rejected", "lost", "dropped", "dead", "dead and kept", "erased")
NAMES = Pseudonyms("5a17")
Counts = defaultdict[tuple[str, date], Counter[str]]


@dataclass
class History:
    """Lines by object and of the dead-letter queue; and the truth by app and day."""

    objects: list[tuple[str, date, list[str]]] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    truth: Counts = field(default_factory=lambda: defaultdict(Counter))


def make(seed: int, apps: int) -> History:
    """Make histories of some apps, each with a few browsers."""
    dice, history, ids = random.Random(seed), History(), count(seed * 1_000_000)
    for app in range(apps):
        for browser in range(dice.randint(1, 3)):
            _Browser(dice, history, ids, f"app{app}", f"visitor{app}x{browser}").live()
    return history


class _Browser:
    def __init__(self, dice: random.Random, history: History, ids: count[int], app: str, user_key: str) -> None:
        self.dice, self.history, self.ids, self.app, self.user_key = dice, history, ids, app, user_key
        self.told: Counter[str] = Counter()
        self.gaps: list[tuple[date, str, int, int]] = []
        self.dropped = 0

    def live(self) -> None:
        for session in range(self.dice.randint(1, 3)):
            self._session(f"session-{self.user_key}-{session}")
        self._explain()

    def _session(self, session: str) -> None:
        day = FIRST_DAY + timedelta(days=self.dice.randrange(DAYS - 1))
        fates = [self.dice.choice(FATES) for _ in range(self.dice.randint(1, 12))]
        arrived: dict[int, date] = {}
        for seq, fate in enumerate(fates):
            # A session may go on past midnight, and tabs send out of order.
            at = day + timedelta(days=self.dice.random() < 0.3)
            if self._happen(fate, session, seq, at):
                arrived[seq] = at
        before = -1
        for seq in sorted(arrived):
            self._count(arrived[seq], sent=1 + seq - before - 1)
            if fates[seq] == "erased":
                # Nobody knows any more whose gap it was.
                self._count(arrived[seq], missing=seq - before - 1)
            else:
                self.gaps.append((arrived[seq], session, seq, seq - before - 1))
            before = seq
        if self.told:
            self._tell(day)

    def _happen(self, fate: str, session: str, seq: int, at: date) -> bool:
        """Write what a fate leaves behind and tell whether the event arrived anywhere."""
        event = self._event(session, seq, at)
        if fate == "lost":
            return False
        if fate == "dropped":
            self.told[self.dice.choice(("full", "expired", "refused", "too_large"))] += 1
            self.dropped += 1
            return False
        if fate == "rejected":
            self._reject(event, at)
        elif fate == "dead":
            self.history.dead.append(json.dumps(event))
            self._count(at, in_dlq=1, received=1)
        else:
            self._keep(fate, event, at)
        return True

    def _keep(self, fate: str, event: dict[str, object], at: date) -> None:
        text = json.dumps(event)
        if fate == "dead and kept":
            self.history.dead.append(text)
        if fate == "erased":
            text = tombstone("raw", at, text.encode(), NAMES).decode()
        self._store("raw", at, text)
        self._count(at, accepted=1, received=1, raw_lines=1, **{"erased" if fate == "erased" else "events": 1})
        if fate == "resent":
            later = at + timedelta(days=self.dice.random() < 0.3)
            moment = f"{later}T23:00:00.000Z"
            self._store("raw", later, json.dumps(event | {"received_at": moment, "pack_id": f"p{next(self.ids)}"}))
            self._count(later, duplicates_browser=1, accepted=1, received=1, raw_lines=1)
        if self.dice.random() < 0.2:
            self._store("raw", at, text)
            self._count(at, duplicates_flush=1, raw_lines=1)

    def _reject(self, event: dict[str, object], at: date) -> None:
        text = json.dumps({name: event[name] for name in ("session_id", "seq", "user_key")} | {"x": "no number"})
        truncated = self.dice.random() < 0.3
        line = {
            "received_at": event["received_at"], "bad_id": f"b{next(self.ids)}", "app": self.app,
            "errors": [{"field": "x", "reason": "must be a number"}], "text": text[:-3] if truncated else text,
            "bytes": len(text), "sha256": "0" * 64, "truncated": truncated, "pack_id": event["pack_id"],
        }  # fmt: skip
        for _ in range(self.dice.randint(1, 2)):
            self._store("bad", at, json.dumps(line))
        self._count(at, rejected=1, received=1)

    def _tell(self, day: date) -> None:
        at = day + timedelta(days=self.dice.randrange(2))
        props = {**self.told, "before_send": 2}
        event = self._event(None, None, at) | {"type": "custom", "custom": {"name": "$dropped", "props": props}}
        self._store("raw", at, json.dumps(event))
        self._count(at, events=1, accepted=1, received=1, raw_lines=1, sent=1, dropped=sum(props.values()))
        self.told.clear()

    def _explain(self) -> None:
        """Fill this browser's gaps with what it dropped, one number after the other, the oldest first."""
        left = self.dropped
        for at, _session, _seq, gap in sorted(self.gaps):
            for _number in range(gap):
                self._count(at, **{"dropped_numbers" if left else "missing": 1})
                left = max(left - 1, 0)

    def _event(self, session: str | None, seq: int | None, at: date) -> dict[str, object]:
        moment = f"{at}T12:00:{next(self.ids) % 60:02}.000Z"
        return {
            "received_at": moment, "occurred_at": moment, "app": self.app, "event_id": f"e{next(self.ids)}",
            "type": "click", "timestamp": moment, "user_key": self.user_key, "session_id": session, "seq": seq,
            "pack_id": f"p{next(self.ids)}",
        }  # fmt: skip

    def _store(self, zone: str, day: date, text: str) -> None:
        """Put a line into one of a few objects of its day; a copy of a line into another one than the line."""
        of_day = [lines for name, at, lines in self.history.objects if (name, at) == (zone, day)]
        free = [lines for lines in of_day if text not in lines]
        if len(of_day) < 3 or not free:
            free = [[]]
            self.history.objects.append((zone, day, free[0]))
        self.dice.choice(free).append(text)

    def _count(self, day: date, **counts: int) -> None:
        self.history.truth[self.app, day].update(counts)
