"""The columns of each kind of file, and which of a file's own columns they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from logdig.errors import InputError
from logdig.files.csv_rows import normal_name
from logdig.files.refused_rows import printable

Kind = Literal["listens", "clicks", "views"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is read.

    Args:
        name: Its name in the tables.
        names: How files call it, in the form of `normal_name`; `id` counts where no other is there.
        is_required: Without it the file is refused.
        file_name: How messages call it.
    """

    name: str
    names: tuple[str, ...]
    is_required: bool = False
    file_name: str = ""

    @property
    def shown_name(self) -> str:
        return self.file_name or self.name


_EVENT = Column("event_id", ("eventid", "id"))
_CUSTOMER = Column("customer_id", ("customerid", "custid", "customer"), True)
_TIME = Column("datetime", ("datetime", "timestamp", "time"), True)
_AD = Column("ad", ("ad", "adname"), True)
COLUMNS: dict[str, tuple[Column, ...]] = {
    "listens": (
        _EVENT,
        _CUSTOMER,
        Column("track_id", ("trackid", "track"), True),
        _TIME,
        Column("mobile", ("mobile", "ismobile"), True),
        Column("zip", ("zip", "zipcode", "postcode", "postalcode")),
    ),
    "clicks": (_EVENT, _CUSTOMER, _AD, _TIME),
    "views": (_EVENT, _CUSTOMER, _AD, _TIME),
    "customers": (
        Column("customer_id", ("customerid", "custid", "customer", "id"), True, "CustID"),
        Column("gender", ("gender",), file_name="Gender"),
        Column("birth_year", ("birthyear",), file_name="BirthYear"),
        Column("zip", ("zip", "zipcode", "postcode", "postalcode")),
        Column("sign_date", ("signdate",), file_name="SignDate"),
        Column("status", ("status",), file_name="Status"),
        Column("level", ("level",), file_name="Level"),
        Column("campaign", ("campaign",), file_name="Campaign"),
        Column("linked_apps", ("linkedapps", "linkedwithapps"), file_name="LinkedWithApps"),
        Column("phone", ("phone", "phonenumber", "mobilephone"), file_name="Phone"),
        Column("sms_opt_in", ("smsoptin", "smsconsent"), file_name="SmsOptIn"),
        Column("timezone", ("timezone",), file_name="Timezone"),
    ),
    "tracks": (
        Column("track_id", ("trackid", "track", "id"), True, "TrackId"),
        Column("title", ("title",), True, "Title"),
        Column("artist", ("artist",), file_name="Artist"),
        Column("length_seconds", ("lengthseconds", "length"), file_name="Length"),
    ),
}
"""By kind, in the order of files without a header."""
CONTACT_COLUMNS = ("phone", "sms_opt_in", "timezone")
"""How a customer may be reached: never shown, and stored with the profiles only."""
WITHOUT_HEADER = ("listens", "clicks", "views")
"""Kinds whose files need no header: theirs have all columns, in order."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Where the columns of a kind stand in a file.

    Args:
        places: Place in the file's rows by name of the column.
        width: Columns of the file.
    """

    places: Mapping[str, int]
    width: int

    @property
    def is_whole(self) -> bool:
        """Whether every column of the file is one that is stored and may be shown."""
        return len(self.places) == self.width and not any(name in self.places for name in CONTACT_COLUMNS)


def known_names(kind: str, given: Mapping[str, str]) -> frozenset[str]:
    """All names by which a file of a kind may call its columns, in the form of `normal_name`."""
    names = {name for column in COLUMNS[kind] for name in column.names}
    return frozenset(names | {normal_name(name) for name in given.values()})


def check_given(kind: str, given: Mapping[str, str]) -> dict[str, str]:
    """Check names that the owner gave to columns: name of the file by name in the tables.

    Raises:
        InputError: No such column, or one named twice.
    """
    checked: dict[str, str] = {}
    for name, file_name in given.items():
        columns = COLUMNS.get(kind, ())
        column = next((c for c in columns if normal_name(name) in (normal_name(c.name), *c.names)), None)
        if column is None:
            known = ", ".join(column.name for column in columns) or "none"
            raise InputError(f"{name} = {file_name!r}: {kind} have no column {name!r} to name; there are: {known}")
        if column.name in checked:
            raise InputError(f"{column.name} is given two columns: {checked[column.name]!r} and {file_name!r}")
        checked[column.name] = file_name
    return checked


def positions(kind: str) -> ColumnMap:
    """The columns of a file without header."""
    places = {column.name: place for place, column in enumerate(COLUMNS[kind])}
    return ColumnMap(places, len(places))


def is_header(kind: str, values: Sequence[str], given: Mapping[str, str]) -> bool:
    """Tell whether the first row of a file names columns."""
    names = known_names(kind, given)
    return kind not in WITHOUT_HEADER or bool(given) or sum(normal_name(value) in names for value in values) >= 2


def map_columns(kind: str, header: Sequence[str], given: Mapping[str, str]) -> ColumnMap:
    """Find the columns of a kind in a header; its order and case, blanks and underscores do not matter.

    Args:
        kind: What the file holds.
        header: Names of the file's columns.
        given: From `check_given`.
    Raises:
        InputError: A column stands twice or is missing.
    """
    normal = [normal_name(name) for name in header]
    _check_names(kind, normal, given)
    for at, name in enumerate(normal):
        if name and name in normal[:at]:
            first, second = header[normal.index(name)], header[at]
            raise InputError(
                f"the header has a column twice: {printable(first)!r} and {printable(second)!r} are columns "
                f"{normal.index(name) + 1} and {at + 1}; take one of them out or rename it"
            )
    places: dict[str, int] = {}
    taken = {normal_name(name) for name in given.values()}
    for column in COLUMNS[kind]:
        place = _place(column, header, normal, given, taken)
        if place is not None:
            places[column.name] = place
    missing = [column for column in COLUMNS[kind] if column.is_required and column.name not in places]
    if missing:
        needed = ", ".join(column.shown_name for column in missing)
        raise InputError(
            f"a file of {kind} needs {needed}; {_columns_of(header)}; "
            f"--columns {missing[0].name}=NAME says which is meant"
        )
    return ColumnMap(places, len(header))


def _check_names(kind: str, normal: Sequence[str], given: Mapping[str, str]) -> None:
    """Refuse a first line that is no header, without showing it: it may be a person's row."""
    is_data = any(name.isdigit() for name in normal) or not any(normal)
    if is_data and not known_names(kind, given) & set(normal):
        names = ", ".join(column.shown_name for column in COLUMNS[kind])
        raise InputError(f"its first line is no header; {kind} need one with names of {names}")


def _place(
    column: Column, header: Sequence[str], normal: Sequence[str], given: Mapping[str, str], taken: set[str]
) -> int | None:
    if column.name in given:
        wanted = normal_name(given[column.name])
        if wanted not in normal:
            raise InputError(f"there is no column {given[column.name]!r} for {column.name}; {_columns_of(header)}")
        return normal.index(wanted)
    matches = [place for place, name in enumerate(normal) if name in column.names and name not in taken]
    if len(matches) > 1:
        matches = [place for place in matches if normal[place] != "id"]
    if len(matches) > 1:
        names = " and ".join(repr(printable(header[place])) for place in matches)
        raise InputError(f"columns {names} may both be {column.name}; --columns {column.name}=NAME says which is")
    return matches[0] if matches else None


def _columns_of(header: Sequence[str]) -> str:
    return f"its columns are {', '.join(printable(name[:40]) for name in header[:40])}"
