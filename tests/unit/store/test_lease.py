"""The lease: one holder at a time, whoever dies, stalls or loses a reply."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from logdig.errors import LakeBusyError, LeaseLostError, StoreUnavailableError
from logdig.store.lease import LEASE_KEY, LEASE_TIME, Lease, hold, read_holder

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


class MemoryStore:
    """A store in memory; ``loses_reply`` makes the next put take effect and meet itself, as a retry would."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.loses_reply = False

    def get_tagged(self, key: str) -> tuple[bytes, str] | None:
        body = self.objects.get(key)
        return (body, hashlib.sha256(body).hexdigest()) if body is not None else None

    def put_tagged(self, key: str, body: bytes, tag: str | None) -> str | None:
        current = self.get_tagged(key)
        if (current[1] if current else None) != tag:
            return None
        self.objects[key] = body
        if self.loses_reply:
            self.loses_reply = False
            return None
        return hashlib.sha256(body).hexdigest()


class Watch:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def lease_of(store: MemoryStore, watch: Watch, run: str) -> Lease:
    return Lease(store, watch, run, f"job {run}")


def test_lease_is_refused_with_its_holder_when_another_run_has_it() -> None:
    store, watch = MemoryStore(), Watch()
    lease_of(store, watch, "a").take()

    with pytest.raises(LakeBusyError, match="job a"):
        lease_of(store, watch, "b").take()

    holder = read_holder(store, watch.now)
    assert holder is not None and holder.run == "a"  # noqa: PT018


def test_lease_is_taken_over_when_its_time_is_up_and_the_old_holder_cannot_commit() -> None:
    store, watch = MemoryStore(), Watch()
    old, new = lease_of(store, watch, "a"), lease_of(store, watch, "b")
    old.take()
    watch.now += LEASE_TIME

    new.take()

    new.check()
    with pytest.raises(LeaseLostError):
        old.check()
    old.release()
    holder = read_holder(store, watch.now)
    assert holder is not None and holder.run == "b"  # noqa: PT018


def test_lease_is_free_at_once_when_released() -> None:
    store, watch = MemoryStore(), Watch()
    with hold(lease_of(store, watch, "a")):
        assert read_holder(store, watch.now) is not None

    assert read_holder(store, watch.now) is None
    lease_of(store, watch, "b").take()


def test_lease_is_held_when_the_reply_to_its_put_was_lost() -> None:
    store, watch = MemoryStore(), Watch()
    lease = lease_of(store, watch, "a")

    store.loses_reply = True
    lease.take()
    store.loses_reply = True
    lease.check()

    holder = read_holder(store, watch.now)
    assert holder is not None and holder.renewals == 1  # noqa: PT018


def test_hold_waits_and_says_for_whom_when_another_run_has_the_lease() -> None:
    store, watch, told = MemoryStore(), Watch(), list[str]()
    lease_of(store, watch, "a").take()

    def sleep(seconds: float) -> None:
        watch.now += timedelta(seconds=seconds)

    with pytest.raises(LakeBusyError), hold(lease_of(store, watch, "b"), wait_seconds=60, sleep=sleep):
        pass
    with hold(lease_of(store, watch, "b"), wait_seconds=900, sleep=sleep, on_busy=lambda busy: told.append(str(busy))):
        pass

    assert told
    assert all("job a" in line for line in told)


class LeaseMachine(RuleBasedStateMachine):
    """Three runs take, check, release and die in any order, on a clock that only moves on; writes never mix."""

    def __init__(self) -> None:
        super().__init__()
        self.store, self.watch = MemoryStore(), Watch()
        self.runs = 0
        self.leases: dict[int, Lease] = {}
        self.last_taker: int | None = None

    @rule(number=st.integers(0, 2))
    def take(self, number: int) -> None:
        self.runs += 1
        lease = lease_of(self.store, self.watch, str(self.runs))
        try:
            lease.take()
        except LakeBusyError:
            assert read_holder(self.store, self.watch.now) is not None
        else:
            self.leases[number] = lease
            self.last_taker = number

    @rule(number=st.integers(0, 2), loses_reply=st.booleans())
    def commit(self, number: int, loses_reply: bool) -> None:
        if number not in self.leases:
            return
        self.store.loses_reply = loses_reply
        try:
            self.leases[number].check()
        except LeaseLostError:
            del self.leases[number]
        else:
            # Who may commit took the lease after everybody else.
            assert number == self.last_taker
        self.store.loses_reply = False

    @rule(number=st.integers(0, 2))
    def release(self, number: int) -> None:
        if number in self.leases:
            self.leases.pop(number).release()

    @rule(number=st.integers(0, 2))
    def die(self, number: int) -> None:
        self.leases.pop(number, None)

    @rule(minutes=st.sampled_from([1, 5, 11]))
    def pass_time(self, minutes: int) -> None:
        self.watch.now += timedelta(minutes=minutes)

    @invariant()
    def at_most_one_holds(self) -> None:
        holder = read_holder(self.store, self.watch.now)
        assert holder is None or int(holder.run) <= self.runs


TestLeaseMachine = LeaseMachine.TestCase
TestLeaseMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@pytest.mark.parametrize(
    "read", [lambda store: read_holder(store, NOON), lambda store: lease_of(store, Watch(), "a").take()]
)
def test_lease_names_its_object_when_that_is_damaged(read: Callable[[MemoryStore], object]) -> None:
    store = MemoryStore()
    store.objects[LEASE_KEY] = b"{"

    with pytest.raises(StoreUnavailableError, match=r"state/lake\.json .* remove that object"):
        read(store)
