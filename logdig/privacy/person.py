"""The persons that a stored line mentions: a visitor by ``user_key``, a customer by ``customer_id``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_plus

from logdig.store.keys import Zone

FIELDS = ("user_key", "customer_id")
WORD_LEAST = 6
"""In a text that is no JSON, or misnames its fields, a word of this length may be a key; shorter words would match
numbers of other persons."""

_NAMED = re.compile(r'"(user_key|customer_id)"\s*:\s*("(?:[^"\\]|\\.)*"|-?\d+)')
_FORM = re.compile(r"\b(user_key|customer_id)=([^&\s\"\\]+)")
_WORDS = tuple(re.compile(rf"[A-Za-z0-9{more}]{{{WORD_LEAST},128}}") for more in ("_-", "._:@-"))


@dataclass(frozen=True, slots=True)
class Mentions:
    """Keys in the fields of a line, and every word of a rejected event that may be a key."""

    named: frozenset[tuple[str, str]]
    words: frozenset[str] = frozenset()

    def of(self, field: str, value: str) -> bool:
        """Tell whether a person is mentioned."""
        return (field, value) in self.named or value in self.words


@dataclass(frozen=True, slots=True)
class Person:
    """The person to erase; ``field`` is one of FIELDS, ``app`` None means every app."""

    field: str
    value: str
    app: str | None = None

    def is_in(self, zone: Zone, line: bytes) -> bool:
        """Tell whether a stored line is about the person."""
        if self.app is not None and app_of(line) not in (self.app, ""):
            return False
        return mentions(zone, line).of(self.field, self.value)

    @property
    def fragment(self) -> bytes:
        """The longest part of the key that a raw line holds unescaped."""
        return max(re.findall(r"[A-Za-z0-9 ._-]+", self.value), key=len, default="").encode()


def mentions(zone: Zone, line: bytes) -> Mentions:
    """Find the persons that a line mentions; of a rejected event, or a line that is no JSON, search the text."""
    event = _parse(line)
    if zone == "raw" and isinstance(event, dict):
        return Mentions(frozenset((name, event[name]) for name in FIELDS if isinstance(event.get(name), str)))
    whole = line.decode("utf-8", "replace")
    text = str(event["text"]) if isinstance(event, dict) and "text" in event else whole
    named = set(_fields(_parse(text)))
    for name, value in _NAMED.findall(text):
        named.add((name, str(_parse(value))))
    named |= {(name, unquote_plus(value)) for name, value in _FORM.findall(text)}
    words = {word for pattern in _WORDS for searched in (text, whole) for word in pattern.findall(searched)}
    return Mentions(frozenset(named), frozenset(words))


def app_of(line: bytes) -> str:
    """The app of a stored line; '' without one."""
    event = _parse(line)
    return str(event.get("app") or "") if isinstance(event, dict) else ""


def _parse(text: bytes | str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _fields(value: object) -> Iterator[tuple[str, str]]:
    """Yield the keys at any depth of a parsed text."""
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            yield from ((name, str(inner[name])) for name in FIELDS if isinstance(inner.get(name), str | int))
            waiting.extend(inner.values())
        elif isinstance(inner, list):
            waiting.extend(inner)
