"""Which rows of a table are a person's, by what its declaration says and by the names of its other columns."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from logdig.privacy.person import FIELDS, Person
from logdig.tables.catalog import TABLES

TEXT_COLUMNS = ("bad_id", "text", "app", "errors")
"""Columns of ``bad_events`` in which a person may stand, with the id by which its rows are named."""


def person_columns(table: str, columns: Collection[str], texts: Collection[str]) -> list[tuple[str, str]]:
    """Columns of a stored table that may name a person, each with whose keys it holds.

    Those that the table's declaration names, and of all others the text columns whose name says so: an analyst's own,
    and what other versions made.

    Args:
        table: Its name.
        columns: Those that it has.
        texts: Those of them that hold texts.
    """
    declared = TABLES[table].person_columns if table in TABLES else {}
    own = [name for name in columns if name in texts and name not in declared]
    return [
        *((name, kind) for name, kind in declared.items() if name in columns),
        *((name, kind) for name in own for kind in (*FIELDS, "person") if re.search(rf"(^|_){kind}$", name)),
    ]


@dataclass(frozen=True, slots=True)
class RowTest:
    """Tells which rows of one table are a person's.

    Args:
        person: Whom.
        profiles: Keys of the person's profiles, as columns of kind ``person`` hold them.
        columns: Result of `person_columns`.
        names: All columns of the table.
    """

    person: Person
    profiles: frozenset[str]
    columns: tuple[tuple[str, str], ...]
    names: frozenset[str]

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns that `is_met` looks at."""
        read = {name for name, kind in self.columns if kind in ("person", self.person.field)}
        if self._reads_text:
            read |= {name for name in TEXT_COLUMNS if name in self.names}
        return tuple(sorted(read | ({"app"} & self.names)))

    def wanted(self, texts: Collection[str]) -> dict[str, frozenset[str]] | None:
        """Values by column, of which a row must have one at least; empty = no row can be the person's.

        Args:
            texts: Columns that hold a text a row.
        Returns:
            None where the columns that decide hold something else, so that every row must be looked at.
        """
        values = {"person": self.profiles, self.person.field: frozenset([self.person.value])}
        found = {name: values[kind] for name, kind in self.columns if values.get(kind)}
        return None if self._reads_text or not found.keys() <= set(texts) else found

    def is_met(self, row: Mapping[str, Any]) -> bool:
        """Tell whether a row, which has the columns of `needed`, is the person's."""
        if self._reads_text and self.person.is_in("bad", rejected_line(row)):
            return True
        is_of_app = self.person.app is None or "app" not in self.names or (row["app"] or "") in (self.person.app, "")
        return any(
            (kind == self.person.field and is_of_app and self.person.value in _values(row[name]))
            or (kind == "person" and not self.profiles.isdisjoint(_values(row[name])))
            for name, kind in self.columns
            if kind != "text"
        )

    @property
    def _reads_text(self) -> bool:
        return any(kind == "text" for _, kind in self.columns)


def rejected_line(row: Mapping[str, Any]) -> bytes:
    """The columns of a row of ``bad_events`` in which a person may stand, as a line."""
    return json.dumps({name: row[name] for name in TEXT_COLUMNS}).encode()


def _values(value: Any) -> list[Any]:
    """What a column of texts, or of lists of them, holds in one row."""
    return value if isinstance(value, list) else [value]
