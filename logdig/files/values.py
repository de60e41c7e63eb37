"""Texts of files into values: each takes what people write, and says what is wrong with the rest by ValueError."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import get_args

from logdig.events.fields import Id
from logdig.files.refused_rows import excerpt

_ID_RULE = get_args(Id)[1]
_ID = re.compile(_ID_RULE.pattern)
_ROUNDED = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+[0-9]+|[0-9]+[.,][0-9]+[eE][0-9]+")
"""What a spreadsheet or a column of floats makes of a long number; different ids become one."""
_SECONDS = re.compile(r"[0-9]{9,10}(\.[0-9]+)?")
_MILLISECONDS = re.compile(r"[0-9]{12,13}(\.[0-9]+)?")
_ISO = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?|[0-9]{8}T[0-9]{4}([0-9]{2})?)"
    r" ?(UTC|[Zz]|[+-][0-9]{2}(:?[0-9]{2})?)?"
)
_ISO_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})([Tt ][0-9:.]+)?(Z|[+-][0-9:]+)?")
_US_DAY = re.compile(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}")
_WHOLE = re.compile(r"([0-9]{1,9})(\.0+)?")
TRUE_WORDS = frozenset({"1", "true", "t", "yes", "y", "on"})
FALSE_WORDS = frozenset({"0", "false", "f", "no", "n", "off"})
BOOLEANS = dict.fromkeys(sorted(TRUE_WORDS - {"1"}), 1) | dict.fromkeys(sorted(FALSE_WORDS - {"0"}), 0)
"""Words of a code that is 1 or 0."""
DAYS_FROM, DAYS_TO = date(1900, 1, 2), date(2199, 12, 31)
"""Days of sign-up; what lies outside is how programs write that there is none."""


def read_id(name: str, text: str) -> str:
    """An id by the rule of the wire; blanks around it are forgiven."""
    text = text.strip()
    if _ROUNDED.fullmatch(text):
        raise ValueError(
            f"{name} {text!r} was rounded by a spreadsheet or an export; format the column as text before the ids "
            "go in, and save it again"
        )
    if not _ID.fullmatch(text):
        raise ValueError(f"{name} {excerpt(text)!r} is no id: {_ID_RULE.description}")
    return text


def read_time(name: str, text: str) -> datetime:
    """A time: ISO 8601 with or without zone, or seconds or milliseconds since 1970.

    Returns:
        With zone (UTC) where the text has one or counts from 1970; without where it has none.
    """
    return in_utc(name, read_written_time(name, text))


def in_utc(name: str, written: datetime) -> datetime:
    """The same time in UTC where it has a zone, as it is where it has none."""
    try:
        return written if written.tzinfo is None else written.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{name} '{written}' lies outside the years 1 to 9999 in UTC") from None


def read_written_time(name: str, text: str) -> datetime:
    """A time as `read_time` takes it, in the zone in which it is written."""
    text = text.strip()
    try:
        if _ISO.fullmatch(text):
            return datetime.fromisoformat(text.upper().replace("UTC", "Z").replace(" ", "T", 1).replace(" ", ""))
        if _SECONDS.fullmatch(text):
            return datetime.fromtimestamp(float(text), UTC)
        if _MILLISECONDS.fullmatch(text):
            return datetime.fromtimestamp(float(text) / 1000, UTC)
    except OverflowError:
        raise ValueError(f"{name} {text!r} lies outside the years 1 to 9999 in UTC") from None
    except ValueError:
        pass
    raise ValueError(
        f"{name} {excerpt(text)!r} is no time such as 2026-11-24 13:00:00, 2026-11-24T13:00:00+09:00, "
        "1795482000 or 1795482000000"
    )


def read_boolean(name: str, text: str) -> bool:
    """A boolean as 0 or 1 or a word."""
    word = text.strip().lower()
    if word not in TRUE_WORDS | FALSE_WORDS:
        raise ValueError(f"{name} {excerpt(text)!r} is neither 1, true or yes nor 0, false or no")
    return word in TRUE_WORDS


def read_code(name: str, text: str, words: dict[str, int] | None = None) -> int | None:
    """A whole number up to 9 digits, or the number of a word; None for an empty text.

    Where the words are for 0 and 1 alone, words of booleans are read, too.
    """
    text = text.strip()
    if not text:
        return None
    if words and text.casefold() in words:
        return words[text.casefold()]
    if words and set(words.values()) == {0, 1} and text.casefold() in TRUE_WORDS | FALSE_WORDS:
        return int(text.casefold() in TRUE_WORDS)
    match = _WHOLE.fullmatch(text)
    if not match:
        known = f" and none of {', '.join(words)}" if words else ""
        raise ValueError(f"{name} {excerpt(text)!r} is no whole number{known}")
    return int(match[1])


def read_day(name: str, text: str) -> str | None:
    """A day as MM/DD/YYYY or ISO 8601 (the time after it is left out), as YYYY-MM-DD; None for an empty text."""
    text = text.strip()
    if not text:
        return None
    try:
        if _US_DAY.fullmatch(text):
            month, day_of_month, year = map(int, text.split("/"))
            day = date(year, month, day_of_month)
        elif match := _ISO_DAY.fullmatch(text):
            day = date.fromisoformat(match[1])
        else:
            raise ValueError
    except ValueError:
        raise ValueError(f"{name} {excerpt(text)!r} is no day such as 2026-11-24 or 11/24/2026 (month first)") from None
    if not DAYS_FROM <= day <= DAYS_TO:
        raise ValueError(f"{name} {text!r} is no day between {DAYS_FROM} and {DAYS_TO}; leave it empty where unknown")
    return day.isoformat()
