"""Keys of stored objects, both directions: ``<zone>/dt=YYYY-MM-DD/<sha256>.jsonl.gz``. Source: docs/data-layout.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal, cast

Zone = Literal["raw", "bad"]
ZONES: tuple[Zone, ...] = ("raw", "bad")
SUFFIX = ".jsonl.gz"

_KEY = re.compile(r"(raw|bad)/dt=(\d{4}-\d{2}-\d{2})/([0-9a-f]{64})\.jsonl\.gz")


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """The parts of a key: zone, UTC day of arrival, SHA-256 of the uncompressed text."""

    zone: Zone
    day: date
    sha256: str


def object_key(zone: Zone, day: date, sha256: str) -> str:
    """Name the object that holds a text.

    Args:
        zone: ``raw`` for accepted, ``bad`` for rejected events.
        day: UTC day of the lines' ``received_at``.
        sha256: Digest of the uncompressed text, 64 lower-case hexadecimal digits.
    """
    return f"{day_prefix(zone, day)}{sha256}{SUFFIX}"


def day_prefix(zone: Zone, day: date) -> str:
    """Beginning of the keys of one zone and day, with its slash."""
    return f"{zone}/dt={day.isoformat()}/"


def parse_key(key: str) -> ObjectKey:
    """Read a key back.

    Raises:
        ValueError: The text is no key of a stored object.
    """
    match = _KEY.fullmatch(key)
    if match is None:
        raise ValueError(f"{key!r} is no key of a stored object")
    return ObjectKey(cast(Zone, match[1]), date.fromisoformat(match[2]), match[3])
