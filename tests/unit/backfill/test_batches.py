"""Events of a file go in few requests, each once, and the checkpoint never passes one that waits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from logdig.backfill.batches import BATCH_BYTES, WAITING_EVENTS, Ready, group_events
from logdig.backfill.sender import EventBatch


def ready(offsets: list[int], size_bytes: int = 0) -> list[Ready]:
    return [Ready(line, east, {"n": line}, size_bytes) for line, east in enumerate(offsets, 1)]


@given(st.lists(st.sampled_from([-300, -240, 540]), max_size=60), st.integers(1, 8))
def test_every_event_goes_once_with_its_offset_and_complete_lines_were_sent(offsets: list[int], size: int) -> None:
    batches = list(group_events(ready(offsets), size))

    sent: set[int] = set()
    points = []
    for batch in batches:
        assert {offsets[line - 1] for line in batch.lines} == {batch.tz_min}
        assert 1 <= len(batch.lines) <= size
        assert not sent & set(batch.lines)
        sent |= set(batch.lines)
        assert set(range(1, batch.complete_to + 1)) <= sent
        points.append(batch.complete_to)
    assert sent == set(range(1, len(offsets) + 1))
    assert points == sorted(points)
    assert points[-1:] == [len(offsets)][: len(points)]


def test_mixed_offsets_take_as_many_batches_as_sorted_ones() -> None:
    offsets = [-300, -240] * 2500

    assert len(list(group_events(ready(offsets), 500))) == len(list(group_events(ready(sorted(offsets)), 500))) == 10


def test_a_rare_offset_does_not_wait_for_the_end_of_the_file() -> None:
    offsets = [-296] + [-300] * (2 * WAITING_EVENTS)

    batches: list[EventBatch] = []
    for batch in group_events(ready(offsets), 500):
        batches.append(batch)
        if batch.tz_min == -296:
            break

    assert len(batches) == WAITING_EVENTS // 500 + 1


def test_batch_ends_before_its_bytes_are_too_many() -> None:
    batches = list(group_events(ready([0] * 10, BATCH_BYTES // 3), 500))

    assert [len(batch.lines) for batch in batches] == [3, 3, 3, 1]
    assert [batch.complete_to for batch in batches] == [3, 6, 9, 10]


def test_pause_follows_each_batch_with_its_size() -> None:
    pauses: list[int] = []

    list(group_events(ready([0] * 5), 2, pauses.append))

    assert pauses == [2, 2, 1]
