"""What a page of the dashboard is: its name, what it needs, and its addresses, each with who may read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from logdig.config.settings import Settings
from logdig.marts.pinned import Source
from logdig.questions.catalog import question_of
from logdig.tables.catalog import TABLES

if TYPE_CHECKING:
    from dashboard.request import Request

Scope = Literal["open", "numbers", "people"]
"""Who may read an address: everybody, whoever may see numbers, whoever may see persons, too."""
NUMBERS: Scope = "numbers"
PEOPLE: Scope = "people"
EVER = date(1970, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Has:
    """What an app has: tells whether a page is of use to it."""

    settings: Settings
    source: Source
    app: str

    def rows(self, *tables: str) -> bool:
        """Whether any of the tables has rows of the app; of a table without days, rows at all."""
        pinned = self.source.pin(tables)
        return any(
            pinned.count(name, self.app, *EVER) > 0
            if "day" in TABLES[name].names
            else pinned.state(name, self.app).snapshot_id is not None
            for name in tables
        )


def always(_has: Has) -> bool:
    """For a page that every app has."""
    return True


@dataclass(frozen=True, slots=True)
class Route:
    """An address ``/data/<page>/<name>``.

    Args:
        name: Last part of the address.
        view: Makes what is sent: an `Answer`, which goes with its receipt, or a value for JSON.
        scope: Who may read it.
        filters: Those of the address line that the view applies.
    """

    name: str
    view: Callable[[Request], Any]
    scope: Scope
    filters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the menu; its script is ``static/pages/<name>.js``, its words stand under ``<name>``.

    Args:
        name: Also its address ``/<name>``.
        place: In the menu, from 1; pages in tens, so that others fit between.
        asks: Scope by question; each is the address ``/data/<page>/<question>``.
        routes: Its other addresses.
        needs: Tells whether the app has what the page shows.
        scope: Who sees it in the menu.
        listed: False = it is opened from other pages only.
    """

    name: str
    place: int
    asks: Mapping[str, Scope] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    needs: Callable[[Has], bool] = always
    scope: Scope = NUMBERS
    listed: bool = True

    @property
    def answers(self) -> dict[str, tuple[str, ...]]:
        """Filters by the name of an address that applies any."""
        asked = {question: question_of(question).filters for question in self.asks}
        return asked | {route.name: route.filters for route in self.routes if route.filters}

    @property
    def filters(self) -> tuple[str, ...]:
        """Filters that at least a part of the page applies."""
        return tuple(dict.fromkeys(name for filters in self.answers.values() for name in filters))

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables that its questions read."""
        return tuple(dict.fromkeys(name for question in self.asks for name in question_of(question).tables))
