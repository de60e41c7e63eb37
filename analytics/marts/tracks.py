"""Known tracks, as the latest load tells them."""

from __future__ import annotations

from pyspark.sql import DataFrame

from analytics.marts.latest import latest
from logdig.tables.listens import TRACKS


def tracks(lines: DataFrame) -> DataFrame:
    """Keep each track's latest line.

    Input:  columns of table tracks, loaded_at text.
    Output: columns of table tracks, one row per (app, track_id): app, track_id, title and artist text,
            length_seconds int, loaded_at timestamp.
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/tables.md, "tracks".
    """
    return latest(lines, TRACKS.names, "track_id")
