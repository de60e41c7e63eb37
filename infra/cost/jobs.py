"""The cost of what Spark does in a month: a row a job, and the tables that it keeps. Source: docs/cost.md.

A job costs by what is new (CPU seconds a million events, times how often its days are computed again), by what is
stored (seconds a million events that it reads at each run), and by its start. What says "estimate" is not measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.cost.model import EVENT_BYTES, FLUSHES, MONTH_DAYS, OBJECT_BYTES, Freshness, Line, Workload

RUNS_A_MONTH: dict[Freshness, float] = {"daily": MONTH_DAYS, "hourly": MONTH_DAYS * 24, "live": MONTH_DAYS * 288}
"""Runs of Spark, those of the live numbers included."""
WHOLE_RUNS: dict[Freshness, float] = {"daily": MONTH_DAYS, "hourly": MONTH_DAYS * 24, "live": MONTH_DAYS}
"""Runs of all jobs."""
RUN_VCPU_HOURS = 0.10
RUN_GB_HOURS = 0.40
"""A Spark run that finds little: two workers of 1 vCPU and 4 GB for three minutes."""
SPARK_GB_A_VCPU = 4.0
SPARK_BUSY_SHARE = 0.7
"""Share of the paid time of a worker in which it computes; an estimate: it also waits for S3, Glue, other workers."""

INGEST_SECONDS = 25.0
"""CPU seconds of the JVM a million events, past its start: 22 to 27 measured with 882-byte logs on two cores, for the
ingest that appends to a branch. EMR's own cores were not tried."""
MART_SECONDS = 89.0
"""CPU seconds of Java and Python a million events for the marts that are computed by day, past their start, measured on
two cores (`bench/lake.py marts`: 88.7 for 30 days in a process that had computed them before, 109.2 in one that had
not)."""
LEDGER_SECONDS = 10.0
"""An estimate, from 100,000 lines a second and core for reading and parsing: each object is read once."""
COMPACT_SECONDS = 8.0
"""An estimate: `maintain` reads small files and writes them together once; writing took 8 in the ingest above."""
RECHECK_SECONDS = 1.0
RECHECK_MONTHS = 1.0
"""An estimate: the weekly search for copies reads two columns of the last 30 days."""
MODEL_SECONDS = 2.0
"""An estimate: features read a few columns of every listen and event that is stored, at each run."""

LATE_DAYS = 2
"""Days before today that late events touch at each run."""
WEEKLY_PASSES = 27 / 7
"""How often a day is computed again after its third: weekly while browsers may still send events of it (30 days)."""


def mart_passes(freshness: Freshness) -> float:
    """How often the marts of a day are computed, all in all, when late events come every hour.

    The day itself at each run with what has come of it, whole at the runs of the next days, then weekly.
    """
    a_day = WHOLE_RUNS[freshness] / MONTH_DAYS
    return (a_day + 1) / 2 + LATE_DAYS * a_day + WEEKLY_PASSES


def compactions(freshness: Freshness) -> float:
    """How often an event is written together with others: when five small files lie in a day."""
    return max(1.0, WHOLE_RUNS[freshness] / MONTH_DAYS / 5)


@dataclass(frozen=True, slots=True)
class JobWork:
    """What a job does in a month.

    Args:
        name: For people.
        start_share: Its share of the fixed part of a run.
        new: CPU seconds a million events of the month.
        stored: CPU seconds a million events stored, all its runs of the month together.
        window: Months of what is stored that it reads at most.
    """

    name: str
    start_share: float
    new: float = 0.0
    stored: float = 0.0
    window: float = float("inf")


def job_work(freshness: Freshness) -> tuple[JobWork, ...]:
    """Every job; `ingest` alone runs for live numbers."""
    weeks, runs = MONTH_DAYS / 7, WHOLE_RUNS[freshness]
    return (
        JobWork("ingest", 0.4, INGEST_SECONDS),
        JobWork("marts", 0.25, MART_SECONDS * mart_passes(freshness)),
        JobWork("model and targets", 0.2, stored=MODEL_SECONDS * runs),
        JobWork("ledger", 0.05, LEDGER_SECONDS),
        JobWork("maintain", 0.1, COMPACT_SECONDS * compactions(freshness), RECHECK_SECONDS * weeks, RECHECK_MONTHS),
    )


MART_SHARE = 0.06
"""Bytes of all marts by text bytes; an estimate, half of the table of events, until a bench has measured it."""
TABLE_SHARE = 0.12
"""Bytes of the table of events by text bytes, zstd Parquet."""
TABLES_A_RUN, TABLES_A_LIVE_RUN, FILES_A_COMMIT = 15, 4, 6
"""A commit writes data, manifests, their list and the table's metadata."""
GETS_A_GIGABYTE = 50
"""Ranges that a job asks for of tables of 128 MB files, a few columns of each."""


def analysis(work: Workload, prices: Mapping[str, Any]) -> list[Line]:
    """From S3 to tables, targets and profiles, a line a job; decisions are in `infra.cost.model`."""
    s3, runs = prices["s3"], WHOLE_RUNS[work.freshness]
    return [
        *job_lines(work, prices),
        *_table_lines(work, s3),
        Line("S3", "requests of the jobs", _requests(work, s3), "analyse"),
        Line("DynamoDB", "profiles written", runs * work.customers * prices["dynamodb"]["write"], "analyse"),
    ]


def job_lines(work: Workload, prices: Mapping[str, Any]) -> list[Line]:
    """The bill of EMR Serverless, a line a job."""
    whole, live = WHOLE_RUNS[work.freshness], RUNS_A_MONTH[work.freshness] - _shared_runs(work.freshness)
    lines = []
    for job in job_work(work.freshness):
        seconds = _seconds(job, work)
        runs = whole + (live if job.name == "ingest" else 0)
        starts = whole * job.start_share + (live if job.name == "ingest" else 0)
        usd = starts * start_usd(prices) + cpu_usd(seconds, prices)
        lines.append(
            Line("EMR Serverless", f"{job.name}, {runs:,.0f} runs, {seconds / 3600:,.1f} CPU h", usd, "analyse")
        )
    return lines


def cpu_seconds(work: Workload) -> float:
    """CPU seconds of all jobs in the month."""
    return sum(_seconds(job, work) for job in job_work(work.freshness))


def _seconds(job: JobWork, work: Workload) -> float:
    return work.millions * (job.new + job.stored * min(work.stored_months, job.window))


def _shared_runs(freshness: Freshness) -> float:
    """Runs of RUNS_A_MONTH that are whole runs; beside the live ones the daily run is one more."""
    return 0.0 if freshness == "live" else WHOLE_RUNS[freshness]


def start_usd(prices: Mapping[str, Any]) -> float:
    """Dollars of a run that finds little."""
    emr = prices["emr_serverless"]
    return float(RUN_VCPU_HOURS * emr["vcpu_hour"] + RUN_GB_HOURS * emr["gb_hour"])


def cpu_usd(seconds: float, prices: Mapping[str, Any]) -> float:
    """Dollars of CPU seconds of Spark, with what its workers wait."""
    emr = prices["emr_serverless"]
    return float(seconds / SPARK_BUSY_SHARE / 3600 * (emr["vcpu_hour"] + SPARK_GB_A_VCPU * emr["gb_hour"]))


def again_usd(work: Workload, prices: Mapping[str, Any]) -> float:
    """Dollars of computing the marts of every stored day once more, after their version or a setting changed."""
    return cpu_usd(work.millions * work.stored_months * MART_SECONDS, prices) + start_usd(prices)


def _table_lines(work: Workload, s3: Mapping[str, Any]) -> list[Line]:
    text_gb = work.events * EVENT_BYTES / 1e9
    events, marts = text_gb * TABLE_SHARE, text_gb * MART_SHARE
    # What is replaced stays in snapshots, then as an old version.
    replaced = (events * compactions(work.freshness) + marts * mart_passes(work.freshness)) * work.old_files_months
    stored = {
        "table events": events * work.stored_months,
        "marts": marts * work.stored_months,
        "replaced files until they expire": replaced,
    }
    return [
        Line("S3", f"{name}, {gigabytes:,.1f} GB stored", gigabytes * s3["gb_month"], "store")
        for name, gigabytes in stored.items()
    ]


def _requests(work: Workload, s3: Mapping[str, Any]) -> float:
    whole, live = WHOLE_RUNS[work.freshness], RUNS_A_MONTH[work.freshness] - _shared_runs(work.freshness)
    # Raw is read twice: by ingest and by the ledger.
    raw = 2 * (work.events * EVENT_BYTES / OBJECT_BYTES + FLUSHES)
    history_gb = work.events * EVENT_BYTES / 1e9 * TABLE_SHARE * work.stored_months
    commits = (whole * TABLES_A_RUN + live * TABLES_A_LIVE_RUN) * FILES_A_COMMIT
    reads = raw + commits + whole * history_gb * GETS_A_GIGABYTE
    return float(reads * s3["get"] + commits * s3["put"])
