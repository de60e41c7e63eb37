"""Settings into a Collector with real parts: what every front door starts with."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter

from logdig.aws.clients import dynamodb_profiles, queue_check, sqs_queue, with_signing_secrets
from logdig.collect.collector import Collector
from logdig.collect.enrichment import places
from logdig.collect.readiness import Readiness
from logdig.config.apps import Apps
from logdig.config.settings import Settings
from logdig.counters import Counters
from logdig.decide.service import Decider
from logdig.queue.counted import CountedSender
from logdig.queue.packs import EventSink, QueueSink, Sender


@dataclass(frozen=True, slots=True)
class Parts:
    """A collector and the decider inside it, which must be drained before the process ends."""

    collector: Collector
    decider: Decider


def utc_now() -> datetime:
    """The clock of every front door."""
    return datetime.now(UTC)


def new_id() -> str:
    """Make 22 hexadecimal digits that no one can guess; a command takes none of them for an option."""
    return secrets.token_hex(11)


def counted_queue(settings: Settings, counters: Counters) -> Sender:
    """The queue of the settings, its sends counted.

    Raises:
        QueueUnavailableError: The queue cannot be looked up.
    """
    return CountedSender(sqs_queue(settings), counters, perf_counter)


def build(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    counters: Counters,
    sink: EventSink | None = None,
    exposure_wait_seconds: float = 0.0,
) -> Parts:
    """Wire a collector to the queue and the profile table of the settings.

    Args:
        settings: Names of AWS resources, apps, offers.
        environment: Holds the signing secrets, or where in the parameter store they lie.
        counters: Those of the process.
        sink: Makes events durable; by default each request sends its own messages.
        exposure_wait_seconds: See `Decider`; above 0 where the process stands still after its reply.
    Raises:
        QueueUnavailableError: The queue cannot be looked up.
        SecretsUnavailableError: The parameter store does not give the secrets.
    """
    queue = sqs_queue(settings)
    sink = sink or QueueSink(CountedSender(queue, counters, perf_counter), new_id)
    decider = Decider(
        dynamodb_profiles(settings),
        sink,
        settings.offers,
        utc_now,
        new_id,
        exposure_wait_seconds=exposure_wait_seconds,
        counters=counters,
    )
    apps = Apps.from_settings(settings, with_signing_secrets(settings, environment))
    readiness = Readiness(queue_check(settings, queue.queue_url), utc_now)
    place = places(settings)
    ready = readiness.check
    return Parts(Collector(apps, sink, utc_now, new_id, decider, place, counters, check_ready=ready), decider)
