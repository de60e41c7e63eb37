"""What a table is, said once; whoever makes, reads, describes, ages or erases it derives it from here.

Plain values: neither Spark nor Arrow is imported. docs/add-a-mart.md shows how a table is added.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Scalar = Literal["string", "int", "bigint", "double", "boolean", "timestamp", "date"]
"""Types by Spark's names; a timestamp is UTC, to the microsecond."""
TEXT: Scalar = "string"
INT: Scalar = "int"
LONG: Scalar = "bigint"
REAL: Scalar = "double"
YES_NO: Scalar = "boolean"
TIME: Scalar = "timestamp"
DAY: Scalar = "date"


class ListOf(msgspec.Struct, frozen=True):
    """A list of values of one type."""

    item: Type


class MapOf(msgspec.Struct, frozen=True):
    """Values by text."""

    value: Type


class StructOf(msgspec.Struct, frozen=True):
    """Named values inside a column."""

    fields: tuple[Column, ...]


Type: TypeAlias = Scalar | ListOf | MapOf | StructOf
PersonField = Literal["user_key", "customer_id", "person", "text", "object"]
"""Whose key a column holds: a visitor's, a customer's, either's (``person``), or text in which one may stand; or the
stored object that the row was read from (``object``), with which the row goes when a person's lines are removed."""


class Column(msgspec.Struct, frozen=True):
    """A column: what it means, in which unit it counts, and whether it names a person. Every column may be null."""

    name: str
    type: Type
    meaning: str
    unit: str = ""
    person: PersonField | None = None


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table.

    Args:
        name: In the Glue database, in the reader and in docs/tables.md.
        meaning: What it holds, one sentence.
        grain: What one row is.
        columns: In their order.
        keys: Columns that no two rows share.
        partitions: Columns by which files are kept apart.
        ordered_by: Column by which the rows of a file are sorted.
        ages_by: Column by which rows grow old: when they came, or the day they are of; None = ``[retention.tables]``
            cannot name it.
        zone: Zone whose days of ``[retention]`` hold where ``[retention.tables]`` names no others; None = for ever.
        schema: Raised only when older code would misread the table or harm it; a column more needs no new number.
        version: Of the rows of a mart: raised when its transform makes other rows of the same events, so that every day
            is computed again; 0 = the table is no mart that is computed by day.
        reach: What a row of a mart may depend on beyond the events of its day: ``event`` = nothing, ``session`` = the
            other days of the sessions of that day.
        filters: Filters that questions over this table can apply.
        notes: Further sentences for docs/tables.md.
    """

    name: str
    meaning: str
    grain: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    partitions: tuple[str, ...] = ()
    ordered_by: str | None = None
    ages_by: str | None = None
    zone: Literal["raw", "bad"] | None = None
    schema: int = 1
    version: int = 0
    reach: Literal["event", "session"] = "event"
    filters: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in their order."""
        return tuple(column.name for column in self.columns)

    @property
    def person_columns(self) -> dict[str, PersonField]:
        """Columns that name a person, each with whose key it holds."""
        return {column.name: column.person for column in self.columns if column.person is not None}
