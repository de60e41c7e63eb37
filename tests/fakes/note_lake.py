"""Rows of every table that notes read, and a note that runs over them in this process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from analytics.notebooks import charts, display, session
from analytics.notebooks.source import fill
from logdig.config.settings import AppSettings, Settings
from logdig.config.toml_file import write_settings
from logdig.store.object_store import S3EventStore
from tests.fakes.marts import FakeMarts
from tests.fakes.pinned import MemoryTables
from tests.unit.questions.rows import FIRST, LAST, PAGES, SELECTORS, ZONE, Maker, Row

SETTINGS = Settings(
    service="notes",
    apps=(
        AppSettings(name="shop", token="pk_shop_12345678", timezone=ZONE),
        AppSettings(name="blog", token="pk_blog_12345678"),
    ),
)
NOW = datetime(2026, 11, 15, 6, tzinfo=UTC)
HOSTILE = "\n%html <script>alert(1)</script>\t$x^2$"
HOSTILE_SHOWN = "%html <script>alert(1)</script> $x^2$"
FORMS = {"start": FIRST.isoformat(), "end": LAST.isoformat()}
ID = "id-of-a-person-"
IDS = {"user_key", "customer_id", "customer_ids", "session_id", "page_view_id", "event_id"}
OFFERS, LEVELS = ("ballet", "opera"), (1, 2)


def lake_rows(seed: int = 7) -> dict[str, list[Row]]:
    """Rows of apps ``shop`` and ``blog``; some selectors and titles are hostile, and every id begins with ID."""
    made = Maker(seed)
    tables = made.tables(160)
    for row in tables["clicks"]:
        row["page"], row["selector"] = made.one((*PAGES, "/", "/")), made.one((*SELECTORS, HOSTILE))
    for row in tables["clicks"][::4]:
        row.update(app="shop", day=FIRST, page="/", selector=HOSTILE, ex=made.one((0, 9000)), ey=5000, x=40, y=30)
    found = {**tables, **listening(made), **modelled(made), "ledger": ledger(made)}
    for row in (row for rows in found.values() for row in rows):
        for name in IDS & row.keys():
            row[name] = _marked(row[name])
    return found


def _marked(value: Any) -> Any:
    if isinstance(value, list):
        return [_marked(one) for one in value]
    return value and f"{ID}{value}"


def listening(made: Maker) -> dict[str, list[Row]]:
    listens = [
        {
            "app": made.one(("shop", "shop", "blog")), "event_id": f"l{number}", "day": made.one(days(-2, 9)),
            "customer_id": made.one((None, "customer-a", "customer-b", "customer-c")), "user_key": "listener-1",
            "track_id": made.one(("t1", "t2", "t3")), "local_hour": made.one((3, 8, 14, 20)),
            "day_part": None, "mobile": made.one((True, False, None)), "ads_consent": True,
        }
        for number in range(120)
    ]  # fmt: skip
    parts = {3: "night", 8: "morning", 14: "afternoon", 20: "evening"}
    for row in listens:
        row["day_part"] = parts[row["local_hour"]]
    titles = {"t1": "Sea", "t2": HOSTILE}
    tracks = [{"app": "shop", "track_id": key, "title": title, "artist": "Ann"} for key, title in titles.items()]
    return {"listens": listens, "tracks": tracks}


def modelled(made: Maker) -> dict[str, list[Row]]:
    features = [
        {
            "app": "shop", "offer": made.one(OFFERS), "split": made.one(("train", "test", "now")),
            "customer_id": f"customer-{number}", "listens": made.random.randint(1, 9), "label": made.one((0, 1, None)),
            **{name: made.one((0.0, 0.25, 0.5, 1.0)) for name in FEATURES},
        }
        for number in range(80)
    ]  # fmt: skip
    models = [
        {
            "app": "shop", "offer": offer, "trained_at": NOW - timedelta(days=age), "passed": age == 1, "reason": "ok",
            "train_rows": 900, "train_positives": 90, "test_rows": 300, "test_positives": 30, "roc_auc": 0.7,
            "average_precision": 0.2 + age / 100 if offer == "opera" else None, "brier": 0.08,
            "constant_roc_auc": 0.5, "constant_average_precision": 0.1, "constant_brier": 0.09,
        }
        for offer in OFFERS for age in (1, 2)
    ]  # fmt: skip
    predictions = [
        {
            "app": made.one(("shop", "blog")), "offer": made.one(OFFERS), "customer_id": f"customer-{number}",
            "score": made.one((0.0, 0.049, 0.05, 0.5, 0.99, 1.0)), "model_version": "m1",
        }
        for number in range(60)
    ]  # fmt: skip
    targets = [{**row, "level": made.one(LEVELS), "rank": 1} for row in predictions if row["score"] >= 0.5]
    return {"features": features, "models": models, "predictions": predictions, "targets": targets}


FEATURES = ("morning", "afternoon", "evening", "night", "mobile", "unique")
COUNTS = (
    "sent", "received", "accepted", "rejected", "events", "repeated", "duplicates_browser", "duplicates_flush", "late",
    "raw_lines", "raw_unreadable", "unreadable", "in_tables", "waiting", "bad_in_tables", "bad_waiting", "in_dlq",
    "dropped", "dropped_numbers", "missing", "erased",
)  # fmt: skip


def ledger(made: Maker) -> list[Row]:
    """Days that add up, but for one."""
    rows = []
    for day in days(-3, 9):
        events, missing = made.random.randrange(50), made.random.randrange(3)
        whole = dict.fromkeys(("received", "accepted", "events", "raw_lines", "in_tables"), events)
        counts = dict.fromkeys(COUNTS, 0) | whole | {"sent": events + missing, "missing": missing}
        rows.append({"app": "shop", "day": day, **counts, "rejected_by_reason": [], "dropped_by_reason": []})
    rows[5]["in_tables"] += 1
    return rows


def days(first: int, last: int) -> list[date]:
    """Days by their distance from FIRST."""
    return [FIRST + timedelta(days=number) for number in range(first, last)]


class LakeInMemory(FakeMarts):
    """The rows as the reader of tables gives them."""

    def pin(self, names: Sequence[str]) -> Any:
        return MemoryTables(self.rows)


@dataclass
class RecordingScreen:
    """Keeps what a note shows: tables as lines of texts, pictures as PNG."""

    tables: list[list[list[str]]] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)

    def table(self, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        self.tables.append([list(names), *([" ".join(display.shown(value).split()) for value in row] for row in rows)])

    def picture(self, png: bytes, text: str) -> None:
        self.pictures.append(png)


def run_here(
    algorithm: str,
    rows: dict[str, list[Row]],
    folder: Path,
    forms: Mapping[str, str] = FORMS,
    store: S3EventStore | None = None,
    app: str = "shop",
) -> RecordingScreen:
    """Run the Python paragraphs of a note over rows, in this process."""
    write_settings(SETTINGS, folder / "logdig.toml")
    screen = RecordingScreen()
    environment = {"LOGDIG_CONFIG": str(folder / "logdig.toml")}
    opened = session.open_note(
        algorithm, screen, app=app, environment=environment, marts=LakeInMemory(**rows), clock=lambda: NOW,
        **{"store": "yes" if store else "no"} | dict(forms),
    )  # fmt: skip
    if store is not None:
        whole = opened.store
        opened.store = lambda: whole(store)  # type: ignore[method-assign]
    known: dict[str, Any] = {"note": opened, "charts": charts}
    for one in fill(algorithm, app, SETTINGS.database, {}).paragraphs:
        if one.language == "python":
            exec(compile(one.text, f"{algorithm}: {one.title}", "exec"), known)  # noqa: S102 (the note itself)
    return screen
