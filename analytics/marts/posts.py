"""Sessions of 2016 posts, which name none themselves."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

SILENCE_US = 30 * 60 * 1_000_000
"""So much silence ends a session of 2016 posts, as it ends one of the tracker (clicktracker_js/src/limits.js)."""
ID_DIGITS = 32
"""Of the id that a session is given."""


def with_sessions(posts: DataFrame) -> DataFrame:
    """Give posts the ids of their sessions: a visitor's posts of a local day until SILENCE_US of silence.

    Input:  posts: app, user_key, day, occurred_at, event_id of all posts of each day in question; all columns stay.
    Output: the same rows with session_id.
    """
    in_time = Window.partitionBy("app", "user_key", "day").orderBy("occurred_at", "event_id")
    moment = F.unix_micros("occurred_at")
    begins = F.coalesce(moment - F.lag(moment).over(in_time) >= SILENCE_US, F.lit(True))
    first = F.last(F.when(F.col("begins"), F.col("event_id")), ignorenulls=True).over(in_time)
    made = F.substring(F.sha2(F.concat_ws(" ", "app", "user_key", first), 256), 1, ID_DIGITS)
    return posts.withColumn("begins", begins).withColumn("session_id", made).drop("begins")
