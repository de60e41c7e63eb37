"""Listens with what is known of who heard them and of the track: what every question about listening reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from logdig.errors import InputError
from logdig.questions.engine.asking import Asking
from logdig.questions.engine.database import literal
from logdig.tables.declaration import TEXT, Column
from logdig.tables.listens import LISTENS

MOST_BYTES = 256 * 1024**2
"""Of customers, tracks, targets or interests that one question may hold."""
CODES = {"gender": "gender", "level": "level", "linked_apps": "linked_apps", "customer_campaign": "campaign"}
"""Dimensions that are codes of customers, for which the settings have words: column of customers by dimension."""
OF_CUSTOMERS = (*CODES, "age")
HOURS = "hours"
"""Filter of a time inside the days: two local hours, as ``2026-11-30T05:00/2026-11-30T09:00``; the last is included."""
PLACES = ("state", "zip_area")
"""State of a listen's zip, and its first three digits where they are a state's."""
FILTERS = ("customer", "track", *PLACES, "day_part", "mobile", "send_event", HOURS, *OF_CUSTOMERS)
DIMENSIONS = ("hour", "day", "local_hour", "day_part", *PLACES, "mobile", "send_event", "track", *OF_CUSTOMERS)
HOUR_US = 3_600_000_000
HOUR = "%Y-%m-%dT%H:00"
PEOPLE_COLUMNS = (
    Column("gender", TEXT, "word or code of the customer's gender"),
    Column("level", TEXT, "likewise of the level, now"),
    Column("age", TEXT, "decade of the age, such as `20-29`, by the year of birth"),
    Column("linked_apps", TEXT, "word or code of whether apps are linked"),
    Column("customer_campaign", TEXT, "word or code of the campaign with which the customer signed up"),
)
TABLES = ("listens", "customers", "tracks", "target_history")


def heard(asking: Asking, columns: Collection[str]) -> str:
    """Register listens of the asked days that meet the filters; what nobody reads is not joined.

    Args:
        asking: The question.
        columns: Columns of listens, dimensions, title and artist that the SQL reads beside the asked dimension.
    Returns:
        SQL of the rows: ``columns``, the asked dimension as in `by_sql`, track_id, customer_id, visitor (a number), and
        mobile as text ``1`` or ``0``. send_event is ``1`` where the customer was a target at the time, else ``0``.
    Raises:
        InputError: A filter's value cannot be one.
    """
    filters = {name: value for name, value in asking.parameters.where.items() if name != HOURS}
    needed = {*columns, *filters, *([asking.by] if asking.by else [])}
    own = {"customer_id", "user_key", "track_id", "mobile"}
    own |= {column for name in needed for column in SOURCE.get(name, (name,))}
    own = {name for name in own if name in TABLE_COLUMNS} | {"occurred_at"}
    listens = asking.rows("listens", sorted(own), without=FILTERS)
    joins, derived = _joins(asking, listens, needed)
    plain = sorted({*own, *PLAIN} & (needed | PLAIN) - derived.keys())
    parts = [*(f"l.{name}" for name in plain), *(f"{sql} AS {name}" for name, sql in derived.items())]
    rows = (
        f"(SELECT l.user_key AS visitor, {', '.join(parts)} FROM {listens} l {' '.join(joins)} WHERE {_hours(asking)})"
    )
    met = " AND ".join(_condition(name, value) for name, value in filters.items())
    return f"(SELECT * FROM {rows} WHERE {met or 'true'})"


def _joins(asking: Asking, listens: str, needed: Collection[str]) -> tuple[list[str], dict[str, str]]:
    """SQL of the joins, and of each column that is derived."""
    words = asking.parameters.words
    derived = {
        "track": "l.track_id",
        "customer": "l.customer_id",
        "hour": _hour(asking),
        "local_hour": "CAST(l.local_hour AS VARCHAR)",
        "zip_area": "CASE WHEN l.state IS NOT NULL THEN left(CAST(l.zip AS VARCHAR), 3) END",
        "age": _decade("year(l.day) - c.birth_year"),
        "title": "t.title",
        "artist": "t.artist",
        "user_key": "v.text",
        "send_event": "CASE WHEN g.customer_id IS NULL THEN '0' ELSE '1' END",
        **{name: _word(words.get(code, {}), f"c.{code}") for name, code in CODES.items()},
    }
    derived = {name: sql for name, sql in derived.items() if name in needed}
    derived["mobile"] = "CASE WHEN l.mobile THEN '1' WHEN NOT l.mobile THEN '0' END"
    joins = []
    if "user_key" in needed:
        joins.append(f"LEFT JOIN {asking.texts(listens, 'user_key')} v ON l.user_key = v.number")
    if set(OF_CUSTOMERS) & set(needed):
        joins.append(f"LEFT JOIN {whole(asking, 'customers')} c ON l.customer_id = c.customer_id")
    if {"title", "artist"} & set(needed):
        joins.append(f"LEFT JOIN {whole(asking, 'tracks')} t ON l.track_id = t.track_id")
    if "send_event" in needed:
        within = "g.since <= l.occurred_at AND l.occurred_at < g.until"
        joins.append(f"LEFT JOIN ({_targeted(asking)}) g ON l.customer_id = g.customer_id AND {within}")
    return joins, derived


PLAIN = {"track_id", "customer_id", "occurred_at"}
"""Columns that are always there."""
TABLE_COLUMNS = frozenset(LISTENS.names)
SOURCE = {
    "age": ("day",), "track": ("track_id",), "customer": ("customer_id",), "hour": ("occurred_at",),
    "zip_area": ("zip", "state"),
}  # fmt: skip
"""Columns of listens that a dimension of another name reads."""
WHOLE = {
    "customers": ("customer_id", "birth_year", *CODES.values()),
    "tracks": ("track_id", "title", "artist"),
    "target_history": ("customer_id", "since", "until"),
    "interests": ("customer_id", "track_id", "first_at", "last_at"),
}
"""Columns of tables without days."""


def _targeted(asking: Asking) -> str:
    """SQL of when customers were targets of any offer; one's times do not overlap, so a listen lies in one at most."""
    of_one = "PARTITION BY customer_id ORDER BY since, until"
    before = f"max(until) OVER ({of_one} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    apart = f"SELECT *, CASE WHEN since <= {before} THEN 0 ELSE 1 END AS apart FROM {whole(asking, 'target_history')}"
    numbered = f"SELECT *, sum(apart) OVER ({of_one} ROWS UNBOUNDED PRECEDING) AS number FROM ({apart})"
    return (
        f"SELECT customer_id, min(since) AS since, max(until) AS until FROM ({numbered}) GROUP BY customer_id, number"
    )


def whole(asking: Asking, name: str) -> str:
    """Register a table without days, the columns of WHOLE; name to use in SQL."""
    return asking.whole(name, WHOLE[name], MOST_BYTES)


def interests(asking: Asking) -> str:
    """Register interests with title and artist; SQL of the rows."""
    found, tracks = whole(asking, "interests"), whole(asking, "tracks")
    return f"(SELECT i.*, t.title, t.artist FROM {found} i LEFT JOIN {tracks} t ON i.track_id = t.track_id)"


def _word(words: Mapping[str, str], column: str) -> str:
    """SQL of a code's word, or the code where it has none."""
    cases = " ".join(f"WHEN {literal(code)} THEN {literal(word)}" for code, word in words.items())
    text = f"CAST({column} AS VARCHAR)"
    return f"CASE {text} {cases} ELSE {text} END" if cases else text


def _hour(asking: Asking) -> str:
    """SQL of a listen's local hour. Where the clocks are not changed in the asked days, arithmetic is enough."""
    zone, days = ZoneInfo(asking.parameters.zone), asking.parameters.days
    nights = (
        datetime.combine(asking.parameters.start + timedelta(days=day), time.min, zone) for day in range(days + 1)
    )
    offsets = {night.utcoffset() or timedelta() for night in nights}
    if len(offsets) > 1:
        local = f"l.occurred_at AT TIME ZONE {literal(asking.parameters.zone)}"
        return f"date_trunc('hour', CAST({local} AS TIMESTAMP))"
    micros = f"epoch_us(l.occurred_at) + {int(offsets.pop().total_seconds()) * 1_000_000}"
    return f"make_timestamp(({micros}) // {HOUR_US} * {HOUR_US})"


def _decade(age: str) -> str:
    return f"CASE WHEN {age} BETWEEN 0 AND 130 THEN ({age}) // 10 * 10 || '-' || (({age}) // 10 * 10 + 9) END"


def _condition(name: str, value: str) -> str:
    if "\0" in value:
        raise InputError(f"{name} = {value!r}: no stored text holds U+0000")
    return f'"{name}" = {literal(value)}' if value else f'"{name}" IS NULL'


def _hours(asking: Asking) -> str:
    """SQL of the filter of a time: of an hour that a clock shows twice, both."""
    text = asking.parameters.where.get(HOURS)
    if text is None:
        return "true"
    try:
        first, last = (datetime.fromisoformat(part) for part in text.split("/"))
        zone = ZoneInfo(asking.parameters.zone)
        since = first.replace(tzinfo=zone, fold=0).astimezone(UTC)
        until = last.replace(tzinfo=zone, fold=1).astimezone(UTC) + timedelta(hours=1)
    except (ValueError, OverflowError) as err:
        rule = "two local hours, such as 2026-11-30T05:00/2026-11-30T09:00"
        raise InputError(f"{HOURS} = {text[:100]!r}: {rule}") from err
    if last < first:
        raise InputError(f"{HOURS} = {text[:100]!r}: the first hour is after the last")
    return f"occurred_at >= TIMESTAMPTZ '{since.isoformat()}' AND occurred_at < TIMESTAMPTZ '{until.isoformat()}'"


def by_sql(asking: Asking) -> str:
    """SQL of the dimension that is asked, as ``by_value``; of none a constant. `shown` makes it a text."""
    return f'"{asking.by}"' if asking.by else "NULL"


def shown(asking: Asking, value: str = "by_value") -> str:
    """SQL of a dimension's value as answers have it: an hour is a text of the form HOUR."""
    return f"strftime({value}, '{HOUR}')" if asking.by == "hour" else value
