"""Data health: the numbers of `logdig ledger`, `logdig jobs status` and `logdig bad list`; and parts that are away."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from click.testing import CliRunner

from analytics.jobs.day_marts import version_of
from analytics.jobs.registry import JOBS
from analytics.jobs.status import status
from analytics.marts.site import digests, site_of
from cli.main import cli
from cli.priced_dashboard import month_usd
from dashboard.app import create_dashboard
from dashboard.pages.health import COST, QUEUES
from logdig.aws import clients
from logdig.config.settings import AppSettings, Settings
from logdig.errors import QueueUnavailableError, StoreUnavailableError
from logdig.marts.columns import table_schema
from logdig.marts.marks import to_properties
from logdig.marts.progress import Mark, Waiting
from logdig.marts.reader import Marts
from logdig.questions.health import Depths
from logdig.store.objects import build_object
from logdig.store.state.job_states import note_done, note_failed
from tests.fakes.marts import FakeMarts
from tests.fakes.pinned import MemoryTables
from tests.fakes.store import FakeStore
from tests.unit.cli.test_ledger import row as ledger_row
from tests.unit.store.test_bad_events import bad

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OLD, NEW, TODAY = date(2026, 11, 1), date(2026, 11, 23), date(2026, 11, 24)
SETTINGS = Settings(apps=(AppSettings(name="shop", token="pk_shop_12345678"),))
REASON = "x must be a number"


def day_of(day: date, app: str = "shop", **counts: Any) -> dict[str, Any]:
    return ledger_row(app=app, day=day, rejected_by_reason=[(REASON, counts["rejected"])], **counts)


def touch(seq: int, day: date, rows: int, hours_ago: float) -> dict[str, Any]:
    noted = (NOW - timedelta(hours=hours_ago)).replace(tzinfo=None)
    received = {"first_received": day, "noted_at": noted, "work": "ingest"}
    return {"seq": seq, "app": "shop", "day": day, "rows": rows} | received


def marked(name: str, upto: int, **waiting: Waiting) -> Mark:
    """A mark of the settings; of days by ``d01``, the day of November."""
    days = {("shop", date(2026, 11, int(key[1:]))): state for key, state in waiting.items()}
    reads = getattr(JOBS[name], "reads", ("zone",))
    return Mark(version_of(name), upto, days, digests(site_of(SETTINGS), reads))


MARKS = {
    "traffic": marked("traffic", 2, d01=Waiting(date(2026, 11, 23), 1)),
    "sessions": marked("sessions", 3),
    "visitor_days": marked("visitor_days", 3, d23=Waiting(date(2026, 11, 24), 1)),
    "listens": marked("listens", 0),
}
OF = [MARKS["visitor_days"], MARKS["sessions"]]
MARKS["visitors"] = Mark(
    " ".join((version_of("visitors"), *(mark.version for mark in OF))), 2, {},
    {"": " ".join(mark.rules[""] for mark in OF)},
)  # fmt: skip
ROWS: dict[str, list[dict[str, Any]]] = {
    "ledger": [
        day_of(OLD, sent=10, events=9, rejected=1, received=10, accepted=9, raw_lines=9, in_tables=9, bad_in_tables=1),
        day_of(NEW, sent=100, events=90, repeated=2, rejected=4, missing=5, dropped_numbers=2, erased=1, waiting=3),
        day_of(TODAY, app="blog", sent=7, events=7, rejected=0),
    ],
    "touched": [touch(1, OLD, 10_000, 70), touch(2, OLD, 1, 60), touch(3, NEW, 50, 30)],
    "traffic": [{"app": "shop", "day": OLD, "kind": "people", "events": 10_000.0}],
    "ingested": [
        {"key": "raw/dt=2026-11-23/a.jsonl.gz", "day": NEW, "ingested_at": datetime(2026, 11, 23, 5), "error": None},
        {"key": "raw/dt=2026-11-23/b.jsonl.gz", "day": NEW, "ingested_at": datetime(2026, 11, 23, 6), "error": "cut"},
    ],
}


class BothMarts(FakeMarts):
    """What the status command reads, with marks."""

    def properties(self, name: str) -> dict[str, str] | None:
        return to_properties(MARKS[name]) if name in MARKS else None


@pytest.fixture
def store() -> FakeStore:
    store = FakeStore()
    store.clock = lambda: NOW - timedelta(minutes=4)
    note_done(store, "ingest", NOW, seconds=9.5, rows=150)
    note_done(store, "traffic", NOW, seconds=4.2, rows=1)
    note_failed(store, "sessions", NOW, "S3 is away")
    for day, zone, lines in (
        (TODAY, "raw", [{"event_id": "e"}]),
        (NEW, "bad", [bad("n", text='{"x": "<b>"}'), bad("o", app="blog")]),
        (OLD, "bad", [bad("p", errors=[{"field": "", "reason": "too large"}])]),
    ):
        built = build_object(zone, day, [json.dumps(line).encode() for line in lines])  # type: ignore[arg-type]
        store.put(built.key, built.body)
    return store


def read(store: FakeStore, path: str = "state", source: Any = None, depths: Any = None, **args: str) -> Any:
    app = create_dashboard(SETTINGS, source or MemoryTables(ROWS, marks=MARKS), store, clock=lambda: NOW)
    app.extensions[QUEUES] = depths or (lambda _settings: Depths(3, 2))
    app.extensions[COST] = month_usd
    asked = {"from": str(OLD), "to": str(TODAY)} | args
    return app.test_client().get(f"/data/health/{path}", query_string=asked).json


def by_command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> list[dict[str, Any]]:
    rows = pa.Table.from_pylist(ROWS["ledger"], table_schema("ledger"))
    monkeypatch.setattr(Marts, "table", lambda *_arguments: rows)
    output = CliRunner().invoke(cli, ["ledger", *arguments, "--json"]).stdout
    return [json.loads(line) for line in output.splitlines()]


def test_ledger_is_that_of_the_command_and_adds_up_where_it_says_so(
    store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = by_command(monkeypatch, "--app", "shop")

    found = read(store)["ledger"]

    same = {"day": "day", "sent": "sent", "rejected": "rejected", "in_dlq": "in_dlq", "erased": "erased",
            "waiting": "waiting", "broken": "broken"}  # fmt: skip
    assert [{name: day[name] for name in same} for day in reversed(found["days"])] == [
        {name: row[theirs] for name, theirs in same.items()} for row in told
    ]
    for day in found["days"]:
        whole = day["stored"] + day["rejected"] + day["lost"] + day["in_dlq"] + day["erased"]
        assert (day["sent"] == whole) == (not any(" sent:" in text for text in day["broken"]))
    assert found["rejected"] == [[REASON, sum(row["rejected_by_reason"].get(REASON, 0) for row in told)]]


def test_jobs_are_those_of_the_command(store: FakeStore) -> None:
    told = status(BothMarts(**ROWS), store, SETTINGS, NOW)

    found = {job["name"]: job for job in read(store)["jobs"]}

    for job in msgspec.to_builtins(told.jobs):
        if job["name"] in found:
            mine = found[job["name"]]
            names = ("up_to", "due", "waiting", "frozen", "last")
            assert {name: mine[name] for name in names} == {name: job[name] for name in names}, job["name"]
    assert {job.name for job in told.jobs if job.last or job.due} <= found.keys()
    assert found["traffic"]["rows"] == next(job.rows for job in told.jobs if job.name == "traffic") == 1
    assert found["traffic"]["late_since"] == "2026-11-23T06:00:00Z"


def test_every_problem_names_the_command_that_helps(store: FakeStore) -> None:
    found = {
        one["kind"]: one["command"] for one in read(store)["problems"] if one["what"] in ("", "sessions", "traffic")
    }

    assert found == {
        "broken": "logdig ledger --verify", "lost": "logdig ledger", "rejected": "logdig bad list",
        "unread": "logdig jobs run ingest", "dead": "logdig dlq list", "aside": "logdig jobs run ingest --retry",
        "failed": "logdig jobs run sessions", "late": "logdig jobs run traffic",
    }  # fmt: skip


def test_flush_is_a_problem_only_when_messages_wait_and_nothing_was_stored_lately(store: FakeStore) -> None:
    def kinds(messages: int) -> set[str]:
        return {one["kind"] for one in read(store, depths=lambda _settings: Depths(messages, 0))["problems"]}

    assert "flush" not in kinds(3)
    store.clock = lambda: NOW - timedelta(days=1)
    for key in list(store.stored_at):
        store.stored_at[key] = NOW - timedelta(days=1)
    assert "flush" in kinds(3)
    assert "flush" not in kinds(0)


@pytest.mark.parametrize("away", ["queue", "store", "tables", "catalog"])
def test_part_that_is_away_is_told_and_the_others_stay(store: FakeStore, away: str) -> None:
    def fail(*_arguments: Any, **_named: Any) -> Any:
        raise (QueueUnavailableError if away == "queue" else StoreUnavailableError)("arn:aws:iam::1:role/x is denied")

    tables = MemoryTables(ROWS, marks=MARKS)
    if away == "store":
        store.before = fail
    if away == "tables":
        tables.rows = tables.whole = tables.count = fail  # type: ignore[method-assign]

    if away == "catalog":
        tables.pin = fail  # type: ignore[method-assign]

    found = read(store, source=tables, depths=fail if away == "queue" else None)

    lost = {name for name, part in found.items() if isinstance(part, dict) and "unreachable" in part}
    of_tables = {"ledger", "jobs", "aside", "cost"}
    expected = {"queue": {"depths"}, "store": {"stored", "jobs"}, "tables": of_tables, "catalog": of_tables}
    assert lost == expected[away]
    assert "arn" not in json.dumps(found)


def test_queues_that_cannot_be_reached_are_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    with pytest.raises(QueueUnavailableError):
        clients.queue_depths(SETTINGS)


def test_samples_are_the_apps_own_of_the_asked_reason_newest_day_first(store: FakeStore) -> None:
    assert [row["bad_id"] for row in read(store, "samples")["rows"]] == ["n", "p"]
    [only] = read(store, "samples", reason="too large")["rows"]
    assert (only["bad_id"], only["reason"], only["text"]) == ("p", "too large", "{}")


def test_cost_is_of_the_months_accepted_events(store: FakeStore) -> None:
    found = read(store)["cost"]

    assert found["events"] == 9
    assert found["usd"] == month_usd(SETTINGS, 9)


def test_set_aside_objects_come_with_their_reason(store: FakeStore) -> None:
    assert read(store)["aside"] == [
        {"key": "raw/dt=2026-11-23/b.jsonl.gz", "at": "2026-11-23T06:00:00Z", "error": "cut"}
    ]


def test_app_without_tables_has_a_page_too() -> None:
    found = read(FakeStore(), source=MemoryTables({}))

    assert found["ledger"]["days"] == []
    assert found["stored"]["at"] is None
    assert {"uncounted"} <= {one["kind"] for one in found["problems"]}
