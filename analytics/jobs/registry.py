"""Spark jobs by name, in the order in which one run does them all."""

from __future__ import annotations

import importlib
import time
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from analytics.jobs.report import JobReport
from logdig.config.settings import Settings
from logdig.errors import InputError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from analytics.jobs.report import Job

JOBS: dict[str, str] = {
    "ingest": "Merge new objects of raw and bad into events and bad_events.",
    "heat_cells": "Count clicks per cell.",
    "listens": "Lay out listens with local hours and day parts.",
    "customers": "Bring loaded customers in.",
    "tracks": "Bring loaded tracks in.",
    "features": "Summarise customers for training, test and scoring.",
    "models": "Train, evaluate and gate a model for each offer.",
    "predictions": "Score customers with a model that passed.",
    "targets": "Choose whom to make the offer; write their profiles.",
    "maintain": "Remove later copies, expired rows, small files and what no snapshot needs.",
    "ledger": "Add up by app and day what became of every event.",
}
"""Name and meaning; the function is ``<name>_job`` of a module ``<group>_jobs`` here, loaded when it runs."""

_LAKE = ("ingest", "heat_cells", "listens", "customers", "tracks")


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
        reports = [run(one, spark, settings, now) for one in JOBS]
        report = JobReport(name, sum(one.rows for one in reports), notes={one.name: one.rows for one in reports})
    else:
        report = _load(*names_of(name))(spark, settings, now)
    return replace(report, seconds=round(time.monotonic() - started, 2))


def _load(name: str) -> Job:
    group = name if name in ("ledger", "maintain") else "lake" if name in _LAKE else "model"
    module = importlib.import_module(f"analytics.jobs.{group}")
    job: Job = getattr(module, f"{name}_job")
    return job
