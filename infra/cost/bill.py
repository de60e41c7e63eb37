"""The cost of a month, all lines together. Arithmetic only; source: docs/cost.md."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from infra.cost.jobs import RUNS_A_MONTH, again_usd, analysis, job_lines
from infra.cost.model import Freshness, Line, Workload, collection, decisions, edge, messages, operation, total
from logdig.config.settings import Settings

MONTHS = (1, 12)
"""Months that are shown: what is stored grows until it expires, so no single month is the price."""


def bill(work: Workload, prices: dict[str, Any]) -> list[Line]:
    """Every line of a month's bill."""
    return [
        *collection(work, prices),
        *analysis(work, prices),
        *decisions(work, prices),
        *messages(work, prices),
        *operation(work, prices),
    ]


LISTEN_READS, LISTEN_WRITES = 0.5, 2
"""DynamoDB's units of a listen that a flush acts on: an eventually consistent read, and a write of up to 2 KB, the
listens of an hour; fewer where a customer listens several times between two flushes."""


def price_of_listens(prices: dict[str, Any], listens: float = 1e6) -> float:
    """Most dollars for so many listens with ``flush.on_listen``."""
    dynamodb = prices["dynamodb"]
    return float(listens * (LISTEN_READS * dynamodb["read"] + LISTEN_WRITES * dynamodb["write"]))


def price_of_freshness(work: Workload, prices: dict[str, Any]) -> dict[Freshness, float]:
    """Dollars a month for the Spark runs of each freshness."""
    return {name: total(job_lines(replace(work, freshness=name), prices)) for name in RUNS_A_MONTH}


def workload(settings: Settings, events: float, month: int = 1) -> Workload:
    """The workload of an installation with so many events a month."""
    kept = settings.retention
    return Workload(
        events,
        front_door=settings.front_door,
        dashboard=settings.dashboard == "function",
        domain=bool(settings.domain),
        freshness=settings.freshness,
        month=month,
        raw_days=kept.raw_days,
        old_files_days=kept.snapshot_days + kept.old_versions_days,
    )


def monthly_prices(settings: Settings, events: float, prices: dict[str, Any]) -> dict[str, Any]:
    """What an installation costs, for a plan: plain data.

    Returns:
        ``usd_a_month`` by freshness and month, ``jobs`` of the freshness that is set, each with its dollars by month,
        ``usd_all_days_again`` for all marts once more in the last of these months, ``usd_a_million_listens`` for acting
        on listens at once, 0 where that is off, ``usd_domain`` of it for the domain.
    """
    works = {month: workload(settings, events, month) for month in MONTHS}
    jobs = {month: job_lines(work, prices) for month, work in works.items()}
    return {
        "events_a_month": events,
        "usd_a_month": {
            name: {str(month): total(bill(replace(work, freshness=name), prices)) for month, work in works.items()}
            for name in RUNS_A_MONTH
        },
        "jobs": [
            {"job": last.what, "usd_a_month": {str(month): jobs[month][place].usd for month in MONTHS}}
            for place, last in enumerate(jobs[MONTHS[-1]])
        ],
        "usd_all_days_again": again_usd(works[MONTHS[-1]], prices),
        "usd_a_million_listens": price_of_listens(prices) if settings.flush.on_listen else 0.0,
        "usd_domain": total(edge(works[1], prices)),
    }
