"""What is stored of a person, by the places from which an erasure removes it. Source: docs/privacy.md."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from logdig.privacy.object_erasure import PREFIXES, Removed, find_lines
from logdig.privacy.person import Person
from logdig.privacy.person_rows import RowTest, person_columns
from logdig.store.object_store import VersionedStore


class AllTables(Protocol):
    """Every table of the database; see `logdig.marts.stored_tables.StoredTables`."""

    def names(self) -> list[str]: ...

    def columns(self, name: str) -> dict[str, bool]: ...

    def rows(
        self, name: str, columns: Sequence[str] | None, wanted: Mapping[str, Collection[str]] | None
    ) -> Iterator[dict[str, Any]]: ...


@dataclass(slots=True)
class PersonData:
    """The stored data of one person; reads only.

    Args:
        store: The bucket.
        tables: All tables.
        profiles: Profiles of the person by their keys, None where there is none.
        person: Whom.
        on_step: Called with a place when it is looked at, once an object and once a table.
    After `count` or `places`, ``damaged`` names the objects that no one can read.
    """

    store: VersionedStore
    tables: AllTables
    profiles: Mapping[str, Any]
    person: Person
    on_step: Callable[[str], None] = lambda _place: None
    damaged: list[str] = field(default_factory=list)

    def count(self) -> dict[str, int]:
        """Count lines, rows and profiles by place, named as in the receipt of an erasure."""
        return {place: sum(1 for _ in rows) for place, rows in self.places(whole=False)}

    def places(self, *, whole: bool = True) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Yield each place with its lines of JSON, in order; read one's lines before the next.

        Args:
            whole: All columns of a table; else only those by which the person is found.
        """
        for prefix in PREFIXES:
            place = prefix.strip("/")
            yield place, self._lines(place, prefix)
        for name in self.tables.names():
            test = self._test(name)
            if test.columns:
                yield f"table {name}", self._rows(name, test, whole=whole)
        yield "profiles", (msgspec.json.encode(one) for one in self.profiles.values() if one is not None)

    def _lines(self, place: str, prefix: str) -> Iterator[bytes]:
        found = Removed()
        for lines in find_lines(
            self.store, self.person, found, prefixes=[prefix], on_object=lambda: self.on_step(place)
        ):
            yield from lines
        self.damaged += found.damaged

    def _test(self, name: str) -> RowTest:
        columns = self.tables.columns(name)
        texts = [column for column, is_text in columns.items() if is_text]
        named = person_columns(name, columns, texts)
        return RowTest(self.person, frozenset(self.profiles), tuple(named), frozenset(columns))

    def _rows(self, name: str, test: RowTest, *, whole: bool) -> Iterator[bytes]:
        self.on_step(f"table {name}")
        texts = [column for column, is_text in self.tables.columns(name).items() if is_text]
        rows: Iterable[dict[str, Any]] = self.tables.rows(name, None if whole else test.needed, test.wanted(texts))
        yield from (msgspec.json.encode(row) for row in rows if test.is_met(row))
