"""Listens and ads that were sent once are put into the bucket of another run of the day."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from demo.data_feed import SENT_KINDS
from demo.files_feed import FilesFeed, kept_files
from demo.kept_lines import KeptLines
from demo.steps import Steps
from logdig.backfill.sender import Refusal, Tally
from logdig.store.objects import build_object
from tests.fakes.store import FakeStore

TODAY = date(2026, 12, 1)
TOKEN, OTHER_TOKEN = "pk_music_first000", "pk_music_second00"
FILES = {kind: Path(f"{kind}.csv") for kind in SENT_KINDS}
OF_FILES: list[dict[str, Any]] = [
    {"type": "listen", "signed": True, "event_id": "1"},
    {"type": "listen", "signed": True, "event_id": "2"},
    {"type": "ad", "signed": True, "event_id": "3"},
    {"type": "ad", "signed": True, "event_id": "4"},
]
OF_OTHERS: list[dict[str, Any]] = [
    {"type": "listen", "session_id": "of a browser"},
    {"type": "ad", "session_id": "of a browser"},
    {"type": "page", "signed": True, "session_id": "of the month"},
    {"type": "custom", "signed": True, "custom": {"name": "hostile"}},
]


class Feeder:
    """Takes the collector's place: accepts each file, or refuses a row of it."""

    def __init__(self, refused: int = 0) -> None:
        self.sent: list[str] = []
        self._refused = refused

    def send(self, kind: str, path: Path, shift: timedelta) -> Feeder:
        self.sent.append(kind)
        return self

    @property
    def tally(self) -> Tally:
        accepted = 2 if self.sent[-1] == "listens" else 1
        return Tally(accepted, accepted, refusals=[Refusal(1, "timestamp: too old")] * self._refused)


def stored(rows: list[dict[str, Any]]) -> FakeStore:
    store = FakeStore()
    received = {"received_at": "2026-12-01T10:00:00.000Z", "token": TOKEN}
    built = build_object("raw", TODAY, [json.dumps(received | row, separators=(",", ":")).encode() for row in rows])
    store.put(built.key, built.body)
    return store


def kept(folder: Path, day: date = TODAY, seed: int = 7, listens: int = 2) -> KeptLines:
    return kept_files(folder, day, seed, listens, "http://127.0.0.1:9999")


def run(store: FakeStore, lines: KeptLines | None, feeder: Feeder, token: str = TOKEN) -> Tally:
    """Send as a demo does, keep what was sent, and return all tallies as one."""
    feed = FilesFeed(token, Steps(lambda _: None), lines)
    whole = Tally()
    for tally in feed.send(feeder, FILES, timedelta(), store):  # type: ignore[arg-type]  # a fake takes the place of the feeder
        whole.add(tally)
    feed.keep(store)
    return whole


def test_second_run_of_a_day_puts_what_the_first_one_sent(tmp_path: Path) -> None:
    first = run(stored(OF_FILES + OF_OTHERS), kept(tmp_path), Feeder())
    feeder, bucket = Feeder(), FakeStore()

    second = run(bucket, kept(tmp_path), feeder, OTHER_TOKEN)

    assert (feeder.sent, second) == ([], first)
    found = [json.loads(line) for line in bucket.lines("raw")]
    assert sorted(row["event_id"] for row in found) == ["1", "2", "3", "4"]
    assert {row["token"] for row in found} == {OTHER_TOKEN}


def test_files_are_sent_again_when_the_day_the_seed_or_their_size_is_another(tmp_path: Path) -> None:
    run(stored(OF_FILES), kept(tmp_path), Feeder())

    assert kept(tmp_path).told() is not None
    for other in (kept(tmp_path, day=date(2026, 12, 2)), kept(tmp_path, seed=8), kept(tmp_path, listens=3)):
        feeder = Feeder()
        run(FakeStore(), other, feeder)
        assert feeder.sent == list(SENT_KINDS)


def test_nothing_is_kept_when_a_row_was_refused_or_is_missing(tmp_path: Path) -> None:
    run(stored(OF_FILES), kept(tmp_path), Feeder(refused=1))
    run(stored(OF_FILES[1:]), kept(tmp_path), Feeder())

    assert list(tmp_path.iterdir()) == []


def test_files_of_somebodys_own_are_always_sent(tmp_path: Path) -> None:
    for _ in range(2):
        feeder = Feeder()
        run(stored(OF_FILES), None, feeder)
        assert feeder.sent == list(SENT_KINDS)
