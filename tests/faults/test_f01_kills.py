"""F1: killed at any step, the flush, the group commit and the redrive lose nothing and double nothing in the tables."""

from __future__ import annotations

import asyncio
from itertools import count
from random import Random, SystemRandom

import pytest

from api.group_commit import GroupCommit
from logdig.flusher import FlushLimits
from logdig.packing import Batch, read_pack
from tests.fakes.queue import FakeClock
from tests.faults.machine import Job, Machine, World, runs
from tests.faults.report import Tally
from tests.faults.scenario import LIMITS, Traffic, drain, flush_job, judge

FEW = FlushLimits(wait_seconds=0, receivers=1)
CONCURRENT = FlushLimits(wait_seconds=0, receivers=4, object_bytes=6_000, open_bytes=12_000)
pytestmark = pytest.mark.timeout(3600)

POINTS = 20
"""Points of a flush of this size; the smaller ones have fewer, and then a run is not killed."""
POISON = "no pack at all"


def flushed_with_kill(seed: int, kill_at: int, limits: FlushLimits = LIMITS) -> tuple[str | None, Traffic, Machine]:
    """Send, flush, die, flush again until all is out; a third of the runs die a second time."""
    random = Random(seed)
    clock = FakeClock()
    machine = Machine(clock, random)
    traffic = Traffic(clock, random)
    traffic.send(lambda body: machine.sqs.send_message(QueueUrl="", MessageBody=body), packs=random.randint(12, 30))
    if random.random() < 0.2:
        machine.sqs.send_message(QueueUrl="", MessageBody=POISON)
    killed = machine.run(flush_job(limits), kill_at=kill_at)
    if random.random() < 0.3:
        clock.advance(301)
        machine.run(flush_job(limits), kill_at=random.randrange(POINTS))
    drain(machine, limits)
    return killed, traffic, machine


def assert_nothing_lost(tally: Tally) -> None:
    tally.publish()
    assert tally.verdict.lost == 0, f"seed {tally.seed}"
    assert tally.verdict.duplicates_after_ingest == 0, f"seed {tally.seed}"
    assert tally.verdict.corrupted == 0, f"seed {tally.seed}"


def test_flush_loses_nothing_when_killed_at_each_of_its_points() -> None:
    tally = Tally("flush at every point", seed=1)

    for point in count():
        killed, traffic, machine = flushed_with_kill(1, point)
        tally.add(killed, len(traffic.sent), judge(traffic, machine.s3))
        if killed is None:
            break

    # Two points a call: every kind of call was died before and after.
    assert {kill.partition(" ")[2] for kill in tally.kills if kill != "not killed"} == {
        "paginate",
        "receive_message",
        "put_object",
        "delete_message_batch",
    }
    assert_nothing_lost(tally)


def test_flush_loses_nothing_when_killed_at_random() -> None:
    tally = Tally("flush at random", seed=SystemRandom().randrange(2**32))
    random = Random(tally.seed)

    for number in range(runs(1_700, 11_500)):
        limits = CONCURRENT if number % 4 == 0 else LIMITS
        killed, traffic, machine = flushed_with_kill(random.randrange(2**32), random.randrange(POINTS), limits)
        tally.add(killed, len(traffic.sent), judge(traffic, machine.s3))

    assert_nothing_lost(tally)
    assert tally.killed > tally.runs / 2


def test_flush_gives_back_nothing_wrongly_when_killed_while_releasing() -> None:
    tally = Tally("release at every point", seed=3)

    for point in count():
        clock = FakeClock()
        machine = Machine(clock, Random(3))
        traffic = Traffic(clock, Random(3))
        traffic.send(lambda body: machine.sqs.send_message(QueueUrl="", MessageBody=body), packs=14, most_events=5)  # noqa: B023
        killed = machine.run(flush_job(FEW, force=False), kill_at=point)
        drain(machine)
        tally.add(killed, len(traffic.sent), judge(traffic, machine.s3))
        if killed is None:
            break

    assert tally.kills["after change_message_visibility_batch"] > 0
    assert_nothing_lost(tally)


def collect(batches: list[Batch]) -> Job:
    """Requests, six at once, through one group commit; each that hears yes tells the witness."""

    def job(world: World) -> None:
        asyncio.run(_collect(world, batches))

    return job


async def _collect(world: World, batches: list[Batch]) -> None:
    numbers = count()
    sink = GroupCommit(world.queue, lambda: f"p{next(numbers)}", linger_seconds=0.001)
    places = asyncio.Semaphore(6)

    async def request(number: int) -> None:
        async with places:
            await sink.hold(batches[number])
            await asyncio.to_thread(world.witness.promise, name=str(number))

    await asyncio.gather(*map(request, range(len(batches))))
    assert await sink.close(60)


def test_collector_keeps_what_it_acknowledged_when_killed_at_random() -> None:
    tally = Tally("group commit at random", seed=SystemRandom().randrange(2**32))
    random = Random(tally.seed)

    for _ in range(runs(300, 2_000)):
        clock = FakeClock()
        traffic = Traffic(clock, Random(random.randrange(2**32)))
        batches = [traffic.batch(3, app=random.choice(("shop", "blog"))) for _ in range(24)]
        machine = Machine(clock, random)
        killed = machine.run(collect(batches), kill_at=random.randrange(50))
        kept = {bytes(line) for body in machine.sqs.bodies for line in read_pack(body, "m").events}
        promised = [line for number in machine.witness.promised for line in batches[int(number)].events]
        drain(machine)
        verdict = judge(traffic, machine.s3)
        # What was never acknowledged may be missing: its sender sends it again.
        verdict.lost = sum(line not in kept for line in promised)
        tally.add(killed, len(promised), verdict)

    assert_nothing_lost(tally)
    assert tally.killed > tally.runs / 3
