"""Comparison of a bill: with the other endpoints, with the design of 2016, and with published prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from infra.cost.model import COLLECTOR_GB, FRONT_DOORS, Line, Workload, collection, total
from infra.cost.prices import stepped

BYTES_2016 = 450
"""One log of ten fields."""
SECONDS_2016 = 0.01
LOGS_A_FILE_2016 = 100


@dataclass(frozen=True, slots=True)
class Published:
    """A published price for a number of events, and the price of collection to S3 with LogDig."""

    what: str
    events: float
    usd: float
    ours: float


def by_front_door(work: Workload, prices: Mapping[str, Any]) -> dict[str, float]:
    """Dollars of collection to S3 by endpoint, for one workload."""
    return {name: total(collection(replace(work, front_door=name), dict(prices))) for name in FRONT_DOORS}


def design_of_2016(events: float, prices: Mapping[str, Any]) -> list[Line]:
    """The design of 2016: a request and a message for each event, deletes one by one, uncompressed files."""
    memory = events * SECONDS_2016 * COLLECTOR_GB * prices["lambda"]["arm_gb_second"]
    messages = prices["sqs"]["request"] * (events + events / 10 + events)
    stored_gb = events * BYTES_2016 / 1e9
    return [
        Line("API Gateway", "a request an event", stepped(prices["rest_api"]["steps"], events)),
        Line("Lambda", "a call an event", events * prices["lambda"]["request"] + memory),
        Line("SQS", "a send and a delete an event, a receive for ten", messages),
        Line("S3", "a file for 100 logs", events / LOGS_A_FILE_2016 * prices["s3"]["put"]),
        Line("S3", "uncompressed", stored_gb * prices["s3"]["gb_month"]),
    ]


def published(work: Workload, prices: Mapping[str, Any]) -> list[Published]:
    """Published prices, each with LogDig's price for as many events through the same endpoint."""
    return [
        Published(
            row["what"], row["events"], row["usd"], total(collection(replace(work, events=row["events"]), dict(prices)))
        )
        for row in prices["published"]
    ]
