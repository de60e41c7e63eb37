"""Read stored objects and find faults in them. Source: docs/reliability.md, "Integrity"."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import msgspec

from logdig.events.lines import DAY_IN_LINE, LINE_START
from logdig.store.keys import ZONES, parse_key
from logdig.store.object_store import EventStore
from logdig.store.objects import GZIP_WINDOW

SAMPLE_STEPS = 2**32
_JSON = msgspec.json.Decoder(dict)


@dataclass(frozen=True, slots=True)
class CheckedObject:
    """Lines and bytes of one object, and its first fault, empty when it has none."""

    key: str
    lines: int
    size_bytes: int
    fault: str = ""


def chosen_keys(store: EventStore, start: date | None, end: date | None, sample: float) -> list[str]:
    """Keys of both zones from one UTC day to another, both included.

    Args:
        store: Holds the objects.
        start: First day; None = from the beginning.
        end: Last day; None = to the end.
        sample: Share of the objects, above 0 to 1, chosen by their names: the same ones every time. Foreign keys are
            always included, since they have no day.
    """
    return [
        entry.key for zone in ZONES for entry in store.list(f"{zone}/") if _is_chosen(entry.key, start, end, sample)
    ]


def _is_chosen(key: str, start: date | None, end: date | None, sample: float) -> bool:
    try:
        parsed = parse_key(key)
    except ValueError:
        return True
    in_days = (start is None or parsed.day >= start) and (end is None or parsed.day <= end)
    return in_days and int(parsed.sha256[:8], 16) < sample * SAMPLE_STEPS


def check_all(store: EventStore, keys: list[str]) -> Iterator[CheckedObject]:
    """Read and check each object.

    Raises:
        StoreUnavailableError: The store does not answer.
    """
    for key in keys:
        try:
            body = store.get(key)
        except KeyError:
            # Erased or expired since it was listed; the ledger tells which objects are missing.
            continue
        lines, fault = check_object(key, body)
        yield CheckedObject(key, lines, len(body), fault)


def check_object(key: str, body: bytes) -> tuple[int, str]:
    """Count the lines of an object and name its first fault, empty when it has none."""
    try:
        parsed = parse_key(key)
    except ValueError:
        return 0, "the name is not the key of a stored object"
    unpacker = zlib.decompressobj(GZIP_WINDOW)
    try:
        text = unpacker.decompress(body) + unpacker.flush()
    except zlib.error as err:
        return 0, f"no gzip: {err}"
    if not unpacker.eof:
        return 0, "the gzip ends too early"
    if unpacker.unused_data:
        return 0, f"{len(unpacker.unused_data)} bytes follow the gzip"
    digest = hashlib.sha256(text).hexdigest()
    if digest != parsed.sha256:
        return 0, f"the text has the SHA-256 {digest}, not that of the name"
    if not text.endswith(b"\n"):
        return 0, "the last line has no end"
    lines = text[:-1].split(b"\n")
    return len(lines), _line_fault(lines, parsed.day)


def _line_fault(lines: list[bytes], day: date) -> str:
    expected, before = day.isoformat().encode("ascii"), b""
    for number, line in enumerate(lines, 1):
        if not line.startswith(LINE_START) or line[DAY_IN_LINE] != expected:
            return f"line {number} is not of {day}: {line[:40]!r}"
        if line < before:
            return f"line {number} is out of order"
        try:
            _JSON.decode(line)
        except (msgspec.DecodeError, RecursionError, UnicodeError) as err:
            return f"line {number} is no JSON object: {err}"
        before = line
    return ""
