"""Whom an offer would reach, and how good the models behind it are."""

from __future__ import annotations

from typing import Any

import msgspec

from logdig.marts.reader import Marts


class LevelCount(msgspec.Struct, frozen=True):
    """Targets of one offer at one membership level."""

    offer: str
    level: int
    targets: int


def levels(marts: Marts, app: str) -> tuple[LevelCount, ...]:
    """Count the targets of an app by offer and level, in that order."""

    def count() -> tuple[LevelCount, ...]:
        targets = marts.table("targets", ["offer", "level"], [("app", "=", app)])
        rows = targets.group_by(["offer", "level"]).aggregate([([], "count_all")]).to_pylist()
        counts = (LevelCount(row["offer"], row["level"], row["count_all"]) for row in rows)
        return tuple(sorted(counts, key=lambda count: (count.offer, count.level)))

    return marts.cached(("levels", app), "targets", count)


def newest_models(marts: Marts, app: str) -> tuple[dict[str, Any], ...]:
    """Read the row of `models` that was trained last for each offer of an app, by offer; refused ones too."""

    def read() -> tuple[dict[str, Any], ...]:
        rows = marts.table("models", where=[("app", "=", app)]).to_pylist()
        newest = {row["offer"]: row for row in sorted(rows, key=lambda row: row["trained_at"])}
        return tuple(newest[offer] for offer in sorted(newest))

    return marts.cached(("newest models", app), "models", read)
