"""Times of recorded rows: in their zone, moved to now, and refused where they are none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from logdig.errors import InputError

AHEAD = timedelta(days=1)
"""Rows this much later than now are taken: clocks and zones differ."""
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
"""Before it lie the times by which programs say that there is none: years 1, 1753 and 1900, second 0 of 1970."""
LONE_GAP = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class TimeRules:
    """What times of a file are judged by.

    Args:
        zone: Of times without zone.
        now: With zone.
        newest: Time in the zone, without zone, after which rows are refused; None = AHEAD of now.
    """

    zone: ZoneInfo
    now: datetime
    newest: datetime | None = None

    def local(self, moment: datetime) -> datetime:
        """A time in the zone, without zone.

        Raises:
            OverflowError: It lies outside the years 1 to 9999 there.
        """
        return moment if moment.tzinfo is None else moment.astimezone(self.zone).replace(tzinfo=None)

    def instant(self, moment: datetime, shift: timedelta = timedelta()) -> datetime:
        """A time moved by a shift of the local clock, in UTC.

        Raises:
            ValueError: No event can have happened then; the message says why.
        """
        try:
            instant = self._instant(moment)
            if instant < EARLIEST:
                raise ValueError(f"{_shown(moment)} is before {EARLIEST:%Y-%m-%d}: is that how no time is written?")
            if instant > self.now + AHEAD:
                raise ValueError(f"{_shown(moment)} is later than a day from now")
            if self.newest is not None and self.local(moment) > self.newest:
                raise ValueError(f"{_shown(moment)} is later than --newest {_shown(self.newest)}")
            if not shift:
                return instant
            return self._instant(self.local(moment) + shift)
        except OverflowError:
            raise ValueError(f"{_shown(moment)} lies outside the years 1 to 9999 in {self.zone} or UTC") from None

    def _instant(self, moment: datetime) -> datetime:
        return (moment if moment.tzinfo else moment.replace(tzinfo=self.zone)).astimezone(UTC)

    def minutes_east(self, instant: datetime) -> int:
        """Offset of the zone at a time, in minutes east of UTC."""
        offset = instant.astimezone(self.zone).utcoffset() or timedelta()
        return int(offset.total_seconds() // 60)


@dataclass(slots=True)
class Span:
    """The times of a file, one after the other: its newest row, and how far it is from the others.

    ``oldest``, ``before`` (the newest but one) and ``newest`` are times in the zone, without zone.
    """

    oldest: datetime | None = None
    before: datetime | None = None
    newest: datetime | None = None
    newest_line: int = 0

    def add(self, local: datetime, line: int) -> None:
        """Take the time of a row in."""
        self.oldest = local if self.oldest is None else min(self.oldest, local)
        if self.newest is None or local > self.newest:
            self.before, self.newest, self.newest_line = self.newest, local, line
        elif local < self.newest and (self.before is None or local > self.before):
            self.before = local

    def check(self) -> None:
        """Stop where the newest row is alone: a wrong year in one row must not move all others.

        Raises:
            InputError: It comes later than LONE_GAP and than the span of all rows before it.
        """
        if self.newest is None or self.before is None or self.oldest is None:
            return
        gap, span = self.newest - self.before, self.before - self.oldest
        if gap > max(LONE_GAP, span):
            raise InputError(
                f"line {self.newest_line}: {_shown(self.newest)} would steer --shift-to-now, and it is {gap.days:,} "
                f"days later than the row before it; --newest '{_shown(self.before)}' leaves it out, "
                f"--newest '{_shown(self.newest)}' takes it"
            )


def _shown(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds").replace("+00:00", " UTC")


def shift_to(now: datetime, newest: datetime) -> timedelta:
    """Whole days by which a file's times move so that its newest is the last one before now.

    Whole days keep the hour of day; and the same shift on the same day makes a second sending harmless.

    Args:
        now: Time in the app's zone, without zone.
        newest: The file's newest time there.
    """
    return timedelta(days=(now - newest).days)
