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

from analytics.privacy import table_erasure
from logdig.config.settings import Settings
from logdig.decide.profiles import ProfileStore, person_key
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
    end.
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
    finished_at: str | None = None
    listed_days: int = LIST_DAYS

    @property
    def is_complete(self) -> bool:
        """Whether nothing of the person is left that can be read or found."""
        return not any(self.after.values()) and not self.damaged and self.finished_at is not None


class Forgetting:
    """One erasure.

    Args:
        spark: Session with the catalog ``lake``.
        settings: Names, apps.
        store: The bucket.
        profiles: The profile store.
        person: Whom.
        clock: Gives the time, UTC.
        seen: Called after each object that was looked at.
    """

    def __init__(
        self,
        spark: SparkSession,
        settings: Settings,
        store: VersionedStore,
        profiles: ProfileStore,
        person: Person,
        clock: Callable[[], datetime],
        seen: Callable[[], None] = lambda: None,
    ) -> None:
        self._spark, self._settings, self._store, self._profiles = spark, settings, store, profiles
        self._person, self._clock, self._seen = person, clock, seen

    def count(self) -> dict[str, int]:
        """Count what is there of the person, by place; changes nothing."""
        return self._count(remove_lines(self._store, self._person, None, on_object=self._seen))

    def _count(self, found: Removed) -> dict[str, int]:
        counts = {"raw": 0, "bad": 0, "load": 0} | dict(found.lines)
        for name in table_erasure.personal_tables(self._spark, self._settings):
            counts[f"table {name}"] = table_erasure.count_rows(self._spark, self._settings, name, self._person)
        counts["profiles"] = sum(self._profiles.get(one) is not None for one in self._profile_keys())
        return counts

    def steps(self, before: dict[str, int]) -> Iterator[tuple[str, Callable[[], object]]]:
        """Yield what is to be done, by name and in order; the last one gives the receipt.

        Args:
            before: Result of `count`.
        """
        names = Pseudonyms(make_salt(self._store))
        asked_at = to_milliseconds(self._clock())
        someone = names.of(self._person.field, self._person.value)
        receipt = Receipt(someone, self._person.field, self._person.app, wire_time(asked_at), before)
        yield "note that it began", lambda: self._begin(receipt)
        yield "list for what is under way", lambda: add_to_list(self._store, self._person, asked_at)
        yield "objects", lambda: self._objects(receipt, names)
        for name in table_erasure.personal_tables(self._spark, self._settings):
            yield f"rows of {name}", partial(table_erasure.delete_rows, self._spark, self._settings, name, self._person)
            yield f"files of {name}", partial(table_erasure.remove_bytes, self._spark, self._settings, name)
        yield "profiles", lambda: self._profiles.remove(self._profile_keys())
        yield "old versions", lambda: self._old_versions(receipt)
        yield "receipt", lambda: self._finish(receipt)

    def run(self, before: dict[str, int]) -> Receipt:
        """Do every step."""
        result: object = None
        for _name, act in self.steps(before):
            result = act()
        assert isinstance(result, Receipt)  # noqa: S101 (the last step's)
        return result

    def _profile_keys(self) -> list[str]:
        apps = [self._person.app] if self._person.app else [app.name for app in self._settings.apps]
        given: dict[str, str | None] = {"customer_id": None, "user_key": None, self._person.field: self._person.value}
        return [person_key(app, customer_id=given["customer_id"], user_key=given["user_key"]) for app in apps]

    def _begin(self, receipt: Receipt) -> None:
        folder = f"{RECEIPT_PREFIX}{receipt.person}/"
        known = {entry.key: json.loads(self._store.get(entry.key)) for entry in self._store.list(folder)}
        done = {told["asked_at"] for key, told in known.items() if key.endswith("-done.json")}
        receipt.interrupted = [
            told | {"interrupted": []}
            for key, told in known.items()
            if key.endswith("-begun.json") and told["asked_at"] not in done
        ]
        self._write(receipt, "begun")

    def _objects(self, receipt: Receipt, names: Pseudonyms) -> None:
        receipt.objects_rewritten = remove_lines(self._store, self._person, names, on_object=self._seen).objects

    def _old_versions(self, receipt: Receipt) -> None:
        receipt.old_versions_removed = sum(purge_old_versions(self._store, prefix) for prefix in OLD_VERSIONS)

    def _finish(self, receipt: Receipt) -> Receipt:
        found = remove_lines(self._store, self._person, None, on_object=self._seen)
        receipt.damaged, receipt.after = found.damaged, self._count(found)
        receipt.finished_at = wire_time(self._clock())
        self._write(receipt, "done")
        return receipt

    def _write(self, receipt: Receipt, word: str) -> None:
        key = f"{RECEIPT_PREFIX}{receipt.person}/{receipt.asked_at}-{word}.json"
        self._store.put(key, json.dumps(asdict(receipt)).encode())
