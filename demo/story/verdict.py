"""Compare what the questions found with what was planted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from demo.story.truth import Truth

TOLERANCE = 1e-9
"""Relative; for shares and percentiles, which are divisions."""


def differences(truth: Truth, found: Mapping[str, Any]) -> list[str]:
    """Name every number that was planted and not found, and every one that was found and not planted.

    Args:
        truth: What was planted.
        found: What the questions say, in the form of ``msgspec.to_builtins(truth)``; each of its topics must be there.
    Returns:
        A line each, such as ``totals, sessions: planted 9,438, found 9,437``; none where all is equal.
    """
    return list(_compare((), msgspec.to_builtins(truth), found))


def _compare(path: tuple[str, ...], planted: Any, found: Any) -> Iterator[str]:
    if isinstance(planted, Mapping) and isinstance(found, Mapping):
        for key in (*planted, *(key for key in found if key not in planted)):
            yield from _compare((*path, str(key)), planted.get(key), found.get(key))
    elif isinstance(planted, (list, tuple)) and isinstance(found, (list, tuple)):
        for number in range(max(len(planted), len(found))):
            sides = (side[number] if number < len(side) else None for side in (planted, found))
            yield from _compare((*path, str(number)), *sides)
    elif not _is_equal(planted, found):
        yield f"{', '.join(path)}: {_say('planted', planted)}, {_say('found', found)}"


def _is_equal(planted: Any, found: Any) -> bool:
    numbers = [value for value in (planted, found) if isinstance(value, (int, float)) and not isinstance(value, bool)]
    if len(numbers) == 2:
        return math.isclose(planted, found, rel_tol=TOLERANCE)
    return bool(planted == found)


def _say(word: str, value: Any) -> str:
    if value is None:
        return f"nothing {word}"
    if isinstance(value, (Mapping, list, tuple)):
        return f"{word} {len(value)} values"
    return f"{word} {value:,}" if isinstance(value, (int, float)) else f"{word} {value!r}"
