"""Flush the queue of the settings into their bucket, wherever it is called from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from logdig.config.settings import Settings
from logdig.errors import TransientError
from logdig.flush.report import FlushReport

TIMEOUT_SECONDS = 240
"""Of the function. The queue hides messages for 300 s, so no run outlives its receipts."""


class FlushFailedError(TransientError):
    """A run could not write or delete all messages; those left reappear in the queue."""


def flush_once(settings: Settings, *, force: bool, seconds: float = TIMEOUT_SECONDS) -> FlushReport:
    """Flush the queue of the settings into their bucket within the given time."""
    # Imported here: the collector's function does not need these.
    from logdig.aws.clients import s3_store, sqs_queue
    from logdig.flush.flusher import FlushLimits, flush
    from logdig.flush.on_listen import reactions_of

    limits = FlushLimits(
        min_logs=settings.flush.min_logs,
        interval_seconds=settings.flush.interval_seconds,
        max_age_seconds=settings.flush.max_age_seconds,
    )
    deadline = datetime.now(UTC) + timedelta(seconds=seconds)
    return flush(
        sqs_queue(settings),
        s3_store(settings),
        limits,
        lambda: datetime.now(UTC),
        deadline=deadline,
        force=force,
        on_listen=reactions_of(settings),
    )
