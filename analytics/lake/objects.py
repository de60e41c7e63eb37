"""Which stored objects ingest has read, which it has set aside, and which are new; found without Spark.

Table ``ingested`` tells. Versions before it noted what they had read in checkpoints of Structured Streaming, which
count until ingest has brought them over (`analytics.lake.upgrade`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import unquote

import msgspec

from logdig.marts.reader import Marts
from logdig.store.keys import ZONES, Zone, day_prefix, parse_key
from logdig.store.object_store import EventStore, StoredObject

DAYS_BACK = 15
"""A message waits 14 days in the queue at most, and its object lies under the day on which the collector had it."""
CHECKPOINTS = "checkpoints/"
_KEY_IN_PATH = re.compile(r"(?:raw|bad)/dt=[^/]+/[^/]+$")


class Ingested(msgspec.Struct, frozen=True):
    """Objects by what became of them: ``read`` = their lines are in the tables; ``aside`` = key and why not."""

    read: frozenset[str]
    aside: dict[str, str]


def read_keys(store: EventStore, marts: Marts, first: date | None = None) -> frozenset[str]:
    """Name the objects whose lines are in the tables.

    Args:
        store: The bucket.
        marts: Reader of the tables.
        first: First UTC day of arrival that is wanted; None = all.
    """
    return ingested(store, marts, first).read


def ingested(store: EventStore, marts: Marts, first: date | None = None) -> Ingested:
    """Say what became of the objects that ingest has looked at; arguments as those of `read_keys`."""
    where = [] if first is None else [("day", ">=", first)]
    found = marts.table("ingested", ["key", "error"], where)  # type: ignore[arg-type]
    pairs = list(zip(found["key"].to_pylist(), found["error"].to_pylist(), strict=True))
    read = frozenset(key for key, error in pairs if error is None) | checkpoint_keys(store)
    return Ingested(read, {key: error for key, error in pairs if error is not None and key not in read})


def pending(
    store: EventStore, marts: Marts, today: date, *, first: date | None = None, retry: bool = False
) -> list[StoredObject]:
    """List the objects that ingest would read now, oldest day first; nothing is read or changed.

    Args:
        store: The bucket.
        marts: Reader of the tables.
        today: UTC day.
        first: First UTC day of arrival to look at; None = the last DAYS_BACK days, and every day in a lake that has
            never read anything.
        retry: Take what was set aside, too.
    Raises:
        StoreUnavailableError: S3 or Glue does not answer.
    """
    start = today - timedelta(days=DAYS_BACK)
    known = ingested(store, marts, None if retry or first is not None else start)
    if first is not None or (not known.read and not marts.count("ingested")):
        listed = _listed(store, [f"{zone}/" for zone in ZONES], first or date.min)
    else:
        # A collector's clock may be ahead of this one.
        days = [start + timedelta(days=number) for number in range(DAYS_BACK + 2)]
        listed = _listed(store, [day_prefix(zone, day) for zone in ZONES for day in days])
    new = [entry for entry in listed if entry.key not in known.read and entry.key not in known.aside]
    again = _listed(store, sorted(known.aside)) if retry else ()
    return sorted([*new, *again], key=lambda entry: (parse_key(entry.key).day, entry.key))


def zone_of(entry: StoredObject) -> Zone:
    """Zone in which an object lies."""
    return parse_key(entry.key).zone


def _listed(store: EventStore, prefixes: Iterable[str], first: date = date.min) -> Iterator[StoredObject]:
    for prefix in prefixes:
        for entry in store.list(prefix):
            try:
                day = parse_key(entry.key).day
            except ValueError:
                continue  # Not LogDig's; `logdig verify` names it.
            if day >= first:
                yield entry


def checkpoint_keys(store: EventStore) -> frozenset[str]:
    """Objects that a version before table ``ingested`` has read and merged, by its checkpoints; usually none."""
    return frozenset(key for zone in ZONES for key in _checkpoint(store, f"{CHECKPOINTS}ingest-{zone}/"))


def _checkpoint(store: EventStore, folder: str) -> Iterator[str]:
    names = [entry.key.rsplit("/", 1)[1] for entry in store.list(f"{folder}commits/")]
    last = max((int(name) for name in names if name.isdigit()), default=None)
    if last is None:
        return
    for entry in store.list(f"{folder}sources/0/"):
        for text in store.get(entry.key).splitlines()[1:]:
            read: dict[str, Any] = msgspec.json.decode(text)
            # A batch that was planned and not finished is read again.
            place = _KEY_IN_PATH.search(unquote(read["path"]))
            if read["batchId"] <= last and place:
                yield place[0]
