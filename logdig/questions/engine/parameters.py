"""What may be asked of a question: app, days, filters, a dimension; and which filter is which column."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from logdig.config.frustration import FrustrationSettings
from logdig.errors import InputError
from logdig.questions.engine.database import literal
from logdig.tables.catalog import TABLES

EXPERIMENT = "experiment"
"""Filter with a name of its own: ``experiment.button`` is the variant of the experiment ``button``."""
PROPERTY = "property"
"""Likewise ``property.plan`` is the value of an own event's property ``plan``."""
KEYED = {EXPERIMENT: "NAME", PROPERTY: "KEY"}
"""Filters and dimensions that a name stands behind, by what it is called in help texts."""
DAILY = "day."
"""``day.property.plan``: by day and by the values of property ``plan``."""
LISTS = {"goal": "goals", "customer": "customer_ids"}
"""Filters that a table may hold as a list of values."""
SINGLE = {
    "customer": "customer_id", "type": "type", "name": "custom.name", "session": "session_id", "visitor": "user_key",
    "element": "selector", "track": "track_id",
}  # fmt: skip
"""Filters whose column has another name."""
NAME = re.compile(r"[a-z_]+(\..+)?", re.DOTALL)
DAYS = 28
"""Asked without days: so many, up to today."""


Thresholds = FrustrationSettings
"""What counts as frustration, as a question is asked; by default as LogDig's measures have it."""


class OfferTerms(msgspec.Struct, frozen=True):
    """What an offer costs and brings, as the owner's settings have it; None = unknown.

    Args:
        goal: Whose conversions count; empty = any goal's.
        ad_cost: Of making the offer to one person.
        offer_value: Of one conversion, in the same money.
        holdout_share: Planned, 0 to 1.
    """

    goal: str = ""
    ad_cost: float | None = None
    offer_value: float | None = None
    holdout_share: float | None = None

    @property
    def break_even(self) -> float:
        """Additional share that must convert to pay for the offer; 0 where nothing is known of money."""
        return self.ad_cost / self.offer_value if self.ad_cost and self.offer_value else 0.0


class Parameters(msgspec.Struct, frozen=True):
    """One asking of a question.

    Args:
        app: Name of the app.
        start: First day in the app's zone.
        end: Last day, included.
        zone: The app's zone.
        where: Values by filter; an empty one = rows that have none.
        by: Dimension to add up by; None = the question's own.
        compare: Also of the days before, as many.
        release: Of question ``releases``: the release, or None.
        release_day: Likewise: its day, or None.
        thresholds: Of question ``frustration``.
        words: Of questions about customers: words by code, by column.
        terms: Of questions about offers: what each costs and brings, by its name.
    """

    app: str
    start: date
    end: date
    zone: str = "UTC"
    where: Mapping[str, str] = {}
    by: str | None = None
    compare: bool = False
    release: str | None = None
    release_day: date | None = None
    thresholds: Thresholds = Thresholds()
    words: Mapping[str, Mapping[str, str]] = {}
    terms: Mapping[str, OfferTerms] = {}

    @property
    def days(self) -> int:
        """How many days are asked."""
        return (self.end - self.start).days + 1

    def before(self) -> Parameters:
        """The same question of the days before."""
        step = timedelta(days=self.days)
        return msgspec.structs.replace(self, start=self.start - step, end=self.end - step, compare=False)


def last_days(now: datetime, zone: str, end: date | None = None) -> tuple[date, date]:
    """The first and last of DAYS local days up to a day; None = today."""
    last = end or now.astimezone(ZoneInfo(zone)).date()
    return last - timedelta(days=DAYS - 1), last


def moments(parameters: Parameters, start: date, end: date) -> tuple[datetime, datetime]:
    """Beginning of the first and end of the last local day, UTC; the end is not included."""
    zone = ZoneInfo(parameters.zone)
    first = datetime.combine(start, time.min, zone)
    last = datetime.combine(end + timedelta(days=1), time.min, zone)
    return first.astimezone(UTC), last.astimezone(UTC)


def check_names(question: str, kind: str, names: Collection[str], known: Collection[str]) -> None:
    """Refuse what a question cannot apply.

    Raises:
        InputError: Names it, and those that it can apply.
    """
    for name in names:
        head, _, rest = name.partition(".")
        if NAME.fullmatch(name) is None or head not in known or bool(rest) != (head in KEYED):
            can = ", ".join(f"{one}.{KEYED[one]}" if one in KEYED else one for one in known) or "none"
            raise InputError(f"question {question} has no {kind} {name!r}; it has: {can}", question=question)


def column_of(table: str, name: str) -> str:
    """SQL of a filter or dimension over a table; of a list, of the table's own column of lists."""
    head, _, rest = name.partition(".")
    if head == EXPERIMENT:
        return f"experiments[{literal(rest)}]"
    if head == "property":
        return f"custom.props[{literal(rest)}]"
    columns = TABLES[table].names
    if head not in columns:
        single = SINGLE.get(head, head)
        return single if single.partition(".")[0] in columns else LISTS[head]
    return f'"{head}"'


def filter_columns(table: str, name: str) -> tuple[str, ...]:
    """Columns of the table that a filter reads."""
    kinds = ("text_props",) if name.startswith(f"{PROPERTY}.") else ()
    return (needed_column(table, name), *kinds)


def needed_column(table: str, name: str) -> str:
    """Column of the table that a dimension reads."""
    return re.split(r"[.\[]", column_of(table, name).strip('"'))[0].strip('"')


def condition_of(table: str, name: str, value: str) -> str:
    """SQL of a filter with a value; an empty one asks for rows that have none.

    Raises:
        InputError: The value holds a character that no stored text has.
    """
    if "\0" in value:
        raise InputError(f"{name} = {value!r}: no stored text holds U+0000")
    column = column_of(table, name)
    if value and name.startswith(f"{PROPERTY}."):
        return _has_value(column, name.removeprefix(f"{PROPERTY}."), value)
    if column in LISTS.values():
        return f"list_contains({column}, {literal(value)})" if value else f"coalesce(len({column}), 0) = 0"
    return f"{column} = {literal(value)}" if value else f"{column} IS NULL"


def _has_value(column: str, key: str, value: str) -> str:
    """SQL of a property with a value: ``1`` and ``true`` are no texts, all else is one, as ``"1"`` in quotes is.

    Of events stored before ``text_props`` the kind is not known, and either fits.
    """
    try:
        meant = msgspec.json.decode(value)
    except msgspec.DecodeError:
        meant = None
    if isinstance(meant, str):
        value = meant
    is_text = f"list_contains(text_props, {literal(key)})"
    if isinstance(meant, bool | int | float):
        return f"{column} = {literal(value)} AND NOT coalesce({is_text}, false)"
    return f"{column} = {literal(value)} AND coalesce({is_text}, true)"
