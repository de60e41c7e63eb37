"""Times on the wire and in lines: RFC 3339, UTC, three decimals, Z."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

Clock = Callable[[], datetime]
"""Returns the time, timezone-aware, UTC."""

# Made once: msgspec.convert would analyse the type at each call.
_WITH_ZONE: msgspec.json.Decoder[datetime] = msgspec.json.Decoder(Annotated[datetime, msgspec.Meta(tz=True)])


def wire_time(time: datetime) -> str:
    """Write a UTC time as ``2026-11-24T13:00:00.123Z``; fractions of a millisecond are cut off."""
    # isoformat calls the zone and takes many times longer.
    text = msgspec.json.encode(time).decode()
    return f"{text[1:24]}Z" if text[20] == "." else f"{text[1:20]}.000Z"


def to_milliseconds(time: datetime) -> datetime:
    """Cut a time to the precision of a line, so that lines and times compare alike."""
    finer = time.microsecond % 1000
    return time - timedelta(microseconds=finer) if finer else time


def parse_wire_time(text: str) -> datetime | None:
    """Read an RFC 3339 time with zone as UTC; None for other texts and outside the years 1 to 9999."""
    try:
        time = _WITH_ZONE.decode(msgspec.json.encode(text))
        return time if time.tzinfo is UTC else time.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError, UnicodeEncodeError):
        return None


def in_utc(time: datetime) -> datetime:
    """Read a time without a zone as UTC."""
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def occurred_at(timestamp: datetime, sent_at: datetime | None, received_at: datetime) -> datetime | None:
    """Correct a browser's time by the skew of its clock, never past the time of arrival.

    Args:
        timestamp: Time of the event by the browser's clock, UTC.
        sent_at: Time of sending by the browser's clock, UTC; None = no correction.
        received_at: Time of arrival at the collector, UTC.
    Returns:
        A time up to ``received_at``; None when the correction leaves the years 1 to 9999.
    """
    skew = received_at - sent_at if sent_at is not None else timedelta(0)
    try:
        return to_milliseconds(min(timestamp + skew, received_at))
    except OverflowError:
        return received_at if skew > timedelta(0) else None
