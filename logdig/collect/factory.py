"""Settings into a Collector with real parts: every endpoint starts here."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter

from logdig.aws.clients import loop_profile_store, profile_store, queue_check, sqs_queue, with_signing_secrets
from logdig.collect.collector import Collector
from logdig.collect.enrichment import location_finder
from logdig.collect.readiness import Readiness
from logdig.config.apps import Apps
from logdig.config.settings import Settings
from logdig.counters import Counters
from logdig.decide.service import Decider
from logdig.queue.counted import CountedSender
from logdig.queue.packs import EventSink, MessageSender, QueueSink


@dataclass(frozen=True, slots=True)
class Parts:
    """A collector and the decider inside it, which must be drained before the process ends."""

    collector: Collector
    decider: Decider


def utc_now() -> datetime:
    """The clock of every endpoint."""
    return datetime.now(UTC)


def new_id() -> str:
    """Make 22 random hexadecimal digits; hexadecimal never looks like a command line option."""
    return secrets.token_hex(11)


def counted_queue(settings: Settings, counters: Counters) -> MessageSender:
    """The queue of the settings, with counted sends.

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
    on_loop: bool = False,
) -> Parts:
    """Build a collector on the queue and the profile table of the settings.

    Args:
        settings: Names of AWS resources, apps, offers.
        environment: Holds the signing secrets, or their path in the parameter store.
        counters: Of the process.
        sink: Makes events durable; by default each request sends its own messages.
        exposure_wait_seconds: See `Decider`; above 0 where the process is frozen after its reply.
        on_loop: The decider is used on one event loop, so that its reads need no threads.
    Raises:
        QueueUnavailableError: The queue cannot be looked up.
        SecretsUnavailableError: The parameter store does not return the secrets.
    """
    queue = sqs_queue(settings)
    sink = sink or QueueSink(CountedSender(queue, counters, perf_counter), new_id)
    decider = Decider(
        profile_store(settings, waits=False),
        sink,
        settings.offers,
        utc_now,
        new_id,
        exposure_wait_seconds=exposure_wait_seconds,
        counters=counters,
        loop_profiles=loop_profile_store(settings) if on_loop else None,
    )
    environment = with_signing_secrets(settings, environment)
    apps = Apps.from_settings(settings, environment)
    readiness = Readiness(queue_check(settings, queue.queue_url), utc_now)
    locations = location_finder(settings, environment)
    collector = Collector(apps, sink, utc_now, new_id, decider, locations, counters, check_ready=readiness.check)
    return Parts(collector, decider)
