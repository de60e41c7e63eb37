"""Listens with what is known of who heard them and of the track: what every question about listening reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from logdig.errors import InputError
from logdig.questions.engine.asking import Asking
from logdig.questions.engine.database import literal
from logdig.tables.declaration import TEXT, Column

MOST_BYTES = 256 * 1024**2
"""Of customers, tracks, targets or interests that one question may hold."""
CODES = {"gender": "gender", "level": "level", "linked_apps": "linked_apps", "customer_campaign": "campaign"}
"""Dimensions that are codes of customers, for which the settings have words: column of customers by dimension."""
OF_CUSTOMERS = (*CODES, "age")
HOURS = "hours"
"""Filter of a time inside the days: two local hours, as ``2026-11-30T05:00/2026-11-30T09:00``; the last is included."""
FILTERS = ("customer", "track", "state", "day_part", "mobile", "send_event", HOURS, *OF_CUSTOMERS)
DIMENSIONS = ("hour", "day", "local_hour", "day_part", "state", "mobile", "send_event", "track", *OF_CUSTOMERS)
HOUR = "%Y-%m-%dT%H:00"
PEOPLE_COLUMNS = (
    Column("gender", TEXT, "word or code of the customer's gender"),
    Column("level", TEXT, "likewise of the level, now"),
    Column("age", TEXT, "decade of the age, such as `20-29`, by the year of birth"),
    Column("linked_apps", TEXT, "word or code of whether apps are linked"),
    Column("customer_campaign", TEXT, "word or code of the campaign with which the customer signed up"),
)
TABLES = ("listens", "customers", "tracks", "targets")


def heard(asking: Asking, columns: Collection[str]) -> str:
    """Register listens of the asked days with columns of DIMENSIONS and more, that meet the filters.

    Args:
        asking: The question.
        columns: Columns of listens that the SQL reads besides.
    Returns:
        SQL of the rows: ``columns`` and DIMENSIONS; who = customer, or visitor where no customer is known; hour text
        HOUR in the app's zone; send_event ``1`` where the customer was a target at the time, else ``0``; title, artist.
    Raises:
        InputError: A filter's value cannot be one.
    """
    wanted = {"customer_id", "user_key", "track_id", "occurred_at", "local_hour", "day_part", "mobile", "state"}
    listens = asking.rows("listens", sorted({*wanted, *columns}), without=FILTERS)
    visitors = asking.texts(listens, "user_key")
    customers, tracks, targets = _whole(asking, "customers"), _whole(asking, "tracks"), _whole(asking, "targets")
    words = asking.parameters.words
    codes = ", ".join(f"{_word(words.get(code, {}), f'c.{code}')} AS {name}" for name, code in CODES.items())
    kept = ", ".join(f"l.{name}" for name in sorted({*wanted, *columns} - {"mobile", "local_hour", "user_key"}))
    rows = f"""(
      SELECT {kept}, l.day, v.text AS user_key, l.track_id AS track, l.customer_id AS customer,
        strftime(CAST(l.occurred_at AT TIME ZONE {literal(asking.parameters.zone)} AS TIMESTAMP), '{HOUR}') AS hour,
        CAST(l.local_hour AS VARCHAR) AS local_hour,
        CASE WHEN l.mobile THEN '1' WHEN NOT l.mobile THEN '0' END AS mobile,
        coalesce('c' || l.customer_id, 'v' || v.text) AS who, {codes},
        {_decade("year(l.day) - c.birth_year")} AS age, t.title, t.artist,
        CASE WHEN g.since <= l.occurred_at THEN '1' ELSE '0' END AS send_event
      FROM {listens} l
      LEFT JOIN {visitors} v ON l.user_key = v.number
      LEFT JOIN {customers} c ON l.customer_id = c.customer_id
      LEFT JOIN {tracks} t ON l.track_id = t.track_id
      LEFT JOIN (SELECT customer_id, min(features_as_of) AS since FROM {targets} GROUP BY ALL) g
        ON l.customer_id = g.customer_id)"""
    met = " AND ".join(_condition(name, value) for name, value in asking.parameters.where.items())
    return f"(SELECT * FROM {rows} WHERE {met or 'true'})"


WHOLE = {
    "customers": ("customer_id", "birth_year", *CODES.values()),
    "tracks": ("track_id", "title", "artist"),
    "targets": ("customer_id", "features_as_of"),
    "interests": ("customer_id", "track_id", "first_at", "last_at"),
}
"""Columns of tables without days."""


def _whole(asking: Asking, name: str) -> str:
    return asking.whole(name, WHOLE[name], MOST_BYTES)


def interests(asking: Asking) -> str:
    """Register interests with title and artist; SQL of the rows."""
    found, tracks = _whole(asking, "interests"), _whole(asking, "tracks")
    return f"(SELECT i.*, t.title, t.artist FROM {found} i LEFT JOIN {tracks} t ON i.track_id = t.track_id)"


def _word(words: Mapping[str, str], column: str) -> str:
    """SQL of a code's word, or the code where it has none."""
    cases = " ".join(f"WHEN {literal(code)} THEN {literal(word)}" for code, word in words.items())
    text = f"CAST({column} AS VARCHAR)"
    return f"CASE {text} {cases} ELSE {text} END" if cases else text


def _decade(age: str) -> str:
    return f"CASE WHEN {age} BETWEEN 0 AND 130 THEN ({age}) // 10 * 10 || '-' || (({age}) // 10 * 10 + 9) END"


def _condition(name: str, value: str) -> str:
    if "\0" in value:
        raise InputError(f"{name} = {value!r}: no stored text holds U+0000")
    if name == HOURS:
        first, sign, last = value.partition("/")
        if not sign:
            raise InputError(f"{HOURS} = {value!r}: two local hours, such as 2026-11-30T05:00/2026-11-30T09:00")
        return f"hour BETWEEN {literal(first)} AND {literal(last)}"
    return f'"{name}" = {literal(value)}' if value else f'"{name}" IS NULL'


def by_sql(asking: Asking) -> str:
    """SQL of the dimension that is asked, as ``by_value``; of none a constant."""
    return f'"{asking.by}"' if asking.by else "NULL"
