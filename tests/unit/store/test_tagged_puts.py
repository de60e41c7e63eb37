"""Objects that are replaced only while they are what was read: the adapter of S3, and the lease on top of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain, repeat

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from logdig.errors import LakeBusyError, LeaseLostError, StoreUnavailableError
from logdig.store.lease import LEASE_KEY, LEASE_TIME, Lease, read_holder
from tests.fakes.queue import refusal
from tests.fakes.store import FakeStore
from tests.faults.hooks import fails

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
AWAY = EndpointConnectionError(endpoint_url="https://s3")


def test_put_takes_the_place_of_what_was_read_and_of_nothing_else() -> None:
    store = FakeStore()

    first = store.put_tagged("k", b"one", None)
    second = store.put_tagged("k", b"two", first)

    assert store.get_tagged("k") == (b"two", second)
    assert None not in (first, second)
    assert first != second
    # Of an older tag, and of none where there is an object.
    assert store.put_tagged("k", b"three", first) is None
    assert store.put_tagged("k", b"three", None) is None
    assert store.get("k") == b"two"


def test_nothing_is_read_and_nothing_replaced_where_there_is_no_object() -> None:
    store = FakeStore()

    assert store.get_tagged("k") is None
    assert store.put_tagged("k", b"one", '"tag"') is None
    assert "k" not in store.objects


def test_put_that_meets_another_one_under_way_is_not_taken() -> None:
    store = FakeStore()
    store.conflicts = 1

    assert store.put_tagged("k", b"one", None) is None


@pytest.mark.parametrize(
    "fault", [AWAY, refusal("PutObject", "SlowDown", 503), refusal("PutObject", "AccessDenied", 403)]
)
def test_store_that_does_not_answer_is_told_from_a_refused_condition(fault: ClientError) -> None:
    store = FakeStore()
    store.before = fails(repeat(fault))

    with pytest.raises(StoreUnavailableError, match="S3 put of fake/k"):
        store.put_tagged("k", b"one", None)
    with pytest.raises(StoreUnavailableError, match="S3 get of fake/k"):
        store.get_tagged("k")


def test_lease_in_a_bucket_is_held_by_one_renewed_taken_over_and_released() -> None:
    store, moment = FakeStore(), [NOON]
    one, two = (Lease(store, lambda: moment[0], run, f"job {run}") for run in ("one", "two"))

    one.take()
    moment[0] += LEASE_TIME - timedelta(seconds=1)
    one.check()
    moment[0] += timedelta(minutes=1)
    with pytest.raises(LakeBusyError, match="job one"):
        two.take()
    moment[0] += LEASE_TIME
    two.take()

    with pytest.raises(LeaseLostError, match="job one"):
        one.check()
    holder = read_holder(store, moment[0])
    assert holder is not None
    assert holder.run == "two"
    two.release()
    assert read_holder(store, moment[0]) is None


def test_check_does_not_pass_when_the_lease_was_removed_or_s3_is_away() -> None:
    store = FakeStore()
    lease = Lease(store, lambda: NOON, "one", "job one")
    lease.take()
    store.before = fails(chain([AWAY], repeat(None)), "put")
    with pytest.raises(StoreUnavailableError):
        lease.check()
    # Away for a moment is not lost.
    lease.check()

    store.delete([LEASE_KEY])
    with pytest.raises(LeaseLostError):
        lease.check()


def test_lease_stays_held_when_the_reply_to_a_renewal_was_lost_and_the_next_one_comes_later() -> None:
    store, moment = FakeStore(), [NOON]
    lease = Lease(store, lambda: moment[0], "one", "job one")
    lease.take()
    store.after = fails(chain([AWAY], repeat(None)), "put")
    with pytest.raises(StoreUnavailableError):
        lease.check()

    moment[0] += timedelta(minutes=2)
    lease.check()

    assert read_holder(store, moment[0] + LEASE_TIME - timedelta(seconds=1)) is not None
