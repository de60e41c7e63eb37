"""The group commit may die at any call: what it acknowledged is in the queue, and once in the tables."""

from __future__ import annotations

import asyncio
import os
from itertools import count
from random import Random, SystemRandom

from api.group_commit import GroupCommit
from logdig.queue.packs import EventBatch
from tests.faults.crash import Child, Job, JobClients, Kill
from tests.faults.harness import FlushHarness
from tests.faults.random_kills import AT_ONCE, Tally

KILLS = 2_000 if os.environ.get("LOGDIG_FULL") == "1" else 64
REQUESTS, AT_A_TIME = 24, 6


def collect(batches: list[EventBatch]) -> Job:
    """Requests through one group commit; those that hear yes say so."""
    return lambda clients: asyncio.run(_collect(clients, batches))


async def _collect(clients: JobClients, batches: list[EventBatch]) -> None:
    numbers = count()
    sink = GroupCommit(clients.queue, lambda: f"p{next(numbers)}", linger_seconds=0.001)
    places = asyncio.Semaphore(AT_A_TIME)

    async def request(batch: EventBatch) -> None:
        async with places:
            await sink.hold(batch)
            clients.acknowledge(batch.events + batch.rejected)

    await asyncio.gather(*map(request, batches))
    assert await sink.close(60)


def test_f01_what_was_acknowledged_is_stored_when_the_group_commit_dies_at_random_calls() -> None:
    seed = int(os.environ.get("LOGDIG_SEED") or SystemRandom().randrange(10**9))
    print(f"LOGDIG_SEED={seed}")
    random, tally = Random(seed), Tally()

    while tally.kills < KILLS:
        harnesses = [FlushHarness(random.randrange(10**9)) for _ in range(AT_ONCE)]
        requests = [
            [harness.batch(3, app=random.choice(("shop", "blog"))) for _ in range(REQUESTS)] for harness in harnesses
        ]
        kills = [Kill(random.randint(1, REQUESTS), after=random.random() < 0.5) for _ in harnesses]
        children = [
            Child(harness, kill, collect(batches))
            for harness, kill, batches in zip(harnesses, kills, requests, strict=True)
        ]
        tally.moments.update([child.finish() for child in children])
        for number, harness in enumerate(harnesses):
            harness.drain()
            tally.add(number, harness.account())

    assert (tally.lost, tally.duplicates_after_ingest, tally.corrupted) == (0, 0, 0)
    moments = {f"{when} {call}" for when in ("before", "after") for call in ("send_message", "acknowledge")}
    assert tally.moments.keys() >= moments
    assert tally.acknowledged > 0
