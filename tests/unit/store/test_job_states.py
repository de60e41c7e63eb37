"""How each job's last run ended is kept, also when two write at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from logdig.errors import StoreUnavailableError
from logdig.store.state.job_states import JOBS_KEY, TRIES, JobState, note_done, note_failed, read_states
from tests.unit.store.test_lease import MemoryStore

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


class OvertakenStore(MemoryStore):
    """Another run writes so many times between this one's read and write."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def put_tagged(self, key: str, body: bytes, tag: str | None) -> str | None:
        if self.times:
            self.times -= 1
            note_done(self, f"other {self.times}", NOON, seconds=1.0, rows=1)
        return super().put_tagged(key, body, tag)


def test_failure_keeps_what_the_last_success_was() -> None:
    store = MemoryStore()
    note_done(store, "sessions", NOON, seconds=3.5, rows=7)
    note_failed(store, "sessions", LATER, "S3 is away")

    assert read_states(store) == {"sessions": JobState(LATER, NOON, 3.5, 7, "S3 is away")}

    note_done(store, "sessions", LATER, seconds=1.0, rows=8)
    assert read_states(store)["sessions"] == JobState(LATER, LATER, 1.0, 8)


def test_states_are_empty_when_no_job_has_run() -> None:
    assert read_states(MemoryStore()) == {}


def test_note_is_kept_beside_that_of_another_run_in_the_same_instant() -> None:
    store = OvertakenStore(1)

    note_done(store, "mine", NOON, seconds=1.0, rows=1)

    assert read_states(store).keys() == {"mine", "other 0"}


def test_note_gives_up_with_the_object_when_others_always_come_first() -> None:
    class Never(MemoryStore):
        def put_tagged(self, key: str, body: bytes, tag: str | None) -> str | None:
            return None

    with pytest.raises(StoreUnavailableError, match=f"{JOBS_KEY} was replaced {TRIES} times"):
        note_done(Never(), "mine", NOON, seconds=1.0, rows=1)
