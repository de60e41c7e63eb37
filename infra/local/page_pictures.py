"""Which pages to capture, and what visitors clicked there: from the tables to pictures in the bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from infra.local.page_capture import Captured, PageCapture, Pair
from logdig.addresses import normal_origin
from logdig.config.settings import AppSettings, Settings
from logdig.errors import InputError
from logdig.questions.engine.answering import ask
from logdig.questions.engine.parameters import Parameters, last_days
from logdig.questions.page.page_elements import ADDRESSES, QUESTIONS
from logdig.store.pictures import Picture, PictureStore, add_picture, read_pictures
from logdig.visits.pages import address_of, grouped, page_of

if TYPE_CHECKING:
    from logdig.marts.pinned import Source

ELEMENTS = QUESTIONS[0]
MOST_ELEMENTS = 5_000
"""Elements of a page that are looked for, the most clicked first."""
MEMBERS = 5
"""Of a group of pages so many are opened, the most seen first."""


@dataclass(frozen=True, slots=True)
class Target:
    """A page to capture.

    Args:
        page: As tables name it.
        addresses: Its own, or those of the group's most seen members, first the one that is captured.
        many: How many addresses the group has.
        views: In the days that were read.
    """

    page: str
    addresses: tuple[str, ...]
    many: int = 1
    views: float = 0


class PagePictures:
    """Finds and captures an app's pages.

    Args:
        settings: Of the installation.
        app: Whose pages.
        source: The tables.
        store: The bucket.
        now: The clock.
    """

    def __init__(
        self, settings: Settings, app: AppSettings, source: Source, store: PictureStore, now: Callable[[], datetime]
    ) -> None:
        self._settings, self._app, self._source, self._store, self._now = settings, app, source, store, now

    def most_seen(self) -> list[Target]:
        """Pages of the last 28 days, the most seen first."""
        rows = ask(self._source, ADDRESSES, self._parameters({})).rows.to_pylist()
        members: dict[str, list[tuple[float, str]]] = {}
        for row in rows:
            address = address_of(row["host"], row["path"], self._app.origins)
            members.setdefault(row["page"], []).append((row["views"], address))
        found = [
            Target(page, tuple(address for _, address in listed[:MEMBERS]), _paths(listed), sum(v for v, _ in listed))
            for page, listed in members.items()
        ]
        return sorted(found, key=lambda target: (-target.views, target.page))

    def of_address(self, address: str) -> Target:
        """The page that an address belongs to; of a group the given address is captured."""
        path = page_of(address, self._app.allowed_query).path
        patterns = [page.pattern for page in self._settings.pages if page.app in ("", self._app.name)]
        page = grouped(path, patterns)
        if page == path:
            return Target(page, (address,))
        known = next((target for target in self.most_seen() if target.page == page), Target(page, ()))
        others = [one for one in known.addresses if one != address]
        return Target(page, (address, *others[: MEMBERS - 1]), max(known.many, 1), known.views)

    def asked(self, page: str) -> list[Pair]:
        """What visitors clicked on a page, the most clicked first."""
        rows = ask(self._source, ELEMENTS, self._parameters({"page": page})).rows.slice(0, MOST_ELEMENTS)
        return [(row["selector"], row["link"]) for row in rows.select(["selector", "link"]).to_pylist()]

    def missing(self, targets: Sequence[Target]) -> list[Target]:
        """Those that have clicks and no picture yet."""
        have = {picture.page for picture in read_pictures(self._store, self._app.name)}
        return [target for target in targets if target.page not in have and self.asked(target.page)]

    def capture(
        self, capture: PageCapture, target: Target, widths: Sequence[int]
    ) -> Iterator[tuple[Captured, Picture]]:
        """Capture a page at several widths, and store each picture."""
        asked = self.asked(target.page)
        for width in widths:
            captured = capture.capture(target.page, target.addresses, asked, width, target.many)
            yield captured, add_picture(self._store, self._app.name, captured.layout, captured.tiles)

    def _parameters(self, where: dict[str, str]) -> Parameters:
        first, last = last_days(self._now(), self._app.timezone)
        return Parameters(self._app.name, first, last, zone=self._app.timezone, where=where)


def _paths(listed: Sequence[tuple[float, str]]) -> int:
    """Different pages among addresses; the same page on two hosts is one."""
    return len({urlsplit(address)._replace(scheme="", netloc="").geturl() for _, address in listed})


def app_of(settings: Settings, address: str) -> AppSettings | None:
    """The app whose origin an address has; None when none or several have it."""
    try:
        parts = urlsplit(address)
    except ValueError as err:
        raise InputError(f"{address!r}: an address such as https://shop.example/") from err
    origin = normal_origin(f"{parts.scheme}://{parts.netloc}")
    found = [app for app in settings.apps if origin in app.origins]
    return found[0] if len(found) == 1 else None
