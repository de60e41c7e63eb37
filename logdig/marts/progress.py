"""Which days of a mart are due: what writers touched, how far the mart has read, which days are frozen. Pure.

A writer of ``events`` notes what it touches before it writes; a mart computes the noted days again, replaces them
whole, and only then moves its mark, so that whatever ends in between is repeated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

Day = tuple[str, date]
"""An app and a day."""

RECENT_DAYS = 3
"""Days up to so old are computed again by every run."""
OLD_DAYS_EVERY = timedelta(days=7)
"""Older ones wait so long at most ..."""
NEW_SHARE = 0.001
"""... or until so large a share of their events is new."""
PIECE_EVENTS = 5_000_000
"""Events of the days that are replaced in one commit: bounds memory and what a crash repeats."""


class Touch(msgspec.Struct, frozen=True):
    """A row of ``touched``: what a write changed. ``app`` None = every app, ``day`` None = every day of the app.

    ``day`` is the UTC day of ``occurred_at``, ``rows`` how many events are new in it, ``first_received`` the UTC day on
    which the earliest of them came; None where nothing is new (rows were deleted).
    """

    seq: int
    app: str | None = None
    day: date | None = None
    rows: int = 0
    first_received: date | None = None


class Waiting(msgspec.Struct, frozen=True):
    """A day that is due but not computed yet: since when, for how many new events; ``must`` = at the next run."""

    since: date
    rows: int = 0
    must: bool = False


class Mark(msgspec.Struct, frozen=True):
    """How far a mart is: its ``version``, the greatest ``seq`` that it has seen, and the days that wait since."""

    version: str
    upto: int = 0
    waiting: Mapping[Day, Waiting] = {}


class Plan(msgspec.Struct, frozen=True):
    """Days to compute now, newest first; those that stay as they are; and the mark of a run that did all of it."""

    now: tuple[Day, ...]
    frozen: tuple[Day, ...]
    mark: Mark

    def pieces(self, sizes: Mapping[Day, int], most: int = PIECE_EVENTS) -> Iterator[tuple[tuple[Day, ...], Mark]]:
        """Split the days into commits of a bounded size, each with the mark to set when it is done."""
        rest = list(self.now)
        while rest:
            piece = [rest.pop(0)]
            events = sizes.get(piece[0], 0)
            while rest and events + sizes.get(rest[0], 0) <= most:
                piece.append(rest.pop(0))
                events += sizes.get(piece[-1], 0)
            left = {day: Waiting(date.min, must=True) for day in rest}
            yield tuple(piece), msgspec.structs.replace(self.mark, waiting={**self.mark.waiting, **left})


def next_seq(touches: Iterable[Touch]) -> int:
    """Number of the next note; taken under the lease."""
    return max((touch.seq for touch in touches), default=0) + 1


def local_days(day: date, zone: ZoneInfo) -> tuple[date, ...]:
    """Local days that a UTC day reaches into: one or two."""
    first = datetime.combine(day, time.min, UTC).astimezone(zone).date()
    last = datetime.combine(day, time.max, UTC).astimezone(zone).date()
    return (first,) if first == last else (first, last)


def utc_days(day: date, zone: ZoneInfo) -> tuple[date, ...]:
    """UTC days that hold a local day: one or two, three where a zone has left out a day."""
    first = datetime.combine(day, time.min, zone).astimezone(UTC).date()
    last = datetime.combine(day, time.max, zone).astimezone(UTC).date()
    return tuple(first + timedelta(days=number) for number in range((last - first).days + 1))


class Lake(msgspec.Struct, frozen=True):
    """What a plan looks at.

    Args:
        touches: Every row of ``touched``.
        zones: Zone of each app's days.
        today: UTC day of the run.
        kept_from: First UTC day of arrival of which every event is still there; date.min = all are kept.
    """

    touches: tuple[Touch, ...]
    zones: Callable[[str], ZoneInfo]
    today: date
    kept_from: date = date.min

    def days(self) -> dict[Day, int]:
        """Every local day that ever held an event, with the events noted for it."""
        sizes: dict[Day, int] = defaultdict(int)
        for touch in self.touches:
            for day in self.local(touch):
                sizes[day] += touch.rows
        return dict(sizes)

    def local(self, touch: Touch) -> list[Day]:
        """Local days of a note; none of one that names no day."""
        if touch.app is None or touch.day is None:
            return []
        return [(touch.app, day) for day in local_days(touch.day, self.zones(touch.app))]

    def frozen(self) -> set[Day]:
        """Days of which an event may have expired."""
        early = (touch for touch in self.touches if touch.first_received and touch.first_received < self.kept_from)
        return {day for touch in early for day in self.local(touch)}


def plan(lake: Lake, mark: Mark | None, version: str, *, everything: bool = False, waiting: bool = False) -> Plan:
    """Say which days a mart computes now, and which ones wait.

    Args:
        lake: Notes, zones, present and retention.
        mark: The mart's; None = it was never computed.
        version: Of its declaration, and of the settings that it reads.
        everything: Every day that is not frozen.
        waiting: Days that wait, too.
    """
    sizes, frozen = lake.days(), lake.frozen()
    upto = max((touch.seq for touch in lake.touches), default=0)
    if everything or mark is None or mark.version != version:
        due = {day: Waiting(lake.today, must=True) for day in sizes}
    else:
        due = {**mark.waiting, **_noted(lake, mark, sizes)}
    now = sorted(
        (day for day, state in due.items() if day not in frozen and (waiting or _is_due(lake, day, state, sizes))),
        key=lambda day: (day[1], day[0]),
        reverse=True,
    )
    chosen = set(now)
    later = {day: state for day, state in due.items() if day not in frozen and day not in chosen}
    return Plan(tuple(now), tuple(sorted(frozen & due.keys())), Mark(version, upto, later))


def _noted(lake: Lake, mark: Mark, sizes: Mapping[Day, int]) -> dict[Day, Waiting]:
    """Days noted since the mark, on top of what waits for them already."""
    noted: dict[Day, Waiting] = {}
    for touch in lake.touches:
        if touch.seq <= mark.upto:
            continue
        wide = touch.app is None or touch.day is None
        # Deleted rows must be gone from the mart at once, however old their day is.
        must = wide or not touch.rows
        days = [day for day in sizes if touch.app in (None, day[0])] if wide else lake.local(touch)
        for day in days:
            before = noted.get(day) or mark.waiting.get(day) or Waiting(lake.today)
            noted[day] = Waiting(before.since, before.rows + touch.rows, before.must or must)
    return noted


def _is_due(lake: Lake, day: Day, state: Waiting, sizes: Mapping[Day, int]) -> bool:
    local_today = datetime.combine(lake.today, time.min, UTC).astimezone(lake.zones(day[0])).date()
    return (
        state.must
        or day[1] >= local_today - timedelta(days=RECENT_DAYS)
        or lake.today - state.since >= OLD_DAYS_EVERY
        or state.rows > NEW_SHARE * sizes.get(day, 0)
    )


def widened(days: Iterable[Day], sessions: Iterable[tuple[str, Day]], frozen: Iterable[Day] = ()) -> set[Day]:
    """Add the other days of the sessions that have events on the given days: their rows say who continues whom.

    Args:
        days: To be computed.
        sessions: Sessions with each of their days, by the events and by the mart as it stands.
        frozen: Days that are never computed again.
    """
    pairs = set(sessions)
    wanted = set(days)
    touched = {session for session, day in pairs if day in wanted}
    return wanted | ({day for session, day in pairs if session in touched} - set(frozen))
