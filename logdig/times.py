"""Times on the wire and in lines: RFC 3339, UTC, three decimals, Z."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

Clock = Callable[[], datetime]
"""Gives the time, timezone-aware, UTC."""

# A decoder made once; msgspec.convert would study the type again at each call.
_WITH_ZONE: msgspec.json.Decoder[datetime] = msgspec.json.Decoder(Annotated[datetime, msgspec.Meta(tz=True)])


def wire_time(moment: datetime) -> str:
    """Write a UTC time as ``2026-11-24T13:00:00.123Z``; what is finer than a millisecond is cut off."""
    # isoformat asks the zone for its name and takes many times longer.
    text = msgspec.json.encode(moment).decode()
    return f"{text[1:24]}Z" if text[20] == "." else f"{text[1:20]}.000Z"


def to_milliseconds(moment: datetime) -> datetime:
    """Cut a time to what a line can hold, so that comparing lines and times gives the same answer."""
    finer = moment.microsecond % 1000
    return moment - timedelta(microseconds=finer) if finer else moment


def parse_wire_time(text: str) -> datetime | None:
    """Read an RFC 3339 time with zone as UTC; None when it is none or lies outside the years 1 to 9999."""
    try:
        moment = _WITH_ZONE.decode(msgspec.json.encode(text))
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError, UnicodeEncodeError):
        return None


def occurred_at(timestamp: datetime, sent_at: datetime | None, received_at: datetime) -> datetime | None:
    """Correct a browser's time by the skew of its clock, never past the time of arrival.

    Args:
        timestamp: When the browser says it happened, UTC.
        sent_at: When the browser says it sent, UTC; None = no correction.
        received_at: When the collector had it, UTC.
    Returns:
        A time up to ``received_at``; None when the correction leaves the years 1 to 9999.
    """
    skew = received_at - sent_at if sent_at is not None else timedelta(0)
    try:
        return to_milliseconds(min(timestamp + skew, received_at))
    except OverflowError:
        return received_at if skew > timedelta(0) else None
