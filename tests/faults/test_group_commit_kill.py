"""The group commit may die at any call: what it acknowledged is in the queue, and once in the tables."""

from __future__ import annotations

import asyncio
import os
from itertools import count
from random import Random, SystemRandom

from api.group_commit import GroupCommit
from logdig.queue.packs import Batch
from tests.faults.crash import Child, Doors, Job, Kill
from tests.faults.random_kills import AT_ONCE, Tally
from tests.faults.road import Road

KILLS = 2_000 if os.environ.get("LOGDIG_FULL") == "1" else 64
REQUESTS, AT_A_TIME = 24, 6


def collect(batches: list[Batch]) -> Job:
    """Requests through one group commit; those that hear yes say so."""
    return lambda doors: asyncio.run(_collect(doors, batches))


async def _collect(doors: Doors, batches: list[Batch]) -> None:
    numbers = count()
    sink = GroupCommit(doors.queue, lambda: f"p{next(numbers)}", linger_seconds=0.001)
    places = asyncio.Semaphore(AT_A_TIME)

    async def request(batch: Batch) -> None:
        async with places:
            await sink.hold(batch)
            doors.acknowledge(batch.events + batch.rejected)

    await asyncio.gather(*map(request, batches))
    assert await sink.close(60)


def test_f01_what_was_acknowledged_is_stored_when_the_group_commit_dies_at_random_calls() -> None:
    seed = int(os.environ.get("LOGDIG_SEED") or SystemRandom().randrange(10**9))
    print(f"LOGDIG_SEED={seed}")
    random, tally = Random(seed), Tally()

    while tally.kills < KILLS:
        roads = [Road(random.randrange(10**9)) for _ in range(AT_ONCE)]
        requests = [[road.batch(3, app=random.choice(("shop", "blog"))) for _ in range(REQUESTS)] for road in roads]
        kills = [Kill(random.randint(1, REQUESTS), after=random.random() < 0.5) for _ in roads]
        children = [
            Child(road, kill, collect(batches)) for road, kill, batches in zip(roads, kills, requests, strict=True)
        ]
        tally.moments.update([child.finish() for child in children])
        for number, road in enumerate(roads):
            road.drain()
            tally.add(number, road.account())

    assert (tally.lost, tally.duplicates_after_ingest, tally.corrupted) == (0, 0, 0)
    moments = {f"{when} {call}" for when in ("before", "after") for call in ("send_message", "acknowledge")}
    assert tally.moments.keys() >= moments
    assert tally.acknowledged > 0
