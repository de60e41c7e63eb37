"""The hour where a visitor was, and its part of the day."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from logdig.visits.day_parts import DAY_PARTS


def local_hour() -> Column:
    """Hour 0 to 23 of occurred_at + tz_min minutes, of UTC where tz_min is unknown."""
    return F.hour(F.expr("occurred_at + make_interval(0, 0, 0, 0, 0, coalesce(tz_min, 0), 0)"))


def part_of(hour: Column) -> Column:
    """Part of the day of a local hour, as `logdig.visits.day_parts.day_part` says it; null without an hour."""
    name = F.when(hour.isNull(), None)
    for part, (first, end) in DAY_PARTS.items():
        name = name.when((hour >= first) & (hour < end), part)
    return name.otherwise("night")
