"""Random roads, flushes killed at random calls, and the sums over all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, fields, replace
from multiprocessing import get_context
from os import cpu_count

from logdig.flush.flusher import flush
from tests.faults.crash import Child, Kill, count_calls, flush_job
from tests.faults.road import Account, Flush, Road

EVENTS_MOST = 80
KILLS_A_ROAD = 3
AT_ONCE = 32
"""Roads whose flushes run side by side: a kill is mostly waiting for processes to begin and end."""
KILLS_A_PART = 280
"""At least; a part ends with the bunch of roads that reaches it."""
SEEDS_A_PART = 1_000_000
"""More than the roads of a part, so that no two parts share one."""


@dataclass(slots=True)
class Tally:
    """Sums over roads; ``moments`` counts kills by where they struck, ``unclean`` the seeds that broke a promise."""

    roads: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    lost: int = 0
    raw_duplicates: int = 0
    duplicates_after_ingest: int = 0
    corrupted: int = 0
    unclean: list[int] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """Processes ended by SIGKILL."""
        return self.moments.total() - self.moments[""]

    def __add__(self, other: Tally) -> Tally:
        """Sums over the roads of both."""
        return Tally(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def add(self, seed: int, account: Account) -> None:
        """Count one road."""
        self.roads += 1
        self.acknowledged += account.acknowledged
        self.lost += account.lost
        self.raw_duplicates += account.raw_duplicates
        self.duplicates_after_ingest += account.duplicates_after_ingest
        self.corrupted += account.wrong + len(account.faults)
        if not account.is_clean:
            self.unclean.append(seed)


def parts(kills: int) -> int:
    """Into how many parts so many kills fall."""
    return -(-kills // KILLS_A_PART)


def kill_in_parts(kills: int, first_seed: int) -> Iterator[Tally]:
    """Kill so many flushes on every core; yields the sums of each part."""
    seeds = [first_seed + SEEDS_A_PART * one for one in range(parts(kills))]
    # Started anew, not forked: what a process holds is copied with every fork that it makes.
    with ProcessPoolExecutor(cpu_count(), get_context("spawn")) as pool:
        yield from pool.map(_part_of, seeds)


def _part_of(seed: int) -> Tally:
    *_, tally = kill_until(KILLS_A_PART, seed)
    return tally


def kill_until(kills: int, first_seed: int) -> Iterator[Tally]:
    """Run roads until so many flushes were killed; yields the sums after each bunch of roads."""
    tally = Tally()
    seed = first_seed
    while tally.kills < kills:
        seeds = range(seed, seed + AT_ONCE)
        roads = [new_road(one) for one in seeds]
        for _ in range(KILLS_A_ROAD):
            children = [Child(road, _some_kill(road), flush_job()) for road in roads]
            tally.moments.update([child.finish() for child in children])
            for road in roads:
                road.clock.advance(road.random.choice((0, 60, 301)))
                road.send_many(road.random.randint(1, 10))
        for one, road in zip(seeds, roads, strict=True):
            road.drain()
            tally.add(one, road.account())
        seed += AT_ONCE
        yield tally


def kill_with_a_hundred_logs(run: Flush, kills: int, first_seed: int) -> Tally:
    """Kill a flush of a hundred messages of one log each, then let it run until nothing waits; so many times."""
    tally = Tally()
    for seed in range(first_seed, first_seed + kills):
        road = Road(seed)
        for _ in range(100):
            road.send(1)
        tally.moments[Child(road, _some_kill(road, run), flush_job(run)).finish()] += 1
        road.drain(run)
        tally.add(seed, road.account())
    return tally


def new_road(seed: int) -> Road:
    """A road with events on it; sizes of requests, objects and runs differ by seed."""
    road = Road(seed)
    random = road.random
    road.limits = replace(
        road.limits, object_messages=random.choice((3, 7, 10_000)), receivers=random.choice((1, 1, 2))
    )
    road.force = random.random() < 0.8
    road.send_many(random.randint(1, EVENTS_MOST))
    return road


def _some_kill(road: Road, run: Flush = flush) -> Kill:
    return Kill(road.random.randint(1, count_calls(road, run)), after=road.random.random() < 0.5)
