"""Group commit: each request hears what became of its own message, and nothing is answered before it is durable."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count

import pytest

from api.group_commit import GroupCommit, OverloadedError
from logdig.errors import QueueUnavailableError
from logdig.packing import PACK_LIMIT_BYTES, Batch

ARRIVAL = datetime(2026, 11, 24, 12, tzinfo=UTC)
WAIT_SECONDS = 10


class HeldQueue:
    """A queue whose sends wait until they are let go, one by one or all."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.refuse: tuple[str, ...] = ()
        self.gate = threading.Event()
        self.started = threading.Semaphore(0)

    def send(self, body: str) -> None:
        self.started.release()
        assert self.gate.wait(WAIT_SECONDS)
        if any(text in body for text in self.refuse):
            raise QueueUnavailableError("refused")
        self.bodies.append(body)

    def wait_for_sends(self, number: int) -> None:
        for _ in range(number):
            assert self.started.acquire(timeout=WAIT_SECONDS)


def batch(name: str, *, app: str = "shop", size: int = 10) -> Batch:
    line = json.dumps({"received_at": "2026-11-24T12:00:00.000Z", "event_id": name, "pad": "x" * size})
    return Batch(app, ARRIVAL, (line.encode("ascii"),))


def names(body: str) -> list[str]:
    return [event["event_id"] for event in json.loads(body)["events"]]


@pytest.fixture
def queue() -> HeldQueue:
    return HeldQueue()


@pytest.fixture
def commit(queue: HeldQueue) -> Iterator[GroupCommit]:
    numbers = count()
    # So long a linger never ends by itself in a test: only what the rules say ends it.
    sink = GroupCommit(queue, lambda: f"p{next(numbers)}", linger_seconds=WAIT_SECONDS, senders=2)
    yield sink
    queue.gate.set()
    assert sink.close(WAIT_SECONDS)


def test_lone_request_is_sent_at_once_and_answered_when_acknowledged(queue: HeldQueue, commit: GroupCommit) -> None:
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(commit.commit, batch("one"))
        queue.wait_for_sends(1)
        answered_before = answer.done()
        queue.gate.set()
        answer.result(WAIT_SECONDS)

    assert not answered_before
    assert [names(body) for body in queue.bodies] == [["one"]]


def test_requests_share_a_message_while_another_is_under_way(queue: HeldQueue, commit: GroupCommit) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(commit.commit, batch("first"))]
        queue.wait_for_sends(1)
        answers += [pool.submit(commit.commit, batch(f"later {number}")) for number in range(5)]
        while commit.held_bytes < 6 * len(batch("later 0").events[0]):
            pass
        queue.gate.set()
        for answer in answers:
            answer.result(WAIT_SECONDS)

    assert names(queue.bodies[0]) == ["first"]
    assert sorted(name for body in queue.bodies[1:] for name in names(body)) == [f"later {n}" for n in range(5)]
    assert len(queue.bodies) < 6


def test_message_that_fails_fails_exactly_its_requests(queue: HeldQueue, commit: GroupCommit) -> None:
    queue.refuse = ("bad app",)

    with ThreadPoolExecutor(2) as pool:
        good = pool.submit(commit.commit, batch("good"))
        bad = pool.submit(commit.commit, batch("bad", app="bad app"))
        queue.gate.set()

        good.result(WAIT_SECONDS)
        with pytest.raises(QueueUnavailableError, match="refused"):
            bad.result(WAIT_SECONDS)

    assert [names(body) for body in queue.bodies] == [["good"]]


def test_messages_hold_one_app_and_stay_within_the_limit(queue: HeldQueue, commit: GroupCommit) -> None:
    queue.gate.set()

    with ThreadPoolExecutor(16) as pool:
        batches = [batch(f"e{number}", app=f"app{number % 3}", size=60_000) for number in range(30)]
        list(pool.map(commit.commit, batches))

    assert all(len(body) <= PACK_LIMIT_BYTES for body in queue.bodies)
    by_app = {name: json.loads(body)["app"] for body in queue.bodies for name in names(body)}
    assert by_app == {f"e{number}": f"app{number % 3}" for number in range(30)}


def test_request_larger_than_a_message_is_sent_in_several_and_answered_once(
    queue: HeldQueue, commit: GroupCommit
) -> None:
    queue.gate.set()
    lines = tuple(batch(f"e{number}", size=60_000).events[0] for number in range(10))

    commit.commit(Batch("shop", ARRIVAL, lines))

    assert len(queue.bodies) == 3
    assert [name for body in queue.bodies for name in names(body)] == [f"e{number}" for number in range(10)]


def test_requests_are_refused_when_too_much_waits_and_taken_again_afterwards(queue: HeldQueue) -> None:
    commit = GroupCommit(queue, lambda: "p", senders=1, held_bytes_limit=1000)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(commit.commit, batch("first", size=800))
        queue.wait_for_sends(1)
        with pytest.raises(OverloadedError, match="wait for the queue already"):
            commit.commit(batch("second", size=800))
        queue.gate.set()
        first.result(WAIT_SECONDS)

    commit.commit(batch("third", size=800))
    assert commit.close(WAIT_SECONDS)
    assert [names(body) for body in queue.bodies] == [["first"], ["third"]]
    assert commit.held_bytes == 0


def test_close_sends_what_waits_and_refuses_what_comes(queue: HeldQueue) -> None:
    commit = GroupCommit(queue, lambda: "p", linger_seconds=WAIT_SECONDS, senders=1)

    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(commit.commit, batch("first"))]
        queue.wait_for_sends(1)
        answers.append(pool.submit(commit.commit, batch("second")))
        while commit.held_bytes < 2 * len(batch("first").events[0]):
            pass
        closing = pool.submit(commit.close, WAIT_SECONDS)
        queue.gate.set()
        assert closing.result(WAIT_SECONDS)
        for answer in answers:
            answer.result(WAIT_SECONDS)

    with pytest.raises(OverloadedError, match="going down"):
        commit.commit(batch("late"))
    assert sorted(name for body in queue.bodies for name in names(body)) == ["first", "second"]


def test_requests_hear_of_an_unforeseen_error_and_the_sender_goes_on() -> None:
    class Broken:
        def __init__(self) -> None:
            self.calls = 0

        def send(self, body: str) -> None:
            self.calls += 1
            if self.calls == 1:
                raise RuntimeError("closed the connection")

    queue = Broken()
    commit = GroupCommit(queue, lambda: "p", senders=1)

    with pytest.raises(QueueUnavailableError, match="closed the connection"):
        commit.commit(batch("one"))
    commit.commit(batch("two"))
    assert commit.close(WAIT_SECONDS)
    assert queue.calls == 2
