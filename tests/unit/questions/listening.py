"""Rows about listening at random, and its questions counted in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from logdig.questions.listens.heard import DIMENSIONS
from tests.unit.questions.brute import Where, grouped, ratio
from tests.unit.questions.rows import APPS, FIRST, LAST, ZONE, Maker, Row

MIDDLE = datetime(2026, 11, 12, 3, tzinfo=UTC)
PEOPLE = ("gender", "level", "age", "linked_apps", "customer_campaign")
VALUES: dict[str, tuple[str, str]] = {
    "track": ("7", "8"), "state": ("CA", ""), "zip_area": ("940", ""),
    "day_part": ("night", "morning"), "mobile": ("1", ""),
    "send_event": ("1", "0"), "hours": ("2026-11-12T09:00/2026-11-12T12:00", "2026-11-11T00:00/2026-11-12T23:00"),
    "gender": ("1", ""), "level": ("2", ""), "customer_campaign": ("3", ""), "linked_apps": ("0", ""),
    "age": ("20-29", ""),
}  # fmt: skip


def tables(maker: Maker, size: int = 200) -> dict[str, list[Row]]:
    """Rows of every table that the questions read."""

    def listen(number: int) -> Row:
        at = MIDDLE + timedelta(minutes=maker.one((0, 60, maker.random.randrange(-14_000, 14_000))))
        return {
            "app": maker.one(APPS), "event_id": f"e{number:04}", "customer_id": maker.one(("7", "8", "9", None)),
            "user_key": maker.one(("u1", "u2", None)), "track_id": maker.one(("7", "8", "9")), "occurred_at": at,
            "local_hour": at.hour, "day_part": maker.one(("night", "morning")),
            "mobile": maker.one((True, False, None)),
            "zip": maker.one(("94016", None)), "listened_ms": maker.one((1000, None)), "ads_consent": True,
            "day": at.astimezone(ZoneInfo(ZONE)).date(), "state": maker.one(("CA", "NY", None)),
        }  # fmt: skip

    customers = [
        {
            "app": app, "customer_id": key, "gender": maker.one((0, 1)), "birth_year": maker.one((1990, 2000, None)),
            "status": 1, "level": maker.one((0, 2)), "campaign": maker.one((3, None)), "linked_apps": maker.one((0, 1)),
        }
        for app in ("shop", "blog") for key in ("7", "8")
    ]  # fmt: skip

    def targeted(app: str, who: str, offer: str, first: int, last: int) -> Row:
        since, until = (MIDDLE + timedelta(hours=hours) for hours in (first, last))
        return {"app": app, "customer_id": who, "user_key": None, "offer": offer, "since": since, "until": until}

    history = [
        targeted("shop", "7", "a", -150, -40), targeted("shop", "7", "b", -60, 0), targeted("shop", "7", "a", 1, 90),
        targeted("shop", "8", "a", 0, 48), targeted("shop", "8", "b", 10, 20), targeted("blog", "9", "a", -999, 999),
    ]  # fmt: skip
    interests = [
        {"app": app, "customer_id": who, "track_id": track, "first_at": MIDDLE - timedelta(days=maker.one((0, 9))),
         "last_at": MIDDLE + timedelta(days=maker.one((-9, 0, 1)), seconds=number)}
        for number, (app, who, track) in enumerate([(a, w, t) for a in ("shop", "blog") for w in "789" for t in "78"])
    ]  # fmt: skip
    slots = [
        {"app": app, "day": FIRST + timedelta(days=day), "slot_at": MIDDLE + timedelta(days=day), "kind": kind,
         "region": region, **{name: maker.random.randrange(9) for name in SLOTS}}
        for app in ("shop", "blog") for day in range(-8, 8)
        for kind, region in (("all", ""), ("region", ""), ("region", "11"))
    ]  # fmt: skip
    return {
        "live_stats": slots,
        "listens": [listen(number) for number in range(size)],
        "customers": customers,
        "tracks": [{"app": "shop", "track_id": "7", "title": "Song", "artist": "Band"}],
        "target_history": history,
        "interests": interests,
    }


SLOTS = ("visitors", "views", "listens", "listeners", "mobile", "unknown_device")


def five_minutes(tables: dict[str, list[Row]], where: Where, _by: str | None) -> list[Row]:
    return [
        {name: row[name] for name in ("slot_at", "kind", "region", *SLOTS)}
        for row in tables["live_stats"]
        if row["app"] == "shop" and FIRST <= row["day"] <= LAST
        and all(row[name] == (wanted or None) for name, wanted in where.items())
    ]  # fmt: skip


def _text(value: Any) -> str | None:
    return None if value is None else str(int(value) if isinstance(value, bool) else value)


def _enriched(tables: dict[str, list[Row]], row: Row) -> Row:
    """A listen with what is known of customer and track."""
    of_app = [one for one in tables["customers"] if one["app"] == row["app"]]
    customer = next((one for one in of_app if one["customer_id"] == row["customer_id"]), {})
    song = next((one for one in tables["tracks"] if (one["app"], one["track_id"]) == (row["app"], row["track_id"])), {})
    year = customer.get("birth_year")
    decade = (row["day"].year - year) // 10 * 10 if year else None
    is_target = any(
        one["app"] == row["app"] and one["customer_id"] == row["customer_id"]
        and one["since"] <= row["occurred_at"] < one["until"]
        for one in tables["target_history"]
    )  # fmt: skip
    codes = {name: _text(customer.get(name)) for name in ("gender", "level", "campaign", "linked_apps")}
    codes["customer_campaign"] = codes.pop("campaign")
    return row | codes | {
        "age": f"{decade}-{decade + 9}" if decade is not None else None, "mobile": _text(row["mobile"]),
        "zip_area": row["zip"][:3] if row["state"] and row["zip"] else None,
        "hour": row["occurred_at"].astimezone(ZoneInfo(ZONE)).strftime("%Y-%m-%dT%H:00"),
        "local_hour": _text(row["local_hour"]), "track": row["track_id"], "customer": row["customer_id"],
        "send_event": str(int(is_target)), "title": song.get("title"), "artist": song.get("artist"),
        "who": ("c", row["customer_id"]) if row["customer_id"] else ("v", row["user_key"]) if row["user_key"] else None,
    }  # fmt: skip


def _heard(tables: dict[str, list[Row]], where: Where) -> list[Row]:
    rows = [row for row in tables["listens"] if row["app"] == "shop" and FIRST <= row["day"] <= LAST]
    return [row for row in (_enriched(tables, row) for row in rows) if _meets(row, where)]


def _meets(row: Row, where: Where) -> bool:
    for name, wanted in where.items():
        if name == "hours":
            first, last = wanted.split("/")
            if not first <= row["hour"] <= last:
                return False
        elif row[name] != (wanted or None):
            return False
    return True


def _counts(rows: list[Row]) -> Row:
    return {
        "listens": len(rows),
        "listeners": len({row["who"] for row in rows} - {None}),
        "on_mobile": sum(row["mobile"] == "1" for row in rows),
    }


def listens(tables: dict[str, list[Row]], where: Where, by: str | None) -> list[Row]:
    by = by or "day"
    assert by in DIMENSIONS
    groups = grouped(_heard(tables, where), lambda row: row[by])
    return [
        {by: key, **_counts(rows), "tracks": len({row["track_id"] for row in rows}),
         "mobile_share": ratio(_counts(rows)["on_mobile"], sum(row["mobile"] is not None for row in rows))}
        for key, rows in groups.items()
    ]  # fmt: skip


def _by_names(names: tuple[str, ...]) -> Callable[[dict[str, list[Row]], Where, str | None], list[Row]]:
    def count(tables: dict[str, list[Row]], where: Where, by: str | None) -> list[Row]:
        keys = (*([by] if by else []), *names)
        groups = grouped(_heard(tables, where), lambda row: tuple(row[name] for name in keys))
        titles = dict.fromkeys(("title", "artist")) if "track_id" in names else {}
        return [
            dict(zip(keys, key, strict=True)) | _counts(rows) | {name: rows[0][name] for name in titles}
            for key, rows in groups.items()
        ]

    return count


listeners = _by_names(PEOPLE)
tracks = _by_names(("track_id", "gender"))
SINGLE = (
    "occurred_at", "event_id", "customer_id", "user_key", "track_id", "title", "artist", "mobile", "zip", "state",
    "listened_ms", "send_event", *PEOPLE,
)  # fmt: skip


def single_listens(tables: dict[str, list[Row]], where: Where, _by: str | None) -> list[Row]:
    return [{name: row[name] for name in SINGLE} for row in _heard(tables, where)]


def top_listeners(tables: dict[str, list[Row]], where: Where, _by: str | None) -> list[Row]:
    named = [row for row in _heard(tables, where) if row["customer_id"] or row["user_key"]]
    groups = grouped(named, lambda row: (row["customer_id"], None if row["customer_id"] else row["user_key"]))
    return [
        {"customer_id": customer, "user_key": visitor, "listens": len(rows),
         "tracks": len({row["track_id"] for row in rows}), "last_at": max(row["occurred_at"] for row in rows)}
        | {name: rows[0][name] for name in PEOPLE}
        for (customer, visitor), rows in groups.items()
    ]  # fmt: skip


def _interests(tables: dict[str, list[Row]], where: Where) -> list[Row]:
    names = {"customer": "customer_id", "track": "track_id"}
    songs = {row["track_id"]: row for row in tables["tracks"]}

    def day(moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(ZONE)).date()

    return [
        {name: row[name] for name in ("customer_id", "track_id", "first_at", "last_at")}
        | {name: songs.get(row["track_id"], {}).get(name) for name in ("title", "artist")}
        for row in tables["interests"]
        if row["app"] == "shop" and day(row["last_at"]) >= FIRST and day(row["first_at"]) <= LAST
        and all(row[names[name]] == (wanted or None) for name, wanted in where.items())
    ]  # fmt: skip


def interests(tables: dict[str, list[Row]], where: Where, _by: str | None) -> list[Row]:
    return _interests(tables, where)


def interest_tracks(tables: dict[str, list[Row]], where: Where, _by: str | None) -> list[Row]:
    groups = grouped(_interests(tables, where), lambda row: row["track_id"])
    return [
        {"track_id": key, "title": rows[0]["title"], "artist": rows[0]["artist"], "customers": len(rows),
         "last_at": max(row["last_at"] for row in rows)}
        for key, rows in groups.items()
    ]  # fmt: skip


COUNTS = {
    "listens": listens,
    "listeners": listeners,
    "tracks": tracks,
    "single_listens": single_listens,
    "top_listeners": top_listeners,
    "interests": interests,
    "interest_tracks": interest_tracks,
    "five_minutes": five_minutes,
}
