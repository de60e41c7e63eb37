"""Settings into what sends messages: profile store, SNS, the queue for exposures. [aws]"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from logdig.aws.clients import profile_store, sms_publisher, sqs_queue
from logdig.config.apps import app_from_settings
from logdig.config.settings import Settings
from logdig.counters import Counters
from logdig.decide.exposures import ExposureLog
from logdig.decide.sms import Listened, ListenMessages, Messages
from logdig.queue.packs import EventBatch, QueueSink

DRAIN_SECONDS = 30.0

_log = logging.getLogger(__name__)


@contextmanager
def message_sender(settings: Settings, *, dry_run: bool = False) -> Iterator[Messages]:
    """Give what sends messages; at the end every exposure is stored, or said to be lost.

    Args:
        settings: Names.
        dry_run: Send nothing, whatever the offers say.
    """
    exposures = ExposureLog(_LateSink(settings), Counters(), lingers=True)
    yield Messages(
        profile_store(settings), sms_publisher(settings), exposures.add, lambda: datetime.now(UTC), _new_id, dry_run
    )
    if not exposures.drain(DRAIN_SECONDS) or exposures.lost:
        _log.warning("exposure_lost: %d or more exposures of messages are not stored", exposures.lost)


def listen_messages(settings: Settings) -> Callable[[Sequence[Listened], datetime], None] | None:
    """Make the flush's reaction to listens: who listens gets the message of each offer with ``when = "listen"``.

    Returns:
        Takes stored listens and the present time; None where no offer is sent to listeners.
    """
    if not any(offer.sms is not None and offer.sms.when == "listen" for offer in settings.offers):
        return None
    apps = [app_from_settings(app) for app in settings.apps]

    def react(listens: Sequence[Listened], now: datetime) -> None:
        with message_sender(settings) as messages:
            ListenMessages(messages, apps, settings.offers)(listens, now)

    return react


class _LateSink:
    """Looks the queue up with the first exposure: a dry run has none, and may have no permission."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sink: QueueSink | None = None

    def commit(self, batch: EventBatch) -> None:
        self._sink = self._sink or QueueSink(sqs_queue(self._settings), _new_id)
        self._sink.commit(batch)


def _new_id() -> str:
    return secrets.token_hex(11)
