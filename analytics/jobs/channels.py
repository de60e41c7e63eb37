"""The job that brings targets to channels without a page: messages, and the segments of older clients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.jobs.report import JobReport
from logdig.aws.clients import profile_store, redis_client
from logdig.aws.message_sender import message_sender
from logdig.config.apps import App, app_from_settings
from logdig.config.offers import OfferSettings
from logdig.config.settings import Settings
from logdig.decide.channels import reached

SENDERS = 16
"""Messages under way at once: each waits for a read, two writes and SNS."""


def channels_job(spark: SparkSession, settings: Settings, now: datetime) -> JobReport:
    """Send each target the message of an offer with ``sms.when = "target"``; write the segments of 2016.

    The report's rows count messages; its notes say of each offer what became of whom.
    """
    notes: dict[str, object] = {}
    sent = 0
    for offer in settings.offers:
        for app in map(app_from_settings, settings.apps):
            if offer.sms is not None and offer.sms.when == "target":
                outcomes = _send(settings, app, offer, _customers(spark, settings, "targets", app, offer.name))
                sent += outcomes["sent"]
                notes[f"{app.name} {offer.name}: messages"] = ", ".join(f"{k} {n}" for k, n in sorted(outcomes.items()))
            if offer.segments_app == app.name:
                notes[f"{app.name} {offer.name}: segment"] = _write_segments(spark, settings, app, offer, now)
    return JobReport("channels", sent, notes=notes)


def _send(settings: Settings, app: App, offer: OfferSettings, customers: Iterable[str]) -> Counter[str]:
    with message_sender(settings) as messages, ThreadPoolExecutor(SENDERS) as senders:
        return Counter(senders.map(lambda customer: messages.offer_to(app, offer, customer), customers))


def _write_segments(spark: SparkSession, settings: Settings, app: App, offer: OfferSettings, now: datetime) -> int:
    """Write one customer of the app after the other; return how many are shown the offer."""
    from logdig.decide.stores.redis_items import Segments2016

    everyone = set(_customers(spark, settings, "customers", app))
    targets = set(_customers(spark, settings, "targets", app, offer.name))
    others = ((customer, False) for customer in sorted(everyone - targets))
    shown = reached(profile_store(settings), app, offer, sorted(targets), now)
    return Segments2016(redis_client()).write((*others, *shown), now)


def _customers(spark: SparkSession, settings: Settings, table: str, app: App, offer: str | None = None) -> list[str]:
    rows = tables.read(spark, settings, table).where((F.col("app") == app.name) & F.col("customer_id").isNotNull())
    if offer is not None:
        rows = rows.where(F.col("offer") == offer)
    found: list[str] = rows.select("customer_id").toArrow()["customer_id"].to_pylist()
    return found
