"""Spark jobs by name, in the order in which one run does them all."""

from __future__ import annotations

import importlib
import time
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from analytics.jobs.report import JobReport
from logdig.config.settings import Settings
from logdig.errors import InputError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from analytics.jobs.report import Job

LOADED = "load"
"""Source of a mart whose lines `logdig load` puts under ``load/<name>/``."""


@dataclass(frozen=True, slots=True)
class Mart:
    """A job that makes the table of its name.

    Args:
        meaning: What it does, one sentence.
        source: Table that it is made anew from; LOADED merges loaded lines, of which the latest of a key counts.
        transform: ``module:function``, rows of the source -> rows of the table.
    """

    meaning: str
    source: str
    transform: str


@dataclass(frozen=True, slots=True)
class OwnJob:
    """A job with code of its own: ``module:function`` of the type `analytics.jobs.report.Job`."""

    meaning: str
    function: str


JOBS: dict[str, Mart | OwnJob] = {
    "ingest": OwnJob(
        "Merge new objects of raw and bad into events and bad_events.", "analytics.jobs.ingest:ingest_job"
    ),
    "heat_cells": Mart("Count clicks per cell.", "events", "analytics.marts.heat_cells:heat_cells"),
    "listens": Mart("Lay out listens with local hours and day parts.", "events", "analytics.marts.listens:listens"),
    "customers": Mart("Bring loaded customers in.", LOADED, "analytics.marts.customers:customers"),
    "tracks": Mart("Bring loaded tracks in.", LOADED, "analytics.marts.tracks:tracks"),
    "features": OwnJob("Summarise customers for training, test and scoring.", "analytics.jobs.model:features_job"),
    "models": OwnJob("Train, evaluate and gate a model for each offer.", "analytics.jobs.model:models_job"),
    "predictions": OwnJob("Score customers with a model that passed.", "analytics.jobs.model:predictions_job"),
    "targets": OwnJob("Choose whom to make the offer; write their profiles.", "analytics.jobs.model:targets_job"),
    "maintain": OwnJob(
        "Remove later copies, expired rows, small files and what no snapshot needs.",
        "analytics.jobs.maintain:maintain_job",
    ),
    "ledger": OwnJob("Add up by app and day what became of every event.", "analytics.jobs.ledger:ledger_job"),
}
"""Every job by its name; its code is imported when it runs. A mart is one row here, docs/add-a-mart.md."""


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


def run(name: str, spark: SparkSession, settings: Settings, now: datetime) -> JobReport:
    """Run a job, or every job in order for ``all``, and report.

    Args:
        name: One of JOBS, or ``all``.
        spark: Session with the catalog ``lake``.
        settings: Names.
        now: Time that the jobs take for the present, UTC.
    Returns:
        The job's report with its seconds; for ``all`` the rows of all tables together, and each job's rows as notes.
    Raises:
        InputError: There is no such job.
    """
    started = time.monotonic()
    if name == "all":
        reports = [run(job, spark, settings, now) for job in JOBS]
        report = JobReport(name, sum(done.rows for done in reports), notes={done.name: done.rows for done in reports})
    else:
        report = _load(names_of(name)[0])(spark, settings, now)
    return replace(report, seconds=round(time.monotonic() - started, 2))


def _load(name: str) -> Job:
    job = JOBS[name]
    if isinstance(job, Mart):
        from analytics.jobs.marts import mart_job

        return partial(mart_job, name, job)
    function: Job = load_function(job.function)
    return function


def load_function(path: str) -> Any:
    """Import the function that ``module:function`` names."""
    module, _, function = path.partition(":")
    return getattr(importlib.import_module(module), function)
