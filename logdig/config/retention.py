"""How long what is stored stays: settings and their rules. Source: docs/privacy.md."""

from __future__ import annotations

import msgspec

from logdig.errors import InvalidSettingError

MOST_DAYS = 36_500


class RetentionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long what is stored stays, in days; 0 = for ever.

    ``tables`` holds days by table; which tables it may name, logdig/tables/catalog.py says.
    """

    raw_days: int = 400
    bad_days: int = 90
    old_versions_days: int = 7
    snapshot_days: int = 7
    log_days: int = 30
    tables: dict[str, int] = {}


def check_retention(retention: RetentionSettings) -> None:
    """Check the days of everything but logs, whose steps are CloudWatch's (logdig/config/deployment.py).

    Raises:
        InvalidSettingError: Names key, value and rule.
    """
    least = {"raw_days": 0, "bad_days": 0, "old_versions_days": 1, "snapshot_days": 1}
    days = {name: (getattr(retention, name), lowest) for name, lowest in least.items()}
    days |= {f"tables.{name}": (value, 0) for name, value in retention.tables.items()}
    for key, (value, lowest) in days.items():
        if not lowest <= value <= MOST_DAYS:
            rule = f"{lowest} to {MOST_DAYS} days" + ("" if lowest else "; 0 = for ever")
            raise InvalidSettingError(f"retention.{key}", value, rule)
