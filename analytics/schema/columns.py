"""Check a frame's columns before any Spark job starts."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import DataFrame

from logdig.errors import MissingColumnError


def require_columns(frame: DataFrame, names: Iterable[str]) -> None:
    """Check that a frame has columns, before any Spark job starts.

    Raises:
        MissingColumnError: Naming the missing and the present ones.
    """
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise MissingColumnError(missing, frame.columns)
