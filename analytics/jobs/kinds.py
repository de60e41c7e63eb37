"""Kinds of jobs: what the registry says of each."""

from __future__ import annotations

from dataclasses import dataclass

LOADED = "load"
"""Source of a mart whose lines `logdig load` puts under ``load/<name>/``."""


WHOLE, WAITING, RETRY = "everything", "waiting", "retry"
"""Options of a run: every day that is not frozen; also the days that wait; also the objects that were set aside."""


@dataclass(frozen=True, slots=True)
class Mart:
    """A job that makes the table of its name anew.

    Args:
        meaning: What it does, one sentence.
        source: Table that it is made from; LOADED merges loaded lines, of which the latest of a key counts.
        transform: ``module:function``, rows of the source -> rows of the table.
    """

    meaning: str
    source: str
    transform: str

    @property
    def sources(self) -> tuple[str, ...]:
        """Jobs whose tables it reads."""
        return {LOADED: (), "events": ("ingest",)}.get(self.source, (self.source,))

    @property
    def is_mart(self) -> bool:
        """Its table follows from events and loads alone."""
        return True

    @property
    def options(self) -> tuple[str, ...]:
        """Options that it knows."""
        return ()


@dataclass(frozen=True, slots=True)
class DayMart:
    """A job that keeps the table of its name up to date with ``events``, day by day (docs/jobs.md).

    Args:
        meaning: What it does, one sentence.
        transform: ``module:function``, rows of events and the `analytics.marts.site.Site` -> rows of the table.
        prepared: ``module:function`` of the same type, whose rows the transform takes in place of events; marts that
            name the same one and are run together have them computed once. Empty = it takes events.
        reads: Fields of `analytics.marts.site.AppRules` that the transform looks at; when one changes, every day is
            computed again.
    """

    meaning: str
    transform: str
    reads: tuple[str, ...] = ("zone",)
    prepared: str = ""

    @property
    def sources(self) -> tuple[str, ...]:
        """Jobs whose tables it reads."""
        return ("ingest",)

    @property
    def is_mart(self) -> bool:
        """Its table follows from events and loads alone."""
        return True

    @property
    def options(self) -> tuple[str, ...]:
        """Options that it knows."""
        return (WHOLE, WAITING)


@dataclass(frozen=True, slots=True)
class OwnJob:
    """A job with code of its own: ``module:function`` of the type `analytics.jobs.report.Job`.

    Args:
        meaning: What it does, one sentence.
        function: Takes the options that it knows by name.
        sources: Jobs whose tables it reads.
        options: Those that it knows.
        is_mart: Its table follows from events and loads alone; it does not depend on when it runs.
    """

    meaning: str
    function: str
    sources: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    is_mart: bool = False
