"""The lenient parser: splits JSON that the fast parser refuses, so that each event is validated alone.

Text comes from ``bytes.decode("utf-8", "surrogateescape")``: bytes that are no UTF-8 become lone surrogates, which
validation refuses field by field. NaN, infinities and integers of any length are read and then refused likewise.
"""

from __future__ import annotations

import json
import re

from logdig.errors import InputError

NESTING_LIMIT = 256
"""Limit of nesting: the parser recurses, and the endpoints leave it different depths of stack."""
INTEGER_DIGITS = 20
"""Enough to exceed 2^53-1, few enough to stay cheap (Python itself refuses 4,300)."""
NAMES_LIMIT = 100
"""Field names of a body; six are known, and each further one costs time."""

_SPACE = re.compile(r"[ \t\n\r]*")
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_DECODER = json.JSONDecoder(parse_int=lambda digits: int(digits[:INTEGER_DIGITS]))


class UnreadableError(InputError):
    """The body is not readable JSON."""


def parse_text(text: str, levels_above: int = 0) -> object:
    """Read one JSON value, space around it allowed.

    Args:
        text: The value, cut out of a body in which it lies ``levels_above`` deep.
        levels_above: 0 for a body.
    Raises:
        UnreadableError: Broken syntax, or the body is nested deeper than NESTING_LIMIT.
    """
    _check_nesting(text, levels_above)
    scanner = _Scanner(text)
    value = scanner.value()
    scanner.end()
    return value


def split_body(text: str, items_limit: int) -> tuple[object, list[str]]:
    """Read a body whose ``events`` stay text.

    Args:
        text: A JSON object in every case that ends well.
        items_limit: How many events are cut out at most; what follows them is not read.
    Returns:
        The body's value, where a list under ``events`` is left empty, and the source text of that list's items.
    Raises:
        UnreadableError: As `parse_text`, or there are more than NAMES_LIMIT names.
    """
    _check_nesting(text)
    scanner = _Scanner(text)
    if not scanner.take("{"):
        return parse_text(text), []
    body: dict[str, object] = {}
    sources: list[str] = []
    more = not scanner.take("}")
    names_count = 0
    while more:
        key = scanner.key()
        names_count += 1
        if names_count > NAMES_LIMIT:
            raise UnreadableError(f"the body has more than {NAMES_LIMIT} fields, at last {key!r:.80}; six are known")
        if key == "events" and scanner.take("["):
            body[key], sources = [], scanner.items(items_limit)
            if len(sources) == items_limit:
                return body, sources
        else:
            body[key] = scanner.value()
        more = scanner.goes_on("}")
    scanner.end()
    return body, sources


def nesting(text: str) -> int:
    """Count how deep objects and lists lie inside each other, whatever the text is; stops past NESTING_LIMIT."""
    depth = deepest = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        first = text[match.start()]
        depth += (first in "[{") - (first in "]}")
        deepest = max(depth, deepest)
        if deepest > NESTING_LIMIT:
            break
    return deepest


def _check_nesting(text: str, levels_above: int = 0) -> None:
    if nesting(text) + levels_above > NESTING_LIMIT:
        raise UnreadableError(f"the body is nested deeper than {NESTING_LIMIT}; events may use 8")


class _Scanner:
    """Walks over JSON text; every step skips the space before it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def take(self, character: str) -> bool:
        """Step over one character if it is next."""
        self._skip_space()
        is_next = self._text.startswith(character, self._position)
        self._position += is_next
        return is_next

    def expect(self, character: str) -> None:
        if not self.take(character):
            raise self._broken(f"expected {character}")

    def goes_on(self, closing: str) -> bool:
        """Step over a comma or the closing bracket; true for the comma."""
        if self.take(","):
            return True
        self.expect(closing)
        return False

    def value(self) -> object:
        self._skip_space()
        try:
            value, self._position = _DECODER.raw_decode(self._text, self._position)
        except json.JSONDecodeError as err:
            self._position = err.pos
            raise self._broken(err.msg) from err
        except RecursionError as err:
            raise self._broken("nested deeper than the parser can go") from err
        return value

    def key(self) -> str:
        key = self.value()
        if not isinstance(key, str):
            raise self._broken("expected a name in double quotes")
        self.expect(":")
        return key

    def items(self, limit: int) -> list[str]:
        """Cut out the items of a list, after its opening bracket."""
        sources: list[str] = []
        more = not self.take("]")
        while more and len(sources) < limit:
            self._skip_space()
            start = self._position
            self.value()
            sources.append(self._text[start : self._position])
            more = self.goes_on("]")
        return sources

    def end(self) -> None:
        self._skip_space()
        if self._position != len(self._text):
            raise self._broken("expected nothing more")

    def _skip_space(self) -> None:
        match = _SPACE.match(self._text, self._position)
        self._position = match.end() if match else self._position

    def _broken(self, reason: str) -> UnreadableError:
        return UnreadableError(f"the body is no JSON: {reason} at character {self._position}")
