"""Random sequences, flushes killed at random calls, and the sums over all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, fields, replace
from multiprocessing import get_context
from os import cpu_count

from logdig.flush.flusher import flush
from tests.faults.crash import Child, Kill, count_calls, flush_job
from tests.faults.harness import Account, Flush, FlushHarness

EVENTS_MOST = 80
KILLS_A_SEQUENCE = 3
AT_ONCE = 32
"""Sequences whose flushes run in parallel: a kill is mostly waiting for processes to begin and end."""
KILLS_A_PART = 280
"""At least; a part ends with the batch of sequences that reaches it."""
SEEDS_A_PART = 1_000_000
"""More than the sequences of a part, so that no two parts share one."""


@dataclass(slots=True)
class Tally:
    """Sums over sequences; ``moments`` counts kills by their place, ``unclean`` seeds that broke a promise."""

    sequences: int = 0
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
        """Sums over the sequences of both."""
        return Tally(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    def add(self, seed: int, account: Account) -> None:
        """Count one sequence."""
        self.sequences += 1
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
    seeds = [first_seed + SEEDS_A_PART * number for number in range(parts(kills))]
    # Started anew, not forked: what a process holds is copied with every fork that it makes.
    with ProcessPoolExecutor(cpu_count(), get_context("spawn")) as pool:
        yield from pool.map(_part_of, seeds)


def _part_of(seed: int) -> Tally:
    *_, tally = kill_until(KILLS_A_PART, seed)
    return tally


def kill_until(kills: int, first_seed: int) -> Iterator[Tally]:
    """Run sequences until this many flushes were killed; yields the sums after each batch of sequences."""
    tally = Tally()
    seed = first_seed
    while tally.kills < kills:
        seeds = range(seed, seed + AT_ONCE)
        harnesses = [new_harness(seed) for seed in seeds]
        for _ in range(KILLS_A_SEQUENCE):
            children = [Child(harness, _some_kill(harness), flush_job()) for harness in harnesses]
            tally.moments.update([child.finish() for child in children])
            for harness in harnesses:
                harness.clock.advance(harness.random.choice((0, 60, 301)))
                harness.send_many(harness.random.randint(1, 10))
        for one, harness in zip(seeds, harnesses, strict=True):
            harness.drain()
            tally.add(one, harness.account())
        seed += AT_ONCE
        yield tally


def kill_with_a_hundred_logs(run: Flush, kills: int, first_seed: int) -> Tally:
    """Kill a flush of a hundred messages of one log each, then let it run until nothing waits; so many times."""
    tally = Tally()
    for seed in range(first_seed, first_seed + kills):
        harness = FlushHarness(seed)
        for _ in range(100):
            harness.send(1)
        tally.moments[Child(harness, _some_kill(harness, run), flush_job(run)).finish()] += 1
        harness.drain(run)
        tally.add(seed, harness.account())
    return tally


def new_harness(seed: int) -> FlushHarness:
    """A harness with queued events; sizes of requests, objects and runs differ by seed."""
    harness = FlushHarness(seed)
    random = harness.random
    harness.limits = replace(
        harness.limits, object_messages=random.choice((3, 7, 10_000)), receivers=random.choice((1, 1, 2))
    )
    harness.force = random.random() < 0.8
    harness.send_many(random.randint(1, EVENTS_MOST))
    return harness


def _some_kill(harness: FlushHarness, run: Flush = flush) -> Kill:
    return Kill(harness.random.randint(1, count_calls(harness, run)), after=harness.random.random() < 0.5)
