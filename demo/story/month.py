"""The month of the story: its days, its releases, and where it takes place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from demo.layout import EARLIER_RELEASE, RELEASE

DAYS = 28
VISITORS = 3000
HARMLESS_RELEASE = "1.1"
"""Nothing that visitors see changes with it: nothing may be found."""
RELEASE_DAYS = {HARMLESS_RELEASE: 7, RELEASE: 18}
"""Day of the month on which each comes, from 0; seven whole days lie before and after."""
RELEASE_HOUR = 10
EXPERIMENT = "offer-headline"
VARIANTS = ("control", "half-price")
GOAL, GOAL_VALUE = "upgrade", 5
"""Name of the own event that reaches the goal, and the value that it carries."""


@dataclass(frozen=True, slots=True)
class Month:
    """When and where the story takes place.

    Args:
        last_day: Local day on which it ends; the month is whole days.
        zone: IANA name of the app's time zone.
        site_url: Address of the demo's site, without a slash.
        seed: Of all that is drawn.
        visitors: How many people come, bots and staff not counted.
    """

    last_day: date
    zone: str
    site_url: str
    seed: int = 7
    visitors: int = VISITORS

    @property
    def first_day(self) -> date:
        """Local day on which it begins."""
        return self.last_day - timedelta(days=DAYS - 1)

    @property
    def today(self) -> date:
        """Local day after it."""
        return self.last_day + timedelta(days=1)

    def day(self, number: int) -> date:
        """Local day by its number, from 0."""
        return self.first_day + timedelta(days=number)

    def begins(self, number: int) -> int:
        """Milliseconds since 1970 at which a day begins."""
        return instant_ms(datetime.combine(self.day(number), time.min, ZoneInfo(self.zone)))

    def releases_at(self) -> tuple[tuple[int, str], ...]:
        """Milliseconds since 1970 from which each release is on the site, the latest first."""
        hour = time(RELEASE_HOUR)
        moments = [
            (instant_ms(datetime.combine(self.day(number), hour, ZoneInfo(self.zone))), name)
            for name, number in RELEASE_DAYS.items()
        ]
        return (*sorted(moments, reverse=True), (0, EARLIER_RELEASE))


def month_before(now: datetime, zone: str, site_url: str, seed: int) -> Month:
    """Make the month that ends with the last local midnight, so that whoever clicks today is not in it."""
    return Month(now.astimezone(ZoneInfo(zone)).date() - timedelta(days=1), zone, site_url, seed)


def instant_ms(moment: datetime) -> int:
    """Milliseconds since 1970 of a time with zone."""
    return round(moment.timestamp() * 1000)
