"""What is planted in the month: each number that a question of LogDig must find."""

from __future__ import annotations

import msgspec

Counts = dict[str, int]
"""By selector, or by what the field says."""


class Totals(msgspec.Struct, frozen=True):
    """Of the whole month; bots and staff are left out, here and everywhere.

    Args:
        visitors: Different visitors.
        sessions: Sessions that began.
        views: Page views.
        clicks: Clicks.
        bounces: Sessions of one view, less than 10 s in use, without the goal.
        engaged_ms: Time in use.
        over_midnight: Sessions with views on two days.
    """

    visitors: int
    sessions: int
    views: int
    clicks: int
    bounces: int
    engaged_ms: int
    over_midnight: int


class Visited(msgspec.Struct, frozen=True):
    """One source, channel, campaign, country or device; ``reached`` = sessions that reached the goal."""

    visitors: int
    sessions: int
    views: int
    bounces: int
    reached: int


class PageTruth(msgspec.Struct, frozen=True):
    """One page.

    Args:
        views: Its views.
        visitors: Visitors who saw it.
        entries: Sessions that began with it.
        exits: Sessions that ended with it.
        scrolled: Views of which 5, 10, ... 100 % of the page were seen.
        fold: Median height of the window, px.
        clicks: By selector.
        clickers: Visitors who clicked, by selector.
    """

    views: int
    visitors: int
    entries: int
    exits: int
    scrolled: tuple[int, ...]
    fold: float
    clicks: Counts
    clickers: Counts


class RepeatProne(msgspec.Struct, frozen=True):
    """An element on which clicking again and again works.

    Args:
        visitors: Who clicked it.
        repeated: Visitors with a burst in which every click had an effect.
        bursts: All bursts.
        usual: 95th percentile of their clicks; only longer bursts count.
        counted: Bursts that count as rage.
    """

    visitors: int
    repeated: int
    bursts: int
    usual: float
    counted: int


class Frustration(msgspec.Struct, frozen=True):
    """Where people are stuck.

    Args:
        rage: Bursts by page and selector; of repeat-prone elements those that are longer than usual.
        repeat_prone: By page and selector.
        dead: Dead clicks by page and selector.
        quick_returns: By the page that was left at once.
    """

    rage: dict[str, Counts]
    repeat_prone: dict[str, dict[str, RepeatProne]]
    dead: dict[str, Counts]
    quick_returns: Counts


class Change(msgspec.Struct, frozen=True):
    """Visitors of the page who clicked an element in the seven days before and after a release."""

    before: int
    after: int


class PageChange(msgspec.Struct, frozen=True):
    """A page before and after a release: its visitors, and the changes by selector."""

    before_visitors: int
    after_visitors: int
    elements: dict[str, Change]


class ReleaseTruth(msgspec.Struct, frozen=True):
    """One release.

    Args:
        day: Local day on which it came.
        pages: By page.
        changed: Selectors whose share of visitors was changed on purpose.
        vanished: Selectors that nobody clicks after it.
        new: Selectors that nobody clicked before.
    """

    day: str
    pages: dict[str, PageChange]
    changed: tuple[str, ...]
    vanished: tuple[str, ...]
    new: tuple[str, ...]


class Truth(msgspec.Struct, frozen=True):
    """What is planted.

    Args:
        first_day: Local day on which the month begins.
        last_day: Local day on which it ends.
        zone: IANA name of the zone.
        events: All events, those of bots and staff too.
        totals: Of the month.
        sources: By ``source / medium``.
        channels: By channel.
        campaigns: By campaign.
        countries: By country.
        devices: By device.
        variants: By variant of the experiment.
        pages: By page.
        frustration: Where people are stuck.
        releases: By name.
        traffic: Events by kind: people, staff, bots.
    """

    first_day: str
    last_day: str
    zone: str
    events: int
    totals: Totals
    sources: dict[str, Visited]
    channels: dict[str, Visited]
    campaigns: dict[str, Visited]
    countries: dict[str, Visited]
    devices: dict[str, Visited]
    variants: dict[str, Visited]
    pages: dict[str, PageTruth]
    frustration: Frustration
    releases: dict[str, ReleaseTruth]
    traffic: Counts
