"""What 10 to 1,000,000 events a second ask for, from measured unit costs and AWS's published limits; arithmetic only.

Run ``.venv/bin/python bench/scale.py`` for the tables, ``--write`` to put them into docs/scale.md.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from infra.cost.bill import bill
from infra.cost.jobs import SPARK_BUSY_SHARE, cpu_seconds
from infra.cost.model import (
    COLLECTOR_SECONDS,
    EVENT_BYTES,
    FLUSH_LOGS_A_SECOND,
    MONTH_DAYS,
    MONTH_SECONDS,
    OBJECT_BYTES,
    PACK_BYTES,
    SERVER_REQUESTS_A_SECOND,
    FrontDoor,
    Workload,
    total,
)
from infra.cost.prices import read_prices
from logdig.flush.flusher import FlushLimits

PAGE = ROOT / "docs" / "scale.md"
RATES = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
EVENTS_A_REQUEST = 10
DAY_SECONDS = 86_400
INTERVAL_SECONDS = 300
RUN_SECONDS = 200
"""A flush of 240 s receives for 200 and keeps 40 to write and delete."""
SQS_CALL_SECONDS = 0.010
OUTAGE_SECONDS = 3_600

LAMBDA_CONCURRENCY = 1_000
"""Default quota of an account; a function URL takes ten requests a second for each."""
SQS_IN_FLIGHT = 120_000
S3_PUTS_A_SECOND = 3_500
"""Of one prefix; a day of a zone is one."""
EMR_VCPUS = 16
"""Default quota of EMR Serverless in an account."""
FLUSHERS = 100
"""The most that `flush.flushers` takes."""
SERVERS = 4
"""MaxSize of the server bundle."""


@dataclass(frozen=True)
class Limit:
    """One thing that can run out: how much of it is used, and what gives more."""

    name: str
    used: float
    setting: str


@dataclass(frozen=True)
class Step:
    """Everything about one rate through one endpoint."""

    rate: float
    endpoint: FrontDoor

    @property
    def requests(self) -> float:
        return self.rate / EVENTS_A_REQUEST

    @property
    def message_events(self) -> float:
        """Events in a queue message: a request's own on Lambda; a server fills packs with what comes in 10 ms."""
        if self.endpoint == "function-url":
            return EVENTS_A_REQUEST
        gathered = min(self.rate, SERVER_REQUESTS_A_SECOND * EVENTS_A_REQUEST) * 0.010
        return min(PACK_BYTES / EVENT_BYTES, max(EVENTS_A_REQUEST, gathered))

    @property
    def collectors(self) -> int:
        """Functions at work at once, or machines."""
        if self.endpoint == "function-url":
            return ceil(self.requests * COLLECTOR_SECONDS)
        return max(1, ceil(self.requests / SERVER_REQUESTS_A_SECOND))

    @property
    def flusher_events(self) -> float:
        """Events a second that one flusher carries while it runs: bound by its CPU or by its calls of SQS."""
        messages = FlushLimits().receivers * 10 / (2 * SQS_CALL_SECONDS)
        return min(FLUSH_LOGS_A_SECOND, messages * self.message_events)

    @property
    def flushers(self) -> int:
        return ceil(self.rate * INTERVAL_SECONDS / (self.flusher_events * RUN_SECONDS))

    @property
    def objects_a_day(self) -> int:
        runs = DAY_SECONDS // INTERVAL_SECONDS * self.flushers
        return runs + ceil(self.rate * DAY_SECONDS * EVENT_BYTES / OBJECT_BYTES)

    @property
    def month(self) -> Workload:
        """The first month."""
        return Workload(self.rate * MONTH_SECONDS, EVENTS_A_REQUEST, self.endpoint)

    @property
    def run_hours(self) -> float:
        """Hours of a daily run of all jobs on EMR_VCPUS in month 12."""
        a_day = cpu_seconds(replace(self.month, month=12)) / MONTH_DAYS
        return a_day / SPARK_BUSY_SHARE / EMR_VCPUS / 3600

    def usd(self) -> float:
        """Dollars of the first month."""
        return total(bill(self.month, read_prices()))

    def limits(self) -> list[Limit]:
        """What can run out, the fullest first."""
        flush = FlushLimits()
        held = self.flushers * min(flush.object_messages, flush.open_bytes / (self.message_events * EVENT_BYTES))
        waiting = self.rate * INTERVAL_SECONDS / self.message_events
        found = [
            Limit("SQS messages in flight", min(held, waiting) / SQS_IN_FLIGHT, 'front_door = "server": larger packs'),
            Limit("S3 puts of a prefix", self.objects_a_day / DAY_SECONDS / S3_PUTS_A_SECOND, "larger objects"),
            Limit("hours of a daily run", self.run_hours / 24, "EMR quota and largest capacity"),
            Limit("flushers", self.flushers / FLUSHERS, "a second queue and stack"),
        ]
        if self.endpoint == "function-url":
            found += [
                Limit("Lambda at once", self.collectors / LAMBDA_CONCURRENCY, "Lambda quota"),
                Limit("function URL requests", self.requests / (10 * LAMBDA_CONCURRENCY), "Lambda quota, or server"),
            ]
        else:
            found.append(Limit("servers", self.collectors / SERVERS, "MaxSize of the bundle"))
        return sorted(found, key=lambda limit: -limit.used)


def catch_up_seconds(step: Step, flushers: int, outage_seconds: int = OUTAGE_SECONDS) -> float | None:
    """After an outage of the store: when has the queue nothing older than one interval again?

    Args:
        step: Rate and endpoint.
        flushers: At work after the outage.
        outage_seconds: Nothing is written for so long.
    Returns:
        Seconds after the outage's end, in whole intervals; None if the backlog grows for ever.
    """
    capacity = flushers * step.flusher_events * RUN_SECONDS
    arriving = step.rate * INTERVAL_SECONDS
    if capacity <= arriving:
        return None
    # Counted, not simulated run by run: a capacity just above what arrives needs millions of runs.
    runs = ceil((step.rate * outage_seconds - arriving) / (capacity - arriving))
    return max(runs, 0) * INTERVAL_SECONDS


def table(endpoint: FrontDoor) -> str:
    """The steps of one endpoint, as Markdown."""
    rows = []
    for rate in RATES:
        step = Step(rate, endpoint)
        spare = step.flushers + max(1, step.flushers // 2)
        slow, fast = (catch_up_seconds(step, count) for count in (step.flushers, spare))
        limits = step.limits()
        broken = [limit for limit in limits if limit.used > 1]
        state = "; ".join(f"{one.name} {one.used:.0%}: {one.setting}" for one in broken or limits[:1])
        cells = (
            f"{rate:,}", f"{step.collectors:,}", f"{step.flushers:,}", f"{rate * OUTAGE_SECONDS:,.0f}", minutes(slow),
            f"{minutes(fast)} ({spare})", f"{step.objects_a_day:,}", f"{step.run_hours:,.2f}", f"{step.usd():,.0f}",
            f"**{state}**" if broken else state,
        )  # fmt: skip
        rows.append(f"| {' | '.join(cells)} |")
    collectors = "functions at once" if endpoint == "function-url" else "servers"
    head = (
        "events/s", collectors, "flushers", "events queued in an hour's outage", "caught up after, min",
        "with half as many more (flushers)", "raw objects a day", f"daily run on {EMR_VCPUS} vCPU, month 12, h",
        "usd in month 1", "fullest limit (bold: broken), and what moves it",
    )  # fmt: skip
    return "\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *rows])


def minutes(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds / 60:,.0f}"


def filled(text: str) -> str:
    """The page with its tables made anew."""
    return re.sub(
        r"<!-- scale: (\S+) -->\n.*?<!-- end -->",
        lambda block: f"<!-- scale: {block[1]} -->\n{table(block[1])}\n<!-- end -->",  # type: ignore[arg-type]
        text,
        flags=re.DOTALL,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/scale.md instead of printing")
    if parser.parse_args().write:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        return
    for endpoint in ("function-url", "server"):
        print(f"== {endpoint}\n{table(endpoint)}\n")


if __name__ == "__main__":
    main()
