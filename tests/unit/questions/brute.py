"""Every question counted in plain Python, row by row, as docs/measures.md says it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from logdig.questions.statistics import Share, wilson
from tests.unit.questions.rows import EFFECTS, FIRST, LAST, ZONE, Row

Where = dict[str, str]


def value_of(row: Row, name: str) -> Any:
    """What a filter or dimension is of a row."""
    head, _, rest = name.partition(".")
    if head == "experiment":
        return dict(row["experiments"] or []).get(rest)
    if head == "property":
        return dict(row["custom"]["props"] or []).get(rest) if row["custom"] else None
    if head == "name" and "custom" in row:
        return row["custom"]["name"] if row["custom"] else None
    if head == "customer":
        return row["customer_ids"] if "customer_ids" in row else row["customer_id"]
    if head == "goal" and "goals" in row:
        return row["goals"]
    return row[head]


def meets(row: Row, where: Where) -> bool:
    """Whether a row meets every filter."""
    for name, wanted in where.items():
        value = value_of(row, name)
        if name.startswith("property.") and wanted:
            if value != wanted.strip('"') or not is_kind(row, name, text=wanted.startswith('"') or wanted == "a"):
                return False
        elif isinstance(value, list):
            if wanted not in value if wanted else value:
                return False
        elif value != wanted if wanted else value is not None:
            return False
    return True


def is_kind(row: Row, name: str, *, text: bool) -> bool:
    """Whether a property's value is a text, or else a number or boolean; of older rows it is not known."""
    texts = row["text_props"]
    return texts is None or (name.removeprefix("property.") in texts) == text


def kind(row: Row, name: str) -> str | None:
    """What a property's value is."""
    value, texts = value_of(row, name), row["text_props"]
    if value is None or name.removeprefix("property.") in (texts or ()) or not value.isdecimal():
        return None if value is None else "text"
    return "unknown" if texts is None else "number"


def asked(rows: Iterable[Row], where: Where, first: date = FIRST, last: date = LAST) -> list[Row]:
    """Rows of app shop in the range that meet the filters."""
    return [row for row in rows if row["app"] == "shop" and first <= row["day"] <= last and meets(row, where)]


def weight(row: Row) -> Fraction:
    """Of a row, in whole millionths."""
    return Fraction(round(1_000_000 * (1.0 if row["weight"] is None else row["weight"])), 1_000_000)


def people(rows: Iterable[Row], key: str = "user_key", of: Callable[[Row], Fraction] = weight) -> float:
    """Different visitors, each with the greatest weight."""
    greatest: dict[Any, Fraction] = {}
    for row in rows:
        if row[key] is not None:
            greatest[row[key]] = max(greatest.get(row[key], Fraction(0)), of(row))
    return float(sum(greatest.values()))


def greatest_of(seen: Iterable[tuple[Any, Fraction]]) -> float:
    """Different visitors, each with the greatest of its weights."""
    greatest: dict[Any, Fraction] = {}
    for visitor, weighs in seen:
        if visitor is not None:
            greatest[visitor] = max(greatest.get(visitor, Fraction(0)), weighs)
    return float(sum(greatest.values()))


def added(rows: Iterable[Row], of: Callable[[Row], Fraction] = weight) -> float:
    return float(sum((of(row) for row in rows), Fraction(0)))


def grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def visits(tables: dict[str, list[Row]], where: Where, by: str | None) -> list[Row]:
    sessions, reached = asked(tables["sessions"], where), asked(tables["conversions"], where)
    greatest = {
        session: max(weight(row) for row in found)
        for session, found in grouped(sessions, lambda row: row["session_id"]).items()
    }

    def of(row: Row) -> Fraction:
        return greatest[row["session_id"]]

    def key(row: Row) -> Any:
        return value_of(row, by) if by else None

    by_value, conversions = grouped(sessions, key), grouped(reached, key)
    beside = _others(tables, {row["user_key"] for row in sessions}, by) if not where else {}
    answer = []
    for value in by_value.keys() | conversions.keys() | beside.keys():
        rows = by_value.get(value, [])
        seen = [(row["user_key"], of(row)) for row in rows] + beside.get(value, [])
        began = added((row for row in rows if not row["continued"]), of)
        engaged = float(sum((of(row) * (row["engaged_ms"] or 0) for row in rows), Fraction(0)))
        bounces = added((row for row in rows if row["bounce"]), of)
        answer.append(
            ({by: value} if by else {})
            | {
                "visitors": greatest_of(seen), "sessions": began,
                "views": float(sum((of(row) * row["views"] for row in rows), Fraction(0))), "bounces": bounces,
                "bounce_rate": ratio(bounces, began), "engaged_ms": engaged,
                "engaged_ms_per_session": ratio(engaged, began), "conversions": added(conversions.get(value, [])),
            }
        )  # fmt: skip
    return answer


def _others(tables: dict[str, list[Row]], known: set[Any], by: str | None) -> dict[Any, list[tuple[Any, Fraction]]]:
    """Visitors of events with their weights: of each day, or of those whom no session shows, under no value."""
    found: dict[Any, list[tuple[Any, Fraction]]] = defaultdict(list)
    for row in counted(tables, {}):
        if row["user_key"] is not None and (by in (None, "day") or row["user_key"] not in known):
            found[row["local"].date() if by == "day" else None].append((row["user_key"], event_weight(row)))
    return found


def trend(tables: dict[str, list[Row]], where: Where, by: str | None) -> list[Row]:
    of_views, of_sessions = {"page", "release"} & where.keys(), {"goal", "customer"} & where.keys()
    if by not in ("hour", "week", "page") and not of_views:
        return visits(tables, where, by)

    def without(names: set[str]) -> Where:
        return {name: value for name, value in where.items() if name not in names}

    def key(row: Row) -> Any:
        if by == "week":
            return str(row["day"] - timedelta(days=row["day"].weekday()))
        if by == "hour":
            return hour(row.get("began_at") or row["occurred_at"])
        if by == "page":
            return row.get("page") if "page" in row else row["entry_page"]
        return value_of(row, by) if by else None

    views = asked(tables["page_views"], without(of_sessions))
    sessions, reached = (asked(tables[name], without(of_views)) for name in ("sessions", "conversions"))
    ids, seen = {row["session_id"] for row in sessions}, {row["session_id"] for row in views if row["viewed"]}
    greatest = {
        session: max(weight(row) for row in found)
        for session, found in grouped(sessions, lambda row: row["session_id"]).items()
    }
    if of_views:
        sessions, reached = ([row for row in rows if row["session_id"] in seen] for rows in (sessions, reached))
    views = [row for row in views if (row["session_id"] in ids if of_sessions else row["session_id"] is not None)]
    by_views, by_sessions, by_reached = (grouped(rows, key) for rows in (views, sessions, reached))
    events = counted(tables, {}) if by in ("hour", "week") and not where else []
    by_events = grouped(
        (row for row in events if row["user_key"] is not None),
        lambda row: hour(row["occurred_at"]) if by == "hour" else key({"day": row["local"].date()}),
    )
    answer = []
    for value in by_views.keys() | by_sessions.keys() | by_reached.keys() | by_events.keys():
        own, rows = by_views.get(value, []), by_sessions.get(value, [])
        viewed = [row for row in own if row["viewed"]]
        began, bounces = (
            added(found, lambda row: greatest[row["session_id"]])
            for found in ([row for row in rows if not row["continued"]], [row for row in rows if row["bounce"]])
        )
        engaged = float(sum((weight(row) * (row["engaged_ms"] or 0) for row in own), Fraction(0)))
        answer.append(
            ({by: value} if by else {})
            | {
                "visitors": greatest_of(
                    [(row["user_key"], weight(row)) for row in viewed]
                    + [(row["user_key"], event_weight(row)) for row in by_events.get(value, [])]
                ),
                "sessions": began, "views": added(viewed), "bounces": bounces,
                "bounce_rate": ratio(bounces, began), "engaged_ms": engaged,
                "engaged_ms_per_session": ratio(engaged, began), "conversions": added(by_reached.get(value, [])),
            }
        )  # fmt: skip
    return answer


def hour(moment: datetime) -> str:
    return moment.astimezone(ZoneInfo(ZONE)).strftime("%Y-%m-%dT%H:00")


def pages(tables: dict[str, list[Row]], where: Where, by: str | None) -> list[Row]:
    answer = []
    found = grouped(asked(tables["page_views"], where), lambda row: (row["page"], value_of(row, by) if by else None))
    for (page, value), rows in found.items():
        viewed = [row for row in rows if row["viewed"]]
        engaged = float(sum((weight(row) * (row["engaged_ms"] or 0) for row in rows), Fraction(0)))
        answer.append(
            ({by: value} if by else {})
            | {
                "page": page, "views": added(viewed), "visitors": people(viewed),
                "entries": added(row for row in viewed if row["entry"]),
                "exits": added(row for row in viewed if row["exit"]),
                "engaged_ms": engaged, "engaged_ms_per_view": ratio(engaged, added(viewed)),
            }
        )  # fmt: skip
    return answer


def depths(tables: dict[str, list[Row]], where: Where, by: str | None) -> list[Row]:
    del by
    views = [row for row in asked(tables["page_views"], where) if row["viewed"] and row["depth_share"] is not None]
    by_page = grouped(views, lambda row: row["page"])
    reached = grouped(asked(tables["conversions"], where), lambda row: row["page"])
    answer = []
    for page in by_page.keys() | reached.keys():
        rows = by_page.get(page, [])
        deep = float(sum((weight(row) * Fraction(row["depth_share"]) for row in rows), Fraction(0)))
        answer.append(
            {
                "page": page, "depth": ratio(deep, added(rows)), "views_scrolled": added(rows),
                "conversions": added(reached.get(page, [])),
            }
        )  # fmt: skip
    return answer


def flow(tables: dict[str, list[Row]], where: Where, by: str | None) -> list[Row]:
    del by
    steps = []
    for row in asked(tables["page_views"], where):
        if row["viewed"] and row["place"] is not None:
            began = bool(row["entry"])
            steps += [
                (("from", None if began else row["previous_page"], row["source"] if began else None), row),
                (("to", row["next_page"], None), row),
            ]
    return [
        dict(zip(("direction", "other", "source"), key, strict=True)) | {"views": added(row for _, row in found)}
        for key, found in grouped(steps, lambda step: step[0]).items()
    ]


def page_events(tables: dict[str, list[Row]], where: Where, by: str | None) -> list[Row]:
    del by
    views = {row["page_view_id"] for row in asked(tables["page_views"], where)}
    found = [row for row in counted(tables, {}) if row["type"] == "custom" and row.get("page_view_id") in views]
    return [
        {"name": name, "events": added(rows, event_weight), "visitors": people(rows, of=event_weight)}
        for name, rows in grouped(found, lambda row: row["custom"]["name"]).items()
    ]


def goals(tables: dict[str, list[Row]], where: Where, by: str | None) -> list[Row]:
    sessions = asked(tables["sessions"], {name: value for name, value in where.items() if name != "goal"})
    greatest = {
        session: max(weight(row) for row in found)
        for session, found in grouped(sessions, lambda row: row["session_id"]).items()
    }
    answer = []
    found = grouped(asked(tables["conversions"], where), lambda row: (row["goal"], value_of(row, by) if by else None))
    for (goal, value), rows in found.items():
        began = [row for row in sessions if not row["continued"] and (not by or value_of(row, by) == value)]
        every = float(sum((greatest[row["session_id"]] for row in began), Fraction(0)))
        values = [row["value"] * float(weight(row)) for row in rows if row["value"] is not None]
        answer.append(
            ({by: value} if by else {})
            | {
                "goal": goal, "conversions": added(rows), "sessions": people(rows, "session_id"),
                "visitors": people(rows), "rate": ratio(people(rows, "session_id"), every),
                "value": math.fsum(values) if values else None,
            }
        )  # fmt: skip
    return answer


def scroll(tables: dict[str, list[Row]], where: Where, by: str | None) -> list[Row]:
    viewed = [row for row in asked(tables["page_views"], where) if row["viewed"]]
    answer = []
    for twentieth in range(1, 21):
        text = f"{twentieth * 5 / 100:.2f}"
        reached = [row for row in viewed if row["depth_share"] is not None and row["depth_share"] >= float(text)]
        answer.append({"depth": float(text), "views": added(reached), "share": ratio(added(reached), added(viewed))})
    return answer


def links(tables: dict[str, list[Row]], where: Where, by: str | None) -> list[Row]:
    rows = [row for row in asked(tables["clicks"], where) if row["link_out"] or row["download"]]
    return [
        {
            "link": link, "out": any(row["link_out"] for row in found),
            "download": any(row["download"] for row in found),
            "clicks": added(found), "visitors": people(found),
        }
        for link, found in grouped(rows, lambda row: row["link"]).items()
    ]  # fmt: skip


def traffic(tables: dict[str, list[Row]], where: Where, by: str | None) -> list[Row]:
    return [
        {name: row[name] for name in ("day", "kind", "crawler", "events", "views", "visitors")}
        for row in asked(tables["traffic"], where)
    ]


def counted(tables: dict[str, list[Row]], where: Where) -> list[Row]:
    """People's events of the local days."""
    zone = ZoneInfo(ZONE)
    first, last = (datetime.combine(day, time.min, zone) for day in (FIRST, LAST + timedelta(days=1)))
    return [
        row | {"local": row["occurred_at"].astimezone(zone)}
        for row in tables["events"]
        if row["app"] == "shop" and first <= row["occurred_at"] < last and meets(row, where)
        and not row["bot"] and not row["staff"] and (row["consent"] is None or row["consent"]["analytics"])
    ]  # fmt: skip


def event_weight(row: Row) -> Fraction:
    return Fraction(round(1_000_000 / (row["sample_rate"] or 1.0)), 1_000_000)


def events(tables: dict[str, list[Row]], where: Where, by: str | None) -> list[Row]:
    by = by or "type"
    named: dict[str, Callable[[Row], Any]] = {
        "day": lambda row: row["local"].date(), "hour": lambda row: f"{row['local']:%Y-%m-%dT%H:00}",
    }  # fmt: skip
    found = grouped(counted(tables, where), named.get(by, lambda row: value_of(row, by)))
    return [
        {by: value, "events": added(rows, event_weight), "visitors": people(rows, of=event_weight)}
        for value, rows in found.items()
    ]


def custom(tables: dict[str, list[Row]], where: Where, by: str | None) -> list[Row]:
    by = by or "day"
    value = by.removeprefix("day.")
    rows = [row for row in counted(tables, where) if row["type"] == "custom"]

    def of(row: Row) -> tuple[tuple[str, Any], ...]:
        parts: dict[str, Any] = {"day": row["local"].date()} if by.startswith("day") else {}
        if value != "day":
            parts[value] = value_of(row, value)
        if value.startswith("property."):
            parts["kind"] = kind(row, value)
        return (*parts.items(), ("name", row["custom"]["name"]))

    return [
        dict(key) | {"events": added(rows, event_weight), "visitors": people(rows, of=event_weight)}
        for key, rows in grouped(rows, of).items()
    ]


def halvings(size: float | None) -> int:
    """How often an element is halved until a cell is at most 8 px; 4 where its size is not known."""
    if size is None:
        return 4
    times = 0
    while size / 2**times > 8 and times < 15:
        times += 1
    return times


def cell(row: Row) -> tuple[Any, ...] | None:
    """Selector, link, fixed, levels and cell of a click; None of one that has no place."""
    fixed = bool(row["fixed"])
    if row["selector"] is not None and row["ex"] is not None and row["ey"] is not None:
        levels = halvings(row["w"]), halvings(row["h"])
        place = tuple(part // 2 ** (15 - level) for part, level in zip((row["ex"], row["ey"]), levels, strict=True))
        return (row["selector"], row["link"], fixed, *levels, *place)
    if row["x"] is None or row["y"] is None:
        return None
    return (None, None, fixed, None, None, row["x"] // 8, row["y"] // 8)


FOLLOWED = dict(zip(("changed", "scrolled", "navigated", "hidden", "input"), EFFECTS, strict=True))


def heatmap(tables: dict[str, list[Row]], where: Where, by: str | None) -> list[Row]:
    answer = []
    for key, rows in grouped(asked(tables["clicks"], where), cell).items():
        if key is None:
            continue
        names = ("selector", "link", "fixed", "level_x", "level_y", "cell_x", "cell_y")
        known = [row for row in rows if row["x"] is not None and row["y"] is not None]

        def mean(part: str, known: list[Row] = known) -> float | None:
            if not known:
                return None
            return float(sum(weight(row) * row[part] for row in known) / sum(weight(row) for row in known))

        def effects(effect: str, rows: list[Row] = rows) -> float:
            return added(row for row in rows if row["after"] and row["after"][effect] is not None)

        answer.append(
            dict(zip(names, key, strict=True))
            | {"tag": "a" if key[0] is not None else None, "clicks": added(rows), "visitors": people(rows)}
            | {"x": mean("x"), "y": mean("y"), "dead": added(row for row in rows if row["dead"])}
            | {name: effects(effect) for name, effect in FOLLOWED.items()}
        )
    return answer


def elements(tables: dict[str, list[Row]], where: Where, by: str | None) -> list[Row]:
    clicks = asked(tables["clicks"], where)
    views = [row for row in asked(tables["page_views"], where) if row["viewed"]]

    def persons(rows: Iterable[Row]) -> int:
        return len({row["user_key"] for row in rows} - {None})

    answer = []
    every, times = max(persons(clicks), persons(views)), added(views)
    for key, rows in grouped(clicks, lambda row: (row["selector"], row["link"])).items():
        if key[0] is None:
            continue
        effects = {
            name: added(row for row in rows if row["after"] and row["after"][effect] is not None)
            for name, effect in FOLLOWED.items()
        }
        bounds = wilson(Share(persons(rows), every))
        answer.append(
            {"selector": key[0], "link": key[1], "tag": "a", "clicks": added(rows), "visitors": persons(rows)}
            | {"clicks_per_100_views": 100 * added(rows) / times if times else None}
            | {"share": bounds.estimate, "low": bounds.low, "high": bounds.high}
            | {"dead": added(row for row in rows if row["dead"]), **effects}
        )
    return answer


def movement(tables: dict[str, list[Row]], where: Where, by: str | None) -> list[Row]:
    views = grouped(asked(tables["moves"], where), lambda row: row["page_view_id"])
    stayed: dict[Any, Fraction] = defaultdict(Fraction)
    stayers: dict[Any, list[Row]] = defaultdict(list)
    for rows in views.values():
        points = sorted(
            (
                point["ms"], row["seq"] is None, row["seq"] or 0, row["event_id"], row["selector"] is None,
                row["selector"] or "", place, point["ex"], point["ey"], number,
            )
            for number, row in enumerate(rows) for place, point in enumerate(row["points"])
        )  # fmt: skip
        for here, then in zip(points, [*points[1:], None], strict=False):
            row = rows[here[-1]]
            key = row["selector"], here[7] // 2048, here[8] // 2048
            stayed[key] += weight(row) * (then[0] - here[0] if then else 0)
            stayers[key].append(row)
    return [
        {"selector": key[0], "cell_x": key[1], "cell_y": key[2], "ms": float(ms), "visitors": people(stayers[key])}
        for key, ms in stayed.items()
    ]


def order(row: Row) -> tuple[Any, ...]:
    return row["seq"] is None, row["seq"] or 0, at(row), row["event_id"]


def at(row: Row) -> datetime:
    """When, by the sender's clock; by the collector's where it is not known."""
    found: datetime = row["timestamp"] or row["occurred_at"]
    return found


def is_close(three: Sequence[Row], milliseconds: int, pixels: int) -> bool:
    """Whether three clicks lie near each other in time and place."""
    if any(click["x"] is None or click["y"] is None for click in three):
        return False
    times = [at(click) for click in three]
    pairs = ((0, 1), (1, 2), (0, 2))
    apart = [math.dist((three[a]["x"], three[a]["y"]), (three[b]["x"], three[b]["y"])) for a, b in pairs]
    return max(times) - min(times) <= timedelta(milliseconds=milliseconds) and max(apart) <= pixels


def bursts(clicks: Iterable[Row], least: int = 3, milliseconds: int = 1000, pixels: int = 30) -> list[list[Row]]:
    """Longest runs of clicks of one view of which any three neighbours are close."""
    found = []
    known = [row for row in clicks if None not in (row["after"], row["page_view_id"], row["session_id"])]
    for rows in grouped(known, lambda row: (row["session_id"], row["page_view_id"])).values():
        rows.sort(key=order)
        start = 0
        while start + 2 < len(rows):
            end = start
            while end + 2 < len(rows) and is_close(rows[end : end + 3], milliseconds, pixels):
                end += 1
            if end > start and end + 2 - start >= least:
                found.append(rows[start : end + 2])
            start = end if end > start else start + 1
    return found


def percentile(values: Sequence[int], share: float) -> float:
    """Interpolated between the two nearest."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    low = math.floor(place)
    return ordered[low] + (ordered[min(low + 1, len(ordered) - 1)] - ordered[low]) * (place - low)


def followed(click: Row) -> bool:
    return any(click["after"][effect] is not None for effect in EFFECTS)


def repeat_prone(clicks: Sequence[Row], runs: Sequence[list[Row]]) -> dict[Any, float | None]:
    """Elements on which bursts work, with the length above which a burst counts; None = none does."""
    first = LAST - timedelta(days=27)
    recent = [row for row in clicks if first <= row["day"] <= LAST and row["selector"] is not None]
    found: dict[Any, float | None] = {}
    for key, rows in grouped(recent, lambda row: (row["page"], row["selector"])).items():
        own = [
            run for run in runs
            if (run[0]["page"], run[0]["selector"]) == key and first <= run[0]["day"] <= LAST
        ]  # fmt: skip
        visitors = {row["user_key"] for row in rows} - {None}
        working = {run[0]["user_key"] for run in own if all(followed(click) for click in run)} - {None}
        if own and len(visitors) >= 20 and len(working) * 5 >= len(visitors):
            found[key] = percentile([len(run) for run in own], 0.95) if len(own) >= 50 else None
    return found


def frustration(
    tables: dict[str, list[Row]], where: Where, by: str | None, limits: tuple[int, int, int, int, int] | None = None
) -> list[Row]:
    least, milliseconds, pixels, dead_ms, return_ms = limits or (3, 1000, 30, 2500, 10_000)
    clicks = [row for row in tables["clicks"] if row["app"] == "shop"]
    runs = bursts(clicks, least, milliseconds, pixels)
    prone = repeat_prone(clicks, runs)
    found: list[tuple[str, Any, Any, Row, bool]] = []
    for run in runs:
        first = run[0]
        key = first["page"], first["selector"]
        counts = key not in prone or ((usual := prone[key]) is not None and len(run) > usual)
        if counts and asked([first], where):
            found.append(("rage", *key, first, key in prone))
    for row in asked(clicks, where):
        watched = row["after"]["watched_ms"] if row["after"] else None
        if watched is not None and watched >= dead_ms and not followed(row):
            found.append(("dead", row["page"], row["selector"], row, False))
    views = [row for row in tables["page_views"] if row["app"] == "shop" and row["viewed"] and row["place"] is not None]
    for rows in grouped(views, lambda row: row["session_id"]).values():
        rows.sort(key=lambda row: row["place"])
        for came, here, back in zip(rows, rows[1:], rows[2:], strict=False):
            stayed = back["timestamp"] - here["timestamp"]
            same = came["page"] == back["page"] and None not in (came["page"], here["page"])
            same = same and here["page"] != came["page"]
            if same and timedelta(0) <= stayed <= timedelta(milliseconds=return_ms) and asked([here], where):
                found.append(("quick return", here["page"], None, here, False))
    known = [row for row in asked(clicks, where) if row["after"] is not None]
    viewed = [row for row in asked(tables["page_views"], where) if row["viewed"]]
    answer = []
    for (kind, page, selector), rows in grouped([{"k": one} for one in found], lambda row: row["k"][:3]).items():
        if kind == "quick return":
            possible = added(row for row in viewed if row["page"] == page)
        else:
            possible = added(row for row in known if (row["page"], row["selector"]) == (page, selector))
        events = [row["k"][3] for row in rows]
        often = grouped((row for row in events if row["session_id"] is not None), lambda row: row["session_id"])
        sessions = sorted(often, key=lambda session: (-len(often[session]), session))[:3]
        answer.append(
            {
                "kind": kind, "page": page, "selector": selector, "tag": None if kind == "quick return" else "a",
                "times": added(events), "visitors": people(events), "of": possible,
                "share": ratio(added(events), possible), "repeat_prone": rows[0]["k"][4], "sessions": sessions or None,
            }
        )  # fmt: skip
    return answer
