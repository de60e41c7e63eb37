"""Spark jobs by name, in the order in which one run does them all."""

from __future__ import annotations

import importlib
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from analytics.jobs.kinds import LOADED, RETRY, WAITING, WHOLE, DayMart, Mart, OwnJob
from analytics.jobs.report import JobReport
from logdig.config.settings import Settings
from logdig.errors import InputError
from logdig.tables.catalog import TABLES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from analytics.jobs.report import Job

PAGE_RULES = ("zone", "allowed_query", "pages")
LINK_RULES = (*PAGE_RULES, "origins")
JOURNEYS = "analytics.marts.journeys:journeys"

JOBS: dict[str, Mart | DayMart | OwnJob] = {
    "ingest": OwnJob(
        "Merge new objects of raw and bad into events and bad_events.",
        "analytics.jobs.ingest:ingest_job",
        options=(RETRY,),
    ),
    "page_views": DayMart("List every view of a page.", "analytics.marts.page_views:page_views", LINK_RULES, JOURNEYS),
    "sessions": DayMart(
        "Summarise every session by day.", "analytics.marts.sessions:sessions", (*LINK_RULES, "goals"), JOURNEYS
    ),
    "conversions": DayMart(
        "List every goal that was reached.", "analytics.marts.conversions:conversions", (*LINK_RULES, "goals"), JOURNEYS
    ),
    "clicks": DayMart("List every click with what followed it.", "analytics.marts.clicks:clicks", LINK_RULES),
    "moves": DayMart("List sampled moves of the pointer.", "analytics.marts.moves:moves", PAGE_RULES),
    "listens": DayMart("Lay out listens with local hours and day parts.", "analytics.marts.listens:listens"),
    "live_stats": DayMart(
        "Count people, views and listens of each five minutes.", "analytics.marts.live_stats:live_stats"
    ),
    "exposures": DayMart("List decisions and clicks on ads.", "analytics.marts.exposures:exposures"),
    "traffic": DayMart("Count people, staff and bots by day.", "analytics.marts.traffic:traffic"),
    "visitor_days": DayMart("List the visitors of every day.", "analytics.marts.visitor_days:visitor_days"),
    "live": OwnJob(
        'Count the newest five minutes from raw, where freshness is "live".',
        "analytics.jobs.live:live_job",
        sources=("live_stats",),
    ),
    "interests": OwnJob(
        "Find tracks that customers heard three times within 30 minutes.",
        "analytics.jobs.live:interests_job",
        sources=("listens",),
        is_mart=True,
    ),
    "visitors": OwnJob(
        "Keep what is known of every visitor.",
        "analytics.jobs.visitors:visitors_job",
        sources=("ingest", "sessions", "visitor_days"),
        options=(WHOLE, WAITING),
        is_mart=True,
    ),
    "customer_changes": OwnJob(
        "Note what later loads changed of customers.",
        "analytics.jobs.marts:customer_changes_job",
        is_mart=True,
    ),
    "customers": Mart("Bring loaded customers in.", LOADED, "analytics.marts.customers:customers"),
    "tracks": Mart("Bring loaded tracks in.", LOADED, "analytics.marts.tracks:tracks"),
    "features": OwnJob(
        "Summarise customers for training, test and scoring.",
        "analytics.jobs.features:features_job",
        sources=("ingest", "listens", "conversions", "exposures", "customers", "customer_changes"),
    ),
    "models": OwnJob(
        "Train, evaluate and gate a model for each offer.",
        "analytics.jobs.model:models_job",
        sources=("features", "customers"),
    ),
    "predictions": OwnJob(
        "Score customers with a model that passed.",
        "analytics.jobs.model:predictions_job",
        sources=("features", "models"),
    ),
    "targets": OwnJob(
        "Choose whom to make the offer; write their profiles.",
        "analytics.jobs.targets:targets_job",
        sources=("predictions", "customers"),
    ),
    "channels": OwnJob(
        "Send targets their message; write the segments that older clients read.",
        "analytics.jobs.channels:channels_job",
        sources=("targets", "customers"),
    ),
    "maintain": OwnJob(
        "Remove later copies, expired rows, small files and what no snapshot needs.",
        "analytics.jobs.maintain:maintain_job",
    ),
    "ledger": OwnJob(
        "Add up by app and day what became of every event.", "analytics.jobs.ledger:ledger_job", sources=("ingest",)
    ),
}
"""Every job by its name; its code is imported when it runs. A mart is one row here, docs/add-a-mart.md."""


MARTS = tuple(name for name, job in JOBS.items() if job.is_mart)
"""Jobs whose tables follow from events and loads alone."""


def readers_of(name: str) -> list[str]:
    """Jobs that read what a job writes."""
    return [other for other, job in JOBS.items() if name in job.sources]


def names_of(name: str) -> list[str]:
    """Jobs that a name stands for: itself, or every one for ``all``.

    Raises:
        InputError: There is no such job.
    """
    if name == "all":
        return list(JOBS)
    if name not in JOBS:
        raise InputError(f"no job is called {name!r}; there are: all, {', '.join(JOBS)}", name=name)
    return [name]


def check_options(name: str, options: Collection[str]) -> None:
    """Check that a job, or for ``all`` some job, knows every option.

    Raises:
        InputError: Names the option and the jobs that know it.
    """
    for option in options:
        knowing = [job for job, row in JOBS.items() if option in row.options]
        if not set(names_of(name)) & set(knowing):
            flag = "--all" if option == WHOLE else f"--{option}"
            raise InputError(f"job {name} knows no {flag}; these do: {', '.join(knowing)}", name=name)


def run(name: str, spark: SparkSession, settings: Settings, now: datetime, options: Collection[str] = ()) -> JobReport:
    """Run a job, or every job in order for ``all``, and report.

    Args:
        name: One of JOBS, or ``all``.
        spark: Session with the catalog ``lake``.
        settings: Names.
        now: Time that the jobs take for the present, UTC.
        options: Of WHOLE, WAITING and RETRY; each reaches the jobs that know it.
    Returns:
        The job's report with its seconds; for ``all`` the rows of all tables together, and each job's rows as notes.
    Raises:
        InputError: There is no such job, or it does not know an option.
    """
    check_options(name, options)
    started = time.monotonic()
    if name == "all":
        groups = together(JOBS)
        reports = [
            done for jobs in groups for done in run_together(jobs, spark, settings, now, known(jobs[0], options))
        ]
        report = JobReport(name, sum(done.rows for done in reports), notes={done.name: done.rows for done in reports})
    else:
        report = _load(name)(spark, settings, now, **dict.fromkeys(options, True))
    return replace(report, seconds=round(time.monotonic() - started, 2))


def together(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Split jobs into those that one run computes together, in their order.

    Neighbours that are computed by day and reach equally far are together: they read the notes once; those that reach
    over the days of sessions look for the same other days, and some read the same prepared rows. Every other job is
    alone.
    """

    def shared(name: str) -> str:
        return f"marts of {TABLES[name].reach}s" if isinstance(JOBS[name], DayMart) else name

    return [tuple(jobs) for _, jobs in groupby(names, shared)]


def run_together(
    names: Sequence[str], spark: SparkSession, settings: Settings, now: datetime, options: Collection[str] = ()
) -> list[JobReport]:
    """Run a group of `together`, and report in its order; a job that is alone is run as by `run`.

    Raises:
        InputError: A job does not know an option.
    """
    if len(names) == 1:
        return [run(names[0], spark, settings, now, options)]
    from analytics.jobs.day_marts import day_mart_jobs

    for name in names:
        check_options(name, options)
    marts = {name: job for name in names if isinstance(job := JOBS[name], DayMart)}
    return day_mart_jobs(marts, spark, settings, now, **dict.fromkeys(options, True))


def known(name: str, options: Collection[str]) -> tuple[str, ...]:
    """Those of the options that a job knows."""
    return tuple(option for option in options if option in JOBS[name].options)


def _load(name: str) -> Job:
    job = JOBS[name]
    if isinstance(job, Mart):
        from analytics.jobs.marts import mart_job

        return partial(mart_job, name, job)
    if isinstance(job, DayMart):
        from analytics.jobs.day_marts import day_mart_job

        return partial(day_mart_job, name, job)
    function: Job = load_function(job.function)
    return function


def load_function(path: str) -> Any:
    """Import the function that ``module:function`` names."""
    module, _, function = path.partition(":")
    return getattr(importlib.import_module(module), function)
