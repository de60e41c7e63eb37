"""The events of a visit as a signed server passes them on: the tracker's own, with what a collector knows beside."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from demo.story.elements import Place, Stage
from demo.story.month import EXPERIMENT, Month
from demo.story.people import Person

Event = dict[str, Any]
CONSENT = {"analytics": True, "ads": False}
"""Nobody of the story agrees to ads: features and models are made of the listens alone."""


def wire(moment_ms: int) -> str:
    """RFC 3339 text of a time in milliseconds since 1970."""
    seconds, milliseconds = divmod(moment_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}.{milliseconds:03}Z"


class Ids:
    """Ids that are the same for the same month and visitor, and for no other.

    Args:
        month: Its seed and days are in the ids: the month of another day is made of other events.
        number: Of the visitor.
    """

    def __init__(self, month: Month, number: int) -> None:
        self._root = f"{month.seed} {month.last_day} {number}"
        self._count = 0

    def key(self) -> str:
        """The visitor's: 20 letters and digits."""
        return self._digest("visitor").hex()[:20]

    def next(self) -> str:
        """The next id: 22 url-safe characters."""
        self._count += 1
        return base64.urlsafe_b64encode(self._digest(str(self._count))).decode().rstrip("=")

    def _digest(self, name: str) -> bytes:
        return hashlib.blake2b(f"{self._root} {name}".encode(), digest_size=16).digest()


@dataclass(slots=True)
class View:
    """A view of a page while it is drawn; times in ms since it began.

    Args:
        stage: The page in its release.
        release: Name of the release.
        address: As the browser says.
        referrer: Likewise; None = none.
        began_ms: Milliseconds since 1970.
        lowest: Lowest edge of the window that was reached, page px.
        scrolled: How far the page is scrolled, px.
    """

    stage: Stage
    release: str
    address: str
    referrer: str | None
    began_ms: int
    lowest: int
    scrolled: int = 0
    happened: list[tuple[int, Event, int | None]] = field(default_factory=list)
    """Time, the event's own part, and how far the page was scrolled, where the tracker says so."""

    def click(self, at_ms: int, place: Place, after: dict[str, int | None] | None, link: str | None = None) -> None:
        """Note a click."""
        part = {"type": "click", "x": place.x, "y": place.y, "element": place.element}
        if link is not None:
            part["link"] = link
        if after is not None:
            part["after"] = after
        self.happened.append((at_ms, part, place.sy))

    def note(self, at_ms: int, part: Event) -> None:
        """Note an event of another type."""
        self.happened.append((at_ms, part, None))


class Recorder:
    """Makes the events of one person: numbers them and adds what all have.

    Args:
        month: When and where.
        person: Who.
    """

    def __init__(self, month: Month, person: Person) -> None:
        self._ids, self._person, self._loads, self._seq = Ids(month, person.number), person, 0, 0
        self._common: Event = {
            "user_key": self._ids.key(),
            "consent": CONSENT,
            "user_agent": person.user_agent,
            "country": person.country,
            "experiments": {EXPERIMENT: person.variant},
        }
        self._common |= {name: True for name in ("bot", "staff") if getattr(person, name)}

    def begin_session(self) -> None:
        """Give the next session its id; its events are counted from 0."""
        self._common["session_id"] = self._ids.next()
        self._seq = 0

    def events(self, view: View) -> Iterator[Event]:
        """Yield the events of a view, its page event first, the others by their time."""
        self._loads += 1
        width, person = self._person.width, self._person
        screen = view.stage.screens[width]
        window = {"vw": width, "vh": person.height(screen), "dw": width, "dh": screen.page_height, "sx": 0}
        window["dpr"] = 1 if width > 1024 else 2
        common = self._common | {
            "page_view_id": self._ids.next(),
            "current_page": view.address,
            "load_count": self._loads,
            "page_version": view.release,
        }
        page = {"title": view.stage.page.title, "language": person.language}
        if view.referrer is not None:
            page["referrer"] = view.referrer
        first: tuple[int, Event, int | None] = (0, {"type": "page", "page": page}, 0)
        for at_ms, part, scrolled in (first, *sorted(view.happened, key=lambda moment: moment[0])):
            event = {"event_id": self._ids.next(), "seq": self._seq, "timestamp": wire(view.began_ms + at_ms)}
            event |= {"spent_milli_sec": at_ms, **part, **common}
            if scrolled is not None:
                event["view"] = window | {"sy": scrolled}
            self._seq += 1
            yield event
