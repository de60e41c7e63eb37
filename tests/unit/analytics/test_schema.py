"""The columns of a raw line are the fields of the events."""

from __future__ import annotations

from typing import Any

from msgspec import inspect
from pyspark.sql.types import ArrayType, DataType, MapType, StructType

from analytics.schema.columns import RAW_LINE
from logdig.events.lines import TEN_NAMES
from logdig.events.types import EVENT_TYPES

WHOLE, NUMBER = {"int", "bigint"}, {"double"}


def fields(event_types: Any) -> dict[str, list[inspect.Type]]:
    """Every field of the Structs by name, with the types that it has in them."""
    found: dict[str, list[inspect.Type]] = {}
    for event_type in event_types:
        info = inspect.type_info(event_type)
        assert isinstance(info, inspect.StructType)
        for field in info.fields:
            found.setdefault(field.encode_name, []).append(field.type)
    return found


def kinds(found: inspect.Type) -> list[inspect.Type]:
    """Types that a value may have, null aside."""
    options = found.types if isinstance(found, inspect.UnionType) else (found,)
    return [one for one in options if not isinstance(one, inspect.NoneType)]


def mismatch(column: DataType, found: inspect.Type, path: str) -> list[str]:
    """Say where a column cannot hold what the Struct allows."""
    options = kinds(found)
    name = column.simpleString()
    if any(isinstance(one, inspect.FloatType) for one in options):
        # x and y may be fractions on the wire, and are stored rounded down.
        return [] if name in NUMBER or path in ("x", "y") else [f"{path}: {name} cannot hold fractions"]
    (kind,) = options
    if isinstance(kind, inspect.IntType):
        wide = name == "bigint" or (name == "int" and (kind.le or 2**63) < 2**31)
        return [] if wide else [f"{path}: {name} cannot hold numbers up to {kind.le}"]
    if isinstance(kind, inspect.StructType):
        assert isinstance(column, StructType), path
        inner = {field.encode_name: field.type for field in kind.fields}
        missing = [f"{path}.{key}: no column" for key in inner.keys() - set(column.fieldNames())]
        known = [key for key in inner if key in column.fieldNames()]
        return missing + [word for key in known for word in mismatch(column[key].dataType, inner[key], f"{path}.{key}")]
    if isinstance(kind, inspect.ListType):
        assert isinstance(column, ArrayType), path
        return mismatch(column.elementType, kind.item_type, f"{path}[]")
    if isinstance(kind, inspect.TupleType):
        assert isinstance(column, ArrayType), path
        return [word for item in kind.item_types for word in mismatch(column.elementType, item, f"{path}[]")]
    if isinstance(kind, inspect.DictType):
        return [] if isinstance(column, MapType) else [f"{path}: {name} is no map"]
    expected = "boolean" if isinstance(kind, inspect.BoolType) else "string"
    return [] if name == expected else [f"{path}: {name} instead of {expected}"]


def test_raw_line_has_a_column_for_every_field_of_every_event_type() -> None:
    faults = [
        word
        for name, types in fields(EVENT_TYPES).items()
        for found in types
        for word in (mismatch(RAW_LINE[name].dataType, found, name) if name in RAW_LINE.names else [name])
    ]

    assert faults == []


def test_raw_line_has_no_column_that_nothing_fills() -> None:
    server = {"received_at", "occurred_at", "app", "user_agent", "bot", "country", "region", "ip", "pack_id", "tz_min"}
    parts = set(RAW_LINE.names) - set(fields(EVENT_TYPES)) - server - set(TEN_NAMES) - {"type", "legacy"}

    assert parts == set()
    assert set(TEN_NAMES) <= set(RAW_LINE.names)
