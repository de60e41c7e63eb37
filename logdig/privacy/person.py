"""Whom a stored line is about: a visitor by ``user_key``, a customer by ``customer_id``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_plus

from logdig.store.keys import Zone

FIELDS = ("user_key", "customer_id")
WORD_LEAST = 6
"""In a text that is no JSON, or misnames its fields, a word of so many characters is taken for a key; shorter ones
would be found in everyone's numbers."""

_NAMED = re.compile(r'"(user_key|customer_id)"\s*:\s*("(?:[^"\\]|\\.)*"|-?\d+)')
_FORM = re.compile(r"\b(user_key|customer_id)=([^&\s\"\\]+)")
_WORDS = tuple(re.compile(rf"[A-Za-z0-9{more}]{{{WORD_LEAST},128}}") for more in ("_-", "._:@-"))


@dataclass(frozen=True, slots=True)
class Mentions:
    """Keys that a line holds in the fields for them, and of a rejected event every word that may be one."""

    named: frozenset[tuple[str, str]]
    words: frozenset[str] = frozenset()

    def of(self, field: str, value: str) -> bool:
        """Tell whether a person is among them."""
        return (field, value) in self.named or value in self.words


@dataclass(frozen=True, slots=True)
class Person:
    """Whom to forget; ``field`` is one of FIELDS, ``app`` None means every app."""

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
        """The longest part of the key that stands in a raw line as it is, whatever is escaped around it."""
        return max(re.findall(r"[A-Za-z0-9 ._-]+", self.value), key=len, default="").encode()


def mentions(zone: Zone, line: bytes) -> Mentions:
    """Read whom a line is about; of a rejected event, or a line that is no JSON, its text is searched."""
    found = _parse(line)
    if zone == "raw" and isinstance(found, dict):
        return Mentions(frozenset((name, found[name]) for name in FIELDS if isinstance(found.get(name), str)))
    whole = line.decode("utf-8", "replace")
    text = str(found["text"]) if isinstance(found, dict) and "text" in found else whole
    named = set(_fields(_parse(text)))
    for name, value in _NAMED.findall(text):
        named.add((name, str(_parse(value))))
    named |= {(name, unquote_plus(value)) for name, value in _FORM.findall(text)}
    words = {word for pattern in _WORDS for searched in (text, whole) for word in pattern.findall(searched)}
    return Mentions(frozenset(named), frozenset(words))


def app_of(line: bytes) -> str:
    """The app of a stored line; '' where it names none."""
    found = _parse(line)
    return str(found.get("app") or "") if isinstance(found, dict) else ""


def _parse(text: bytes | str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _fields(value: object) -> Iterator[tuple[str, str]]:
    """Yield the keys that stand anywhere in a parsed text."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield from ((name, str(one[name])) for name in FIELDS if isinstance(one.get(name), str | int))
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
