"""What a job hands back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from logdig.config.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True, slots=True)
class JobReport:
    """Rows that the job's table holds afterwards, seconds it took, and what else is worth saying."""

    name: str
    rows: int
    seconds: float = 0.0
    notes: dict[str, object] = field(default_factory=dict)


Job = Callable[["SparkSession", Settings, datetime], JobReport]
