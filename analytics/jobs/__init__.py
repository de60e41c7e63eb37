"""Spark jobs by name, in the order in which one run does them all."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from logdig.errors import InputError
from logdig.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from analytics.jobs.report import Job, JobReport

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
}
"""Name and meaning; the function is ``<name>_job`` of lake_jobs or model_jobs, loaded when it runs."""

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
    """Run one job and report its rows and seconds."""
    job = _load(*names_of(name))
    started = time.monotonic()
    return replace(job(spark, settings, now), seconds=round(time.monotonic() - started, 2))


def run_each(name: str, spark: SparkSession, settings: Settings, now: datetime) -> Iterator[JobReport]:
    """Run the jobs that a name stands for in order, yielding each report as it ends."""
    for one in names_of(name):
        yield run(one, spark, settings, now)


def _load(name: str) -> Job:
    module = importlib.import_module(f"analytics.jobs.{'lake' if name in _LAKE else 'model'}_jobs")
    job: Job = getattr(module, f"{name}_job")
    return job
