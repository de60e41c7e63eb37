"""Forget one person: from the objects, the tables, the profiles, and whatever is still under way.

The steps run in an order in which nothing comes back: first the list that the flush obeys, then the objects that
tables are made of, then the tables. Every step may be interrupted and run again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from pyspark.sql import SparkSession

from analytics.lake.touched import note, read_touches
from analytics.privacy import table_erasure
from logdig.config.settings import Settings
from logdig.decide.profiles import keys_of
from logdig.decide.stores.profile_store import ProfileStore
from logdig.marts.days import in_words
from logdig.marts.notes import EVERY
from logdig.marts.progress import Touch, lake_of
from logdig.privacy.erasure_list import LIST_DAYS, RECEIPT_PREFIX, add_to_list, make_salt
from logdig.privacy.object_erasure import LOAD, Removed, purge_old_versions, remove_lines
from logdig.privacy.person import Person
from logdig.privacy.tombstones import Pseudonyms
from logdig.store.object_store import VersionedStore
from logdig.times import to_milliseconds, wire_time

OLD_VERSIONS = ("tables/", LOAD)
"""Prefixes under which what a listing no longer shows is removed for good."""


@dataclass(slots=True)
class Receipt:
    """What an erasure found and left; it names the person by a pseudonym only.

    ``kind`` is user_key or customer_id. ``before`` and ``after`` count lines, rows and profiles by place. ``damaged``
    names objects that no one can read, ``interrupted`` the receipts of earlier runs for the same person that did not
    end. ``sums_stay`` are frozen days with rows of the person: their sums, which name nobody, are never computed again.
    """

    person: str
    kind: str
    app: str | None
    asked_at: str
    before: dict[str, int]
    after: dict[str, int] = field(default_factory=dict)
    objects_rewritten: int = 0
    old_versions_removed: int = 0
    damaged: list[str] = field(default_factory=list)
    interrupted: list[dict[str, Any]] = field(default_factory=list)
    sums_stay: list[str] = field(default_factory=list)
    finished_at: str | None = None
    listed_days: int = LIST_DAYS

    @property
    def is_complete(self) -> bool:
        """Whether nothing of the person is left that can be read or found."""
        return not any(self.after.values()) and not self.damaged and self.finished_at is not None


class PersonErasure:
    """One person's erasure.

    Args:
        spark: Session with the catalog ``lake``.
        settings: Names, apps.
        store: The bucket.
        profiles: The profile store.
        person: Whom.
        clock: Gives the time, UTC.
        on_object: Called after each object that was looked at.
    """

    def __init__(
        self,
        spark: SparkSession,
        settings: Settings,
        store: VersionedStore,
        profiles: ProfileStore,
        person: Person,
        clock: Callable[[], datetime],
        on_object: Callable[[], None] = lambda: None,
    ) -> None:
        self._spark, self._settings, self._store, self._profiles = spark, settings, store, profiles
        self._person, self._clock, self._on_object = person, clock, on_object
        self._touched: list[Touch] = []

    def count(self) -> dict[str, int]:
        """Count what is there of the person, by place; changes nothing."""
        return self._count(remove_lines(self._store, self._person, None, on_object=self._on_object))

    def _count(self, lines: Removed) -> dict[str, int]:
        counts = {"raw": 0, "bad": 0, "load": 0} | dict(lines.lines)
        for name in table_erasure.personal_tables(self._spark, self._settings):
            counts[f"table {name}"] = table_erasure.count_rows(self._spark, self._settings, name, self._person)
        counts["profiles"] = sum(bool(self._profiles.known_of(key)) for key in self._profile_keys())
        return counts

    def open_receipt(self, before: dict[str, int]) -> Receipt:
        """Make the receipt that `steps` fill in; changes nothing but the bucket's salt.

        Args:
            before: Result of `count`.
        """
        asked_at = wire_time(to_milliseconds(self._clock()))
        someone = self._pseudonyms().of(self._person.field, self._person.value)
        return Receipt(someone, self._person.field, self._person.app, asked_at, before)

    def steps(self, receipt: Receipt) -> Iterator[tuple[str, Callable[[], object]]]:
        """Yield what is to be done, by name and in order; after the last one the receipt is whole and stored."""
        asked_at = datetime.fromisoformat(receipt.asked_at)
        yield "note that it began", lambda: self._begin(receipt)
        yield "list for what is under way", lambda: add_to_list(self._store, self._person, asked_at)
        yield "objects", lambda: self._objects(receipt)
        yield "days that marts compute again", self._note
        for name in table_erasure.personal_tables(self._spark, self._settings):
            yield f"rows of {name}", partial(table_erasure.delete_rows, self._spark, self._settings, name, self._person)
            yield f"files of {name}", partial(table_erasure.remove_bytes, self._spark, self._settings, name)
        yield "profiles", lambda: self._profiles.forget(self._profile_keys())
        yield "old versions", lambda: self._old_versions(receipt)
        yield "receipt", lambda: self._finish(receipt)

    def run(self, before: dict[str, int]) -> Receipt:
        """Do every step."""
        receipt = self.open_receipt(before)
        for _name, act in self.steps(receipt):
            act()
        return receipt

    def _pseudonyms(self) -> Pseudonyms:
        return Pseudonyms(make_salt(self._store))

    def _profile_keys(self) -> list[str]:
        apps = [self._person.app] if self._person.app else [app.name for app in self._settings.apps]
        return keys_of(apps, self._person.field, self._person.value)

    def _begin(self, receipt: Receipt) -> None:
        folder = f"{RECEIPT_PREFIX}{receipt.person}/"
        known = {entry.key: json.loads(self._store.get(entry.key)) for entry in self._store.list(folder)}
        done = {earlier["asked_at"] for key, earlier in known.items() if key.endswith("-done.json")}
        receipt.interrupted = [
            earlier | {"interrupted": []}
            for key, earlier in known.items()
            if key.endswith("-begun.json") and earlier["asked_at"] not in done
        ]
        # Now: should this run be interrupted, the next one finds no rows that tell the days.
        self._touched = table_erasure.touched_days(self._spark, self._settings, self._person)
        lake = lake_of(self._settings, read_touches(self._spark, self._settings, EVERY), self._clock())
        receipt.sums_stay = in_words(lake.frozen_among(self._touched))
        self._write(receipt, "begun")

    def _note(self) -> None:
        note(self._spark, self._settings, self._touched, self._clock(), "forget")

    def _objects(self, receipt: Receipt) -> None:
        receipt.objects_rewritten = remove_lines(
            self._store, self._person, self._pseudonyms(), on_object=self._on_object
        ).objects

    def _old_versions(self, receipt: Receipt) -> None:
        receipt.old_versions_removed = sum(purge_old_versions(self._store, prefix) for prefix in OLD_VERSIONS)

    def _finish(self, receipt: Receipt) -> None:
        left = remove_lines(self._store, self._person, None, on_object=self._on_object)
        receipt.damaged, receipt.after = left.damaged, self._count(left)
        receipt.finished_at = wire_time(self._clock())
        self._write(receipt, "done")

    def _write(self, receipt: Receipt, word: str) -> None:
        key = f"{RECEIPT_PREFIX}{receipt.person}/{receipt.asked_at}-{word}.json"
        self._store.put(key, json.dumps(asdict(receipt)).encode())
