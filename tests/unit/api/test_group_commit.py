"""Group commit: each request hears what became of its own message, and nothing is answered before it is durable."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from api.group_commit import BUSY_REQUESTS, DrainingError, GroupCommit, GroupResult, OverloadedError
from logdig.errors import QueueUnavailableError
from logdig.queue.packs import PACK_LIMIT_BYTES, EventBatch

ARRIVAL = datetime(2026, 11, 24, 12, tzinfo=UTC)
WAIT_SECONDS = 30
NEVER_SECONDS = 3600
"""A linger that never ends by itself in a test: only what the rules say ends it."""


class HeldQueue:
    """A queue whose sends wait until they are let go."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.refuse: tuple[str, ...] = ()
        self.gate = threading.Event()
        self.started = 0

    def send(self, body: str) -> None:
        self.started += 1
        assert self.gate.wait(WAIT_SECONDS)
        if any(text in body for text in self.refuse):
            raise QueueUnavailableError("refused")
        self.bodies.append(body)


def batch(name: str, *, app: str = "shop", size: int = 10, at: datetime = ARRIVAL) -> EventBatch:
    line = json.dumps({"received_at": "2026-11-24T12:00:00.000Z", "event_id": name, "pad": "x" * size})
    return EventBatch(app, at, (line.encode("ascii"),))


def names(body: str) -> list[str]:
    return [event["event_id"] for event in json.loads(body)["events"]]


def run(test: Callable[[HeldQueue, GroupCommit], Awaitable[None]], **arguments: object) -> HeldQueue:
    """Run a test on a loop with a queue and a group commit of two senders; everything must end by itself."""
    queue, numbers = HeldQueue(), count()

    async def whole() -> None:
        settings = {"linger_seconds": NEVER_SECONDS, "senders": 2} | arguments
        commit = GroupCommit(queue, lambda: f"p{next(numbers)}", **settings)  # type: ignore[arg-type]
        await test(queue, commit)
        queue.gate.set()
        assert await commit.close(WAIT_SECONDS)
        assert commit.held_bytes == 0

    asyncio.run(asyncio.wait_for(whole(), WAIT_SECONDS * 2))
    return queue


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def test_lone_request_is_sent_at_once_and_answered_when_acknowledged() -> None:
    async def test(queue: HeldQueue, commit: GroupCommit) -> None:
        answer = asyncio.ensure_future(commit.hold(batch("one")))
        await until(lambda: queue.started == 1)
        assert not answer.done()
        queue.gate.set()
        await answer

    assert [names(body) for body in run(test).bodies] == [["one"]]


def test_requests_share_a_message_while_another_is_under_way() -> None:
    async def test(queue: HeldQueue, commit: GroupCommit) -> None:
        first = asyncio.ensure_future(commit.hold(batch("first")))
        await until(lambda: queue.started == 1)
        later = [asyncio.ensure_future(commit.hold(batch(f"later {number}"))) for number in range(50)]
        await asyncio.sleep(0)
        queue.gate.set()
        await asyncio.gather(first, *later)

    assert [names(body) for body in run(test).bodies] == [["first"], [f"later {number}" for number in range(50)]]


def test_next_request_lingers_when_the_last_message_held_several_and_the_one_after_a_lone_one_does_not() -> None:
    async def test(queue: HeldQueue, commit: GroupCommit) -> None:
        queue.gate.set()
        await asyncio.gather(*(commit.hold(batch(f"early {number}")) for number in range(BUSY_REQUESTS)))
        held = asyncio.ensure_future(commit.hold(batch("held")))
        await asyncio.sleep(0)
        assert queue.started == 1
        await held
        await commit.hold(batch("next"))

    queue = run(test, linger_seconds=0.01)

    early = [f"early {number}" for number in range(BUSY_REQUESTS)]
    assert [names(body) for body in queue.bodies] == [early, ["held"], ["next"]]


def test_message_goes_when_its_linger_ends_although_another_is_under_way() -> None:
    async def test(queue: HeldQueue, commit: GroupCommit) -> None:
        answers = [asyncio.ensure_future(commit.hold(batch("first")))]
        await until(lambda: queue.started == 1)
        answers.append(asyncio.ensure_future(commit.hold(batch("second"))))
        await until(lambda: queue.started == 2)
        queue.gate.set()
        await asyncio.gather(*answers)

    run(test, linger_seconds=0.01)


def test_full_message_goes_at_once_and_what_did_not_fit_is_not_forgotten() -> None:
    async def test(queue: HeldQueue, commit: GroupCommit) -> None:
        answers = [asyncio.ensure_future(commit.hold(batch("first")))]
        await until(lambda: queue.started == 1)
        answers += [asyncio.ensure_future(commit.hold(batch(f"big {number}", size=100_000))) for number in range(3)]
        await until(lambda: queue.started == 2)
        queue.gate.set()
        await asyncio.gather(*answers)

    # Two threads send at once: which message arrives first is not ours to say.
    assert sorted(names(body) for body in run(test).bodies) == [["big 0", "big 1"], ["big 2"], ["first"]]


def test_message_that_fails_fails_exactly_its_requests() -> None:
    async def test(queue: HeldQueue, commit: GroupCommit) -> None:
        queue.refuse = ("bad app",)
        queue.gate.set()
        good, also_good, bad = await asyncio.gather(
            commit.hold(batch("good")),
            commit.hold(batch("also good")),
            commit.hold(batch("bad", app="bad app")),
            return_exceptions=True,
        )
        assert good is None
        assert also_good is None
        assert isinstance(bad, QueueUnavailableError)

    assert [names(body) for body in run(test).bodies] == [["good", "also good"]]


def test_request_of_several_messages_fails_whole_when_one_fails() -> None:
    async def test(queue: HeldQueue, commit: GroupCommit) -> None:
        queue.refuse = ("e9",)
        queue.gate.set()
        lines = tuple(batch(f"e{number}", size=60_000).events[0] for number in range(10))
        with pytest.raises(QueueUnavailableError, match="refused"):
            await commit.hold(EventBatch("shop", ARRIVAL, lines))

    assert len(run(test).bodies) == 2


def test_messages_hold_one_app_and_stay_within_the_limit() -> None:
    async def test(queue: HeldQueue, commit: GroupCommit) -> None:
        queue.gate.set()
        batches = [batch(f"e{number}", app=f"app{number % 3}", size=60_000) for number in range(30)]
        await asyncio.gather(*map(commit.hold, batches))

    bodies = run(test, linger_seconds=0.01).bodies
    assert all(len(body) <= PACK_LIMIT_BYTES for body in bodies)
    by_app = {name: json.loads(body)["app"] for body in bodies for name in names(body)}
    assert by_app == {f"e{number}": f"app{number % 3}" for number in range(30)}


def test_requests_of_two_days_share_no_message_and_the_pack_has_the_earliest_arrival() -> None:
    midnight = datetime(2026, 11, 25, tzinfo=UTC)
    moments = [timedelta(seconds=second) for second in (-1, 1, -2, 2)]

    async def test(queue: HeldQueue, commit: GroupCommit) -> None:
        queue.gate.set()
        await asyncio.gather(*(commit.hold(batch(str(moment), at=midnight + moment)) for moment in moments))

    packs = sorted(json.loads(body)["received_at"] for body in run(test).bodies)
    assert packs == ["2026-11-24T23:59:58.000Z", "2026-11-25T00:00:01.000Z"]


def test_requests_are_refused_when_too_much_waits_and_taken_again_afterwards() -> None:
    async def test(queue: HeldQueue, commit: GroupCommit) -> None:
        first = asyncio.ensure_future(commit.hold(batch("first", size=800)))
        await until(lambda: queue.started == 1)
        with pytest.raises(OverloadedError, match="bytes wait for the queue"):
            await commit.hold(batch("second", size=800))
        queue.gate.set()
        await first
        await commit.hold(batch("third", size=800))

    assert [names(body) for body in run(test, held_bytes_limit=1000).bodies] == [["first"], ["third"]]


def test_request_is_answered_when_the_queue_is_silent_and_what_was_never_sent_is_forgotten() -> None:
    async def test(queue: HeldQueue, commit: GroupCommit) -> None:
        first = asyncio.ensure_future(commit.hold(batch("first")))
        await until(lambda: queue.started == 1)
        for answer in (first, commit.hold(batch("second"))):
            with pytest.raises(QueueUnavailableError, match=r"no acknowledgement within 0\.01 s"):
                await answer

    assert [names(body) for body in run(test, answer_seconds=0.01).bodies] == [["first"]]


def test_close_sends_what_waits_and_refuses_what_comes() -> None:
    async def test(queue: HeldQueue, commit: GroupCommit) -> None:
        answers = [asyncio.ensure_future(commit.hold(batch(name))) for name in ("first", "second")]
        await until(lambda: queue.started == 1)
        answers.append(asyncio.ensure_future(commit.hold(batch("third"))))
        closing = asyncio.ensure_future(commit.close(WAIT_SECONDS))
        await until(lambda: queue.started == 2)
        with pytest.raises(DrainingError, match="shutting down"):
            await commit.hold(batch("late"))
        queue.gate.set()
        assert await closing
        await asyncio.gather(*answers)

    assert sorted(name for body in run(test).bodies for name in names(body)) == ["first", "second", "third"]


def test_request_hears_of_an_unforeseen_error_and_the_next_one_is_sent() -> None:
    class Broken:
        calls = 0

        def send(self, body: str) -> None:
            self.calls += 1
            if self.calls == 1:
                raise RuntimeError("closed the connection")

    async def test() -> list[GroupResult]:
        told: list[GroupResult] = []
        commit = GroupCommit(Broken(), lambda: "p", on_group=told.append)
        with pytest.raises(QueueUnavailableError, match="closed the connection"):
            await commit.hold(batch("one"))
        await commit.hold(batch("two"))
        assert await commit.close(WAIT_SECONDS)
        return told

    failed, done = asyncio.run(test())
    assert failed.failure is not None
    assert (done.failure, done.app, done.requests, done.events, done.messages) == (None, "shop", 1, 1, 1)


def test_other_threads_commit_through_the_same_messages() -> None:
    async def test(queue: HeldQueue, commit: GroupCommit) -> None:
        loop = asyncio.get_running_loop()
        commit.start(loop)
        queue.gate.set()
        await loop.run_in_executor(None, commit.commit, batch("from a thread"))
        queue.refuse = ("refused",)
        with pytest.raises(QueueUnavailableError, match="refused"):
            await loop.run_in_executor(None, commit.commit, batch("refused"))

    assert [names(body) for body in run(test).bodies] == [["from a thread"]]
