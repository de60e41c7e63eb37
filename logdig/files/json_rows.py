"""Lines of NDJSON into objects, each alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from logdig.errors import InputError


def begins_json(line: str) -> bool:
    """Tell whether a first line begins JSON; an id in braces, as of Windows, does not."""
    start = line.lstrip().replace(" ", "")[:2]
    return start[:1] in ("{", "[") and (start[1:].strip() == "" or start in ('{"', "[{", "[[", '["', "{}", "[]"))


def json_lines(lines: Iterable[str]) -> Iterator[tuple[int, str, Any]]:
    """Each line of NDJSON as number, text and value; a ValueError as the value of a line that is no JSON object.

    Raises:
        InputError: The file is JSON over several lines.
    """
    is_first = True
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text:
            continue
        if is_first and (text[0] == "[" or text == "{"):
            raise InputError(
                f"line {number}: JSON in one piece is not read, one object a line is: jq -c '.[]' makes that of a list"
            )
        is_first = False
        try:
            value = json.loads(text)
        except RecursionError:
            value = ValueError("is nested too deep")
        except ValueError as err:
            value = ValueError(f"no JSON: {err}")
        yield number, text, value if isinstance(value, dict | ValueError) else ValueError("no JSON object")
