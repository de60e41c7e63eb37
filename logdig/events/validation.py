"""List every fault of a value, by the same Structs that the fast parser decodes.

The fast parser stops at the first fault and refuses NaN and lone surrogates as syntax; this walk names each fault with
its path. Both accept the same values.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
from msgspec import inspect

SHOWN_CHARACTERS = 40
NAME_CHARACTERS = 128


class FieldFault(msgspec.Struct, frozen=True):
    """One broken rule: a path like ``element.ex`` (empty: the whole event) and the reason in words."""

    field: str
    reason: str


def faults(kind: inspect.Type, value: object, path: str = "") -> Iterator[FieldFault]:
    """Walk over a value beside its type and name every broken rule.

    Args:
        kind: From ``msgspec.inspect.type_info``.
        value: From a JSON parser.
        path: Path of the value, for the messages.
    """
    return _CHECKS[type(kind)](kind, value, path)


def field_faults(fields: Iterable[inspect.Field], value: dict[str, object], path: str = "") -> Iterator[FieldFault]:
    """Check the named fields of an object, leaving others alone."""
    for field in fields:
        if field.encode_name in value:
            yield from faults(field.type, value[field.encode_name], join(path, field.encode_name))
        elif field.required:
            yield FieldFault(join(path, field.encode_name), "is required")


def text_fault(text: str) -> str | None:
    """Return the reason why a text cannot be stored: U+0000, or lone surrogates."""
    if "\0" in text:
        return "holds U+0000; remove it"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds a lone surrogate or bytes that are no UTF-8; send well-formed text"
    return None


def join(path: str, name: str) -> str:
    """Path of a field inside an object; long names are cut, broken ones made printable."""
    name = name[:NAME_CHARACTERS].encode("utf-8", "backslashreplace").decode()
    return f"{path}.{name}" if path else name


def shown(value: object) -> str:
    """Show a value inside a message: short and well-formed."""
    if isinstance(value, str):
        cut = value if len(value) <= SHOWN_CHARACTERS else value[:SHOWN_CHARACTERS] + "…"
        return f"'{cut}'".encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value)


def describe(kind: Any) -> str:
    """Describe in words what a type allows."""
    if isinstance(kind, inspect.Metadata):
        return str((kind.extra_json_schema or {})["description"])
    if isinstance(kind, inspect.UnionType):
        # The range of floats includes that of integers; without one, the range of integers is described.
        has_range = any(isinstance(option, inspect.FloatType) and option.le is not None for option in kind.types)
        options = [option for option in kind.types if not (has_range and isinstance(option, inspect.IntType))]
        return " or ".join(describe(option) for option in options)
    if isinstance(kind, inspect.LiteralType):
        return "one of " + ", ".join(map(str, kind.values))
    return _WORDS[type(kind)](kind)


def _range(kind: Any) -> str:
    least = f" above {kind.gt}" if kind.gt is not None else f" from {kind.ge}" if kind.ge is not None else ""
    return f"{least} to {kind.le}" if kind.le is not None else least


_WORDS: dict[type, Callable[[Any], str]] = {
    inspect.AnyType: lambda _: "anything",
    inspect.BoolType: lambda _: "true or false",
    inspect.DictType: lambda _: "an object",
    inspect.FloatType: lambda kind: "a number" + _range(kind),
    inspect.IntType: lambda kind: "an integer" + _range(kind),
    inspect.ListType: lambda _: "a list",
    inspect.NoneType: lambda _: "null",
    inspect.StrType: lambda _: "text",
    inspect.StructType: lambda _: "an object",
    inspect.TupleType: lambda kind: f"a list of {len(kind.item_types)}",
}

_PYTHON_TYPES: dict[type, tuple[type, ...]] = {
    inspect.BoolType: (bool,),
    inspect.DictType: (dict,),
    inspect.FloatType: (float,),
    inspect.IntType: (int,),
    inspect.ListType: (list,),
    inspect.NoneType: (type(None),),
    inspect.StrType: (str,),
    inspect.StructType: (dict,),
}


def _wrong(kind: inspect.Type, value: object, path: str) -> FieldFault:
    return FieldFault(path, f"must be {describe(kind)}, got {shown(value)}")


def _is_of(kind: Any, value: object) -> bool:
    """Tell whether a value has the JSON type of a type; true and false are no integers."""
    kind = kind.type if isinstance(kind, inspect.Metadata) else kind
    wanted = _PYTHON_TYPES[type(kind)]
    return isinstance(value, wanted) and (not isinstance(value, bool) or bool in wanted)


def _union(kind: inspect.UnionType, value: object, path: str) -> Iterator[FieldFault]:
    option = next((option for option in kind.types if _is_of(option, value)), None)
    if option is None:
        yield _wrong(kind, value, path)
    elif isinstance(option, inspect.IntType | inspect.FloatType):
        # Describe the range of all numbers allowed here, not only of the integers.
        yield from (_wrong(kind, value, path) for _ in faults(option, value, path))
    else:
        yield from faults(option, value, path)


def _described(kind: inspect.Metadata, value: object, path: str) -> Iterator[FieldFault]:
    if any(faults(kind.type, value, path)):
        reason = text_fault(value) if isinstance(value, str) else None
        yield FieldFault(path, reason) if reason else _wrong(kind, value, path)


def _text(kind: inspect.StrType, value: object, path: str) -> Iterator[FieldFault]:
    if not isinstance(value, str):
        yield _wrong(kind, value, path)
        return
    least, most = kind.min_length or 0, kind.max_length
    if len(value) < least or (most is not None and len(value) > most):
        yield FieldFault(path, f"must have {least} to {most} characters, got {len(value)}")
    if kind.pattern is not None and not re.search(kind.pattern, value):
        yield FieldFault(path, f"must match {kind.pattern}, got {shown(value)}")
    reason = text_fault(value)
    if reason:
        yield FieldFault(path, reason)


def _number(kind: Any, value: object, path: str) -> Iterator[FieldFault]:
    allowed = (
        _is_of(kind, value)
        and isinstance(value, int | float)
        and math.isfinite(value)
        and (kind.ge is None or value >= kind.ge)
        and (kind.gt is None or value > kind.gt)
        and (kind.le is None or value <= kind.le)
    )
    if not allowed:
        yield _wrong(kind, value, path)


def _exact(kind: Any, value: object, path: str) -> Iterator[FieldFault]:
    if not _is_of(kind, value):
        yield _wrong(kind, value, path)


def _literal(kind: inspect.LiteralType, value: object, path: str) -> Iterator[FieldFault]:
    if not isinstance(value, str) or value not in kind.values:
        yield _wrong(kind, value, path)


def _struct(kind: inspect.StructType, value: object, path: str) -> Iterator[FieldFault]:
    if not isinstance(value, dict):
        yield _wrong(kind, value, path)
        return
    yield from field_faults(kind.fields, value, path)
    known = {field.encode_name for field in kind.fields} | {kind.tag_field}
    for name in value:
        if name not in known:
            yield FieldFault(join(path, name), "is no known field here; own fields go in custom.props")


def _dict(kind: inspect.DictType, value: object, path: str) -> Iterator[FieldFault]:
    if not isinstance(value, dict):
        yield _wrong(kind, value, path)
        return
    if kind.max_length is not None and len(value) > kind.max_length:
        yield FieldFault(path, f"must have at most {kind.max_length} entries, got {len(value)}")
    for name, item in value.items():
        for fault in faults(kind.key_type, name, join(path, name)):
            yield FieldFault(fault.field, f"name: {fault.reason}")
        yield from faults(kind.value_type, item, join(path, name))


def _list(kind: inspect.ListType, value: object, path: str) -> Iterator[FieldFault]:
    if not isinstance(value, list):
        yield _wrong(kind, value, path)
        return
    if kind.max_length is not None and len(value) > kind.max_length:
        yield FieldFault(path, f"must have at most {kind.max_length} items, got {len(value)}")
    for index, item in enumerate(value):
        yield from faults(kind.item_type, item, f"{path}[{index}]")


def _tuple(kind: inspect.TupleType, value: object, path: str) -> Iterator[FieldFault]:
    if not isinstance(value, list) or len(value) != len(kind.item_types):
        yield _wrong(kind, value, path)
        return
    for index, item in enumerate(value):
        yield from faults(kind.item_types[index], item, f"{path}[{index}]")


def _anything(kind: inspect.AnyType, value: object, path: str) -> Iterator[FieldFault]:  # noqa: ARG001
    return iter(())


_CHECKS: dict[type, Callable[[Any, object, str], Iterator[FieldFault]]] = {
    inspect.AnyType: _anything,
    inspect.BoolType: _exact,
    inspect.DictType: _dict,
    inspect.FloatType: _number,
    inspect.IntType: _number,
    inspect.ListType: _list,
    inspect.LiteralType: _literal,
    inspect.Metadata: _described,
    inspect.NoneType: _exact,
    inspect.RawType: _anything,
    inspect.StrType: _text,
    inspect.StructType: _struct,
    inspect.TupleType: _tuple,
    inspect.UnionType: _union,
}
