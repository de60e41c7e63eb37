"""Runs of jobs as whoever starts them needs them: under the lease, not at all when nothing is due, and noted.

Spark is started by the caller, after `is_idle` and inside of `writing`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from analytics import tables
from analytics.jobs import registry
from analytics.jobs.ingest import nothing_new
from analytics.jobs.kinds import RETRY
from analytics.jobs.report import JobReport
from analytics.jobs.status import PLANNED, mark_of, plan_of
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.errors import LakeBusyError, LeaseLostError, LogDigError
from logdig.marts.reader import Marts
from logdig.store.lease import Lease, hold
from logdig.store.state.job_states import note_done, note_failed
from logdig.times import Clock

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

WAIT_SECONDS = 600.0
"""Who finds the lake being written waits so long: as long as a dead holder keeps others out."""


@contextmanager
def writing(
    settings: Settings,
    work: str,
    clock: Clock,
    *,
    wait_seconds: float = WAIT_SECONDS,
    on_busy: Callable[[LakeBusyError], None] = lambda _busy: None,
) -> Iterator[None]:
    """Hold the lease of the lake while the block runs; every commit of this thread checks it.

    Args:
        settings: Names.
        work: What is done, for those who wait.
        clock: Gives the time, UTC.
        wait_seconds: How long to wait for another run.
        on_busy: Told at each look who holds it.
    Raises:
        LakeBusyError: Another run still holds it.
        LeaseLostError: Another run has taken it over; this one has ended before its next commit.
    """
    lease = Lease(s3_store(settings), clock, uuid.uuid4().hex, work)
    with hold(lease, wait_seconds=wait_seconds, on_busy=on_busy), tables.writing_under(lease):
        yield


def is_idle(
    name: str, settings: Settings, environment: Mapping[str, str], now: datetime, options: Collection[str] = ()
) -> bool:
    """Tell, without Spark, whether a job would find nothing to do.

    Args:
        name: One of `registry.JOBS`, or ``all``, which is never idle.
        settings: Names.
        environment: As `Marts` takes it.
        now: Present, UTC.
        options: As `registry.run` takes them.
    """
    if name == "ingest":
        return nothing_new(settings, environment, now, retry=RETRY in options)
    if name not in PLANNED:
        return False
    marts = Marts(settings, environment)
    planned, mark = plan_of(name, marts, settings, now, options), mark_of(marts, name)
    # A lake of an older version has days that nothing notes before the first run.
    if planned is None or mark is None or planned.now:
        return False
    # A day that begins to wait is written down: from then on its week is counted.
    return planned.mark.waiting == mark.waiting


def run_together_noted(
    names: Sequence[str], spark: SparkSession, settings: Settings, clock: Clock, options: Collection[str] = ()
) -> list[JobReport]:
    """Run a group of `registry.together`, and note how it ended; what ends one of its jobs ends them all.

    Raises:
        LeaseLostError: Nothing is noted, since another run is at work.
    """
    store = s3_store(settings)
    try:
        reports = registry.run_together(names, spark, settings, clock(), options)
    except LeaseLostError:
        raise
    except (LogDigError, Py4JJavaError, PySparkException) as err:
        for name in names:
            note_failed(store, name, clock(), cause_of(err))
        raise
    for report in reports:
        note_done(store, report.name, clock(), seconds=report.seconds, rows=report.rows)
    return reports


def cause_of(err: Exception) -> str:
    """Say why a job failed; of Spark's errors only the kind, since their texts may quote people's data."""
    if isinstance(err, LogDigError):
        return err.message
    if isinstance(err, Py4JJavaError):
        return str(err.java_exception.getClass().getName())
    kind = err.getCondition() if isinstance(err, PySparkException) else None
    return f"{type(err).__name__}: {kind}" if kind else type(err).__name__
