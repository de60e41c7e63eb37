"""How each job's last run ended: one small object of the bucket, read by `logdig jobs status`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from logdig.errors import StoreUnavailableError
from logdig.store.lease import TaggedStore

JOBS_KEY = "state/jobs.json"
TRIES = 5


class JobState(msgspec.Struct, frozen=True):
    """The end of a job's last run, UTC; ``error`` says why it failed, ``seconds`` and ``rows`` are of the last success.

    ``done_at`` None = it never succeeded.
    """

    ended_at: datetime
    done_at: datetime | None = None
    seconds: float = 0.0
    rows: int = 0
    error: str | None = None


def read_states(store: TaggedStore) -> dict[str, JobState]:
    """Read how each job's last run ended, by job."""
    return _read(store)[0]


def _read(store: TaggedStore) -> tuple[dict[str, JobState], str | None]:
    """Read the states with the tag of their object; None while there is none."""
    stored = store.get_tagged(JOBS_KEY)
    if stored is None:
        return {}, None
    try:
        return msgspec.json.decode(stored[0], type=dict[str, JobState]), stored[1]
    except msgspec.DecodeError as err:
        raise StoreUnavailableError(
            f"{JOBS_KEY} does not say how jobs ended ({err}); remove that object, it is made again", key=JOBS_KEY
        ) from err


def note_done(store: TaggedStore, name: str, now: datetime, *, seconds: float, rows: int) -> None:
    """Note that a job has ended well.

    Raises:
        StoreUnavailableError: Others have replaced the object TRIES times in between.
    """
    _note(store, name, lambda _before: JobState(now, now, seconds, rows))


def note_failed(store: TaggedStore, name: str, now: datetime, error: str) -> None:
    """Note that a job has failed; what its last success was stays.

    Raises:
        StoreUnavailableError: As in `note_done`.
    """
    _note(store, name, lambda before: msgspec.structs.replace(before or JobState(now), ended_at=now, error=error))


def _note(store: TaggedStore, name: str, change: Callable[[JobState | None], JobState]) -> None:
    for _ in range(TRIES):
        states, tag = _read(store)
        states[name] = change(states.get(name))
        if store.put_tagged(JOBS_KEY, msgspec.json.encode(states), tag) is not None:
            return
    raise StoreUnavailableError(f"{JOBS_KEY} was replaced {TRIES} times in between; try again", key=JOBS_KEY)
