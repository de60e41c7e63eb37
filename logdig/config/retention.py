"""How long what is stored stays: settings and their rules. Source: docs/privacy.md."""

from __future__ import annotations

import msgspec

from logdig.errors import InvalidSettingError

MOST_DAYS = 36_500
AGING_TABLES = ("events", "bad_events", "heat_cells", "listens", "ledger")
"""Tables with received_at or day, by which a row grows old; a test compares with analytics/schema/lake.py."""


class RetentionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long what is stored stays, in days; 0 = for ever. ``tables`` holds days by table."""

    raw_days: int = 400
    bad_days: int = 90
    old_versions_days: int = 7
    snapshot_days: int = 7
    log_days: int = 30
    tables: dict[str, int] = {}

    @property
    def table_days(self) -> dict[str, int]:
        """Days by table: those of their zone for events and bad_events, and what is set."""
        return {"events": self.raw_days, "bad_events": self.bad_days, **self.tables}

    @property
    def ledger_days(self) -> tuple[int, ...]:
        """Days of everything that the ledger compares."""
        return (self.raw_days, self.bad_days, self.table_days["events"], self.table_days["bad_events"])


def check_retention(retention: RetentionSettings) -> None:
    """Check the days of everything but logs, whose steps are CloudWatch's (logdig/config/deployment.py).

    Raises:
        InvalidSettingError: Names key, value and rule.
    """
    least = {"raw_days": 0, "bad_days": 0, "old_versions_days": 1, "snapshot_days": 1}
    days = {name: (getattr(retention, name), lowest) for name, lowest in least.items()}
    days |= {f"tables.{name}": (value, 0) for name, value in retention.tables.items()}
    for name, value in retention.tables.items():
        if name not in AGING_TABLES:
            raise InvalidSettingError(f"retention.tables.{name}", value, f"the tables are {', '.join(AGING_TABLES)}")
    for key, (value, lowest) in days.items():
        if not lowest <= value <= MOST_DAYS:
            rule = f"{lowest} to {MOST_DAYS} days" + ("" if lowest else "; 0 = for ever")
            raise InvalidSettingError(f"retention.{key}", value, rule)
