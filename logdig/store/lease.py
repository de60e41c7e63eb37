"""One writer of the lake at a time, wherever it runs: a lease in the bucket, taken and renewed by conditional puts.

The lease is an object of the bucket. A put with ``If-None-Match`` takes it, a put with ``If-Match`` renews it or takes
over one whose time is up. Clocks only decide how long a dead holder keeps others out; that nobody writes without the
lease is decided by the store, since a holder renews before every commit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from logdig.errors import LakeBusyError, LeaseLostError, StoreUnavailableError
from logdig.times import Clock

LEASE_KEY = "state/lake.json"
LEASE_TIME = timedelta(minutes=10)
"""How long a holder that died keeps others out."""
RENEW_SECONDS = 120.0
"""Four renewals may fail before the time is up."""
LOOK_SECONDS = 5.0
"""Pause between two looks of one that waits."""


class TaggedStore(Protocol):
    """Objects that are replaced only while they are what was read; both raise StoreUnavailableError."""

    def get_tagged(self, key: str) -> tuple[bytes, str] | None:
        """Read an object and the tag of its content; None when there is none."""

    def put_tagged(self, key: str, body: bytes, tag: str | None) -> str | None:
        """Store a body if the object still has the tag (None: if there is no object).

        Returns:
            The new tag; None when the object is another one by now.
        """


class Holder(msgspec.Struct, frozen=True):
    """Who holds the lease: ``run`` is unique, ``work`` is for people; nobody holds one whose ``until`` has passed."""

    run: str
    work: str
    taken_at: datetime
    until: datetime
    renewals: int = 0


def read_holder(store: TaggedStore, now: datetime) -> Holder | None:
    """Say who holds the lease; None when nobody does."""
    stored = store.get_tagged(LEASE_KEY)
    holder = _holder(stored[0]) if stored else None
    return holder if holder and holder.until > now else None


def _holder(body: bytes) -> Holder:
    try:
        return msgspec.json.decode(body, type=Holder)
    except msgspec.DecodeError as err:
        raise StoreUnavailableError(
            f"{LEASE_KEY} does not say who writes the tables ({err}); when no job runs, remove that object",
            key=LEASE_KEY,
        ) from err


class Lease:
    """The lease of one run; made by `hold`, given to all that commits.

    Args:
        store: Bucket of the stage.
        clock: Gives the time, UTC.
        run: Unique text of this run.
        work: What it does, for people who wait.
    """

    def __init__(self, store: TaggedStore, clock: Clock, run: str, work: str) -> None:
        self._store, self._clock, self._run, self._work = store, clock, run, work
        self._held: tuple[Holder, str] | None = None
        # A thread renews while the run commits.
        self._lock = threading.Lock()

    def take(self) -> None:
        """Take the lease if it is free or its time is up.

        Raises:
            LakeBusyError: Another run holds it, or took it in the same instant.
        """
        now = self._clock()
        stored = self._store.get_tagged(LEASE_KEY)
        if stored:
            current = _holder(stored[0])
            if current.until > now:
                raise LakeBusyError(current.work, current.until)
        if not self._write(Holder(self._run, self._work, now, now + LEASE_TIME), stored[1] if stored else None):
            raise LakeBusyError("another run, since this moment", now + LEASE_TIME)

    def check(self) -> None:
        """Renew; called before every commit.

        Raises:
            LeaseLostError: Another run took it over; this one must not commit.
        """
        with self._lock:
            if self._held is None:
                raise LeaseLostError(self._work)
            holder, tag = self._held
            renewed = msgspec.structs.replace(holder, until=self._clock() + LEASE_TIME, renewals=holder.renewals + 1)
            if not self._write(renewed, tag):
                self._held = None
                raise LeaseLostError(self._work)

    def release(self) -> None:
        """Let the next run begin at once; nothing happens when the lease is lost already."""
        with self._lock:
            if self._held is not None:
                holder, tag = self._held
                self._write(msgspec.structs.replace(holder, until=self._clock()), tag)
                self._held = None

    def _write(self, holder: Holder, tag: str | None) -> bool:
        body = msgspec.json.encode(holder)
        new = self._store.put_tagged(LEASE_KEY, body, tag)
        if new is None:
            # A put whose reply was lost is repeated, by the client or by the next check, and meets its own effect.
            stored = self._store.get_tagged(LEASE_KEY)
            if stored and msgspec.json.decode(stored[0], type=Holder).run == self._run:
                new = stored[1] if stored[0] == body else self._store.put_tagged(LEASE_KEY, body, stored[1])
        if new is not None:
            self._held = holder, new
        return new is not None


@contextmanager
def hold(
    lease: Lease,
    *,
    wait_seconds: float = 0,
    on_busy: Callable[[LakeBusyError], None] = lambda _busy: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Lease]:
    """Hold the lease while the block runs, renewed in the background; wait for it so long first.

    Raises:
        LakeBusyError: Another run still holds it after ``wait_seconds``.
    """
    waited = 0.0
    while True:
        try:
            lease.take()
            break
        except LakeBusyError as busy:
            if waited >= wait_seconds:
                raise
            on_busy(busy)
        sleep(LOOK_SECONDS)
        waited += LOOK_SECONDS
    ended = threading.Event()
    renewal = threading.Thread(target=_renew, args=(lease, ended), daemon=True, name="lease")
    renewal.start()
    try:
        yield lease
    finally:
        ended.set()
        renewal.join()
        lease.release()


def _renew(lease: Lease, ended: threading.Event) -> None:
    while not ended.wait(RENEW_SECONDS):
        try:
            lease.check()
        except LeaseLostError:
            # The next commit's own check says so.
            return
        except StoreUnavailableError:
            # The store may be back for the next renewal; a commit checks for itself.
            continue
