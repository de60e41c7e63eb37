"""The scalar types of the wire contract: each limit once, with its unit.

A description is the rule in words: error messages and docs show it instead of the pattern.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias, TypeVar

from msgspec import Meta, UnsetType

MAX_INTEGER = 2**53 - 1
"""The largest integer that browsers, JSON readers and doubles agree on."""
MAX_DURATION_MS = 30 * 86_400_000
"""30 days, also the greatest age of a browser's event."""

T = TypeVar("T")
Maybe: TypeAlias = T | UnsetType | None

EventId = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_-]{16,64}\Z", description="text of 16 to 64 letters, digits, _ and -")
]
Key = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}\Z", description="text of 1 to 64 letters, digits and ._:-")]
Id = Annotated[
    str,
    Meta(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,128}\Z", description="text of 1 to 128 characters, no control characters"),
]
Timestamp = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})\Z",
        description="an RFC 3339 time with zone, such as 2026-11-24T13:00:00.123Z",
    ),
]
Label = Annotated[
    str, Meta(pattern=r"^[^\x00-\x1f\x7f-\x9f]{0,64}\Z", description="text up to 64 characters, no control characters")
]
PageAddress = Annotated[str, Meta(min_length=1, max_length=4096)]
Address = Annotated[str, Meta(max_length=4096)]
Text512 = Annotated[str, Meta(max_length=512)]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
CustomName = Annotated[
    str,
    Meta(
        pattern=r"^[^$]",
        max_length=128,
        description="text of 1 to 128 characters that does not begin with $, which marks the collector's own events",
    ),
]
Variant = Annotated[str, Meta(max_length=128)]
Text64 = Annotated[str, Meta(max_length=64)]
Language = Annotated[str, Meta(max_length=35)]
PropName = Annotated[str, Meta(max_length=50)]
PropText = Annotated[str, Meta(max_length=1024)]

TimeZoneMinutes = Annotated[int, Meta(ge=-720, le=840)]
Integer = Annotated[int, Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
SequenceNumber = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
DurationMs = Annotated[int, Meta(ge=0, le=MAX_DURATION_MS)]
DelayMs = Annotated[int, Meta(ge=0, le=60_000)]
Share16 = Annotated[int, Meta(ge=0, le=32_767)]
AnchorIndex = Annotated[int, Meta(ge=-1, le=499)]
Coordinate = Annotated[int, Meta(ge=-10_000_000, le=10_000_000)] | Annotated[float, Meta(ge=-10_000_000, le=10_000_000)]
Box = Annotated[int, Meta(ge=0, le=1_000_000)] | Annotated[float, Meta(ge=0, le=1_000_000)]
ScrollOffset = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)] | Annotated[float, Meta(ge=-1_000_000, le=1_000_000)]
PixelRatio = Annotated[int, Meta(ge=1, le=20)] | Annotated[float, Meta(ge=0.1, le=20)]
Share = Annotated[int, Meta(ge=0, le=1)] | Annotated[float, Meta(ge=0, le=1)]
SampleRate = Annotated[int, Meta(ge=1, le=1)] | Annotated[float, Meta(gt=0, le=1)]
PropValue = PropText | bool | Integer | float | None
