"""S3 fails before or after the effect, or gets less than was sent: the same key later, and nothing broken."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle, repeat

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from logdig.store.verify import check_all, chosen_keys
from tests.fakes.queue import refusal
from tests.faults.harness import NOON, FlushHarness, filled
from tests.faults.hooks import fails, well

URL = "https://s3"
ERRORS = {
    "InternalError": refusal("PutObject", "InternalError", 500),
    "SlowDown": refusal("PutObject", "SlowDown", 503),
    "3 conflicts in a row": refusal("PutObject", "ConditionalRequestConflict", 409),
    "Connection was closed": ConnectionClosedError(endpoint_url=URL),
    "Read timeout": ReadTimeoutError(endpoint_url=URL),
}


@pytest.mark.parametrize("told", ERRORS)
def test_f04_the_same_key_is_written_later_when_s3_refuses(told: str) -> None:
    harness, other = filled(), filled()
    other.flush_once()
    harness.store.before = fails(repeat(ERRORS[told]), "put")

    report = harness.flush_once()
    harness.store.before = well
    harness.drain()

    assert told in " ".join(report.errors)
    assert report.deleted == 0
    assert sorted(harness.store.objects) == sorted(other.store.objects)
    assert harness.account().is_clean


def test_f04_one_object_is_there_when_the_put_timed_out_after_its_effect() -> None:
    harness = FlushHarness(now=NOON)
    for _ in range(40):
        harness.send(5)
    harness.store.after = fails(cycle([ReadTimeoutError(endpoint_url=URL), None]), "put")

    for _ in range(6):
        harness.flush_once()
    harness.drain()

    account = harness.account()
    assert account.is_clean
    assert (account.raw_duplicates, len(harness.store.objects)) == (0, 1)


@pytest.mark.parametrize("damage", [lambda body: body[:-20], lambda body: body[:30] + b"?" + body[31:]])
def test_f04_an_upload_is_refused_and_repeated_whole_when_it_was_damaged_on_the_way(
    damage: Callable[[bytes], bytes],
) -> None:
    harness = filled()
    harness.store.on_the_way = damage

    report = harness.flush_once()
    stored = dict(harness.store.objects)
    harness.store.on_the_way = lambda body: body
    harness.drain()

    assert "BadDigest" in report.errors[0]
    assert (stored, report.deleted) == ({}, 0)
    assert harness.account().is_clean


@pytest.mark.parametrize("damage", [lambda body: body[:-20], lambda body: body[:30] + b"?" + body[31:]])
def test_f04_an_object_is_found_when_it_was_damaged_where_it_lies(damage: Callable[[bytes], bytes]) -> None:
    harness = filled()
    harness.flush_once()
    key = max(harness.store.objects)
    harness.store.objects[key] = damage(harness.store.objects[key])

    checked = check_all(harness.store, chosen_keys(harness.store, None, None, 1.0))

    assert [one.key for one in checked if one.fault] == [key]
