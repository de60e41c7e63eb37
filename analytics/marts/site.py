"""What the transforms know of the owner's sites: time zone, origins, rules for pages, goals, by app."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

import msgspec
from pyspark.sql import Column
from pyspark.sql import functions as F

from logdig.config.goals import GoalSettings
from logdig.config.settings import Settings


@dataclass(frozen=True, slots=True)
class AppRules:
    """Of one app: IANA name of its time zone, its origins, query parameters that it keeps, patterns of pages, goals."""

    zone: str = "UTC"
    origins: tuple[str, ...] = ()
    allowed_query: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    goals: tuple[GoalSettings, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """Rules by app; ``others`` are those of an app that the settings do not name, as one that was removed."""

    apps: Mapping[str, AppRules] = field(default_factory=dict)
    others: AppRules = AppRules()

    def rules(self, app: str) -> AppRules:
        """Rules of an app."""
        return self.apps.get(app, self.others)


def site_of(settings: Settings) -> Site:
    """Take the rules out of the settings."""

    def patterns(app: str) -> tuple[str, ...]:
        return tuple(page.pattern for page in settings.pages if page.app in ("", app))

    def goals(app: str) -> tuple[GoalSettings, ...]:
        return tuple(goal for goal in settings.goals if goal.app in ("", app))

    apps = {
        app.name: AppRules(app.timezone, app.origins, app.allowed_query, patterns(app.name), goals(app.name))
        for app in settings.apps
    }
    return Site(apps, AppRules(pages=patterns(""), goals=goals("")))


def digests(site: Site, reads: Collection[str]) -> dict[str, str]:
    """Digests of the rules that a transform reads, by app, so that one app's rules change nothing of another's rows.

    Args:
        site: The rules.
        reads: Names of the fields of `AppRules` that the transform looks at.
    Returns:
        Eight hexadecimal digits by app; those of an app that the settings do not name stand under the empty name, and
        an app with the same ones is left out.
    """

    def digest(rules: AppRules) -> str:
        told = [getattr(rules, part) for part in sorted(reads)]
        return hashlib.sha256(msgspec.json.encode(told, order="deterministic")).hexdigest()[:8]

    others = digest(site.others)
    found = {name: digest(rules) for name, rules in sorted(site.apps.items())}
    return {"": others, **{name: one for name, one in found.items() if one != others}}


def local_day(site: Site, moment: str = "occurred_at") -> Column:
    """Day of a time in the zone of the row's app, for frames with a column ``app``.

    The first and the last day there are have no neighbours, as in `logdig.marts.days.local_days`.
    """
    zones = {name: app.zone for name, app in site.apps.items() if app.zone != site.others.zone}
    zone: Column | str = site.others.zone
    if zones:
        zone = F.lit(zone)
        for name, known in zones.items():
            zone = F.when(F.col("app") == name, known).otherwise(zone)
    day = F.to_date(F.from_utc_timestamp(F.col(moment), zone))
    first, last = (F.lit(end.isoformat()).cast("date") for end in (date.min, date.max))
    return F.when(day < first, first).when(day > last, last).otherwise(day)
