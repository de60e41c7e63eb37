"""`logdig send` against the real front door: what it survives, and that nothing is sent twice as another event."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from werkzeug.serving import make_server

from api.wsgi import create_app
from cli.commands.send import command
from logdig.backfill.file_sender import FileReport, Mark, Plan, scan, send_file
from logdig.backfill.recorded_files import RefusedRow
from logdig.backfill.sender import BATCH_EVENTS, Batch, CollectorAwayError, Sender, Tally, retry_after
from logdig.collect.collector import Collector
from logdig.collect.factory import new_id, utc_now
from logdig.config.apps import Apps
from logdig.config.settings import AppSettings, Settings
from logdig.errors import InputError
from tests.fakes.sinks import MemorySink

SECRET = "a secret of the tests"
APP = AppSettings(name="radio", token="pk_radio_of_the_tests", timezone="Asia/Seoul")
ENVIRONMENT = {"LOGDIG_SIGNING_SECRET_RADIO": SECRET}
ROW = '{},{},3,"2014-10-23 03:26:20",1,"02132"\n'


class Door:
    """The front door on a socket; scripted answers come before the collector's."""

    def __init__(self) -> None:
        self.sink = MemorySink()
        self.scripted: list[tuple[str, list[tuple[str, str]]]] = []
        self.requests = 0
        settings = Settings(apps=(APP,))
        self.collector = Collector(Apps.from_settings(settings, ENVIRONMENT), self.sink, utc_now, new_id)
        app = create_app(settings, collector=self.collector)

        def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            self.requests += 1
            if not self.scripted:
                return app(environ, start)
            status, headers = self.scripted.pop(0)
            # A body left unread would make the kernel reset the connection.
            environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            start(status, headers)
            return [b"{}"]

        self.server = make_server("127.0.0.1", 0, answer, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.sink.events]

    @property
    def ids(self) -> set[str]:
        return {event["event_id"] for event in self.events}


@pytest.fixture
def door() -> Iterator[Door]:
    door = Door()
    door.start()
    yield door
    door.stop()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def sender(door: Door, waits: list[float]) -> Sender:
    return Sender(door.url, APP.token, SECRET.encode(), sleep=waits.append)


def make_plan(path: Path, rows: Iterable[str], **changes: Any) -> Plan:
    path.write_text("".join(rows), encoding="utf-8")
    facts: dict[str, Any] = {"kind": "listens", "path": path, "zone": ZoneInfo(APP.timezone), "ads_consent": True}
    return Plan(**facts | changes)


def rows(count: int) -> list[str]:
    return [ROW.format(number, number % 7) for number in range(count)]


def send(plan: Plan, sender: Sender, folder: Path, progress: Callable[[int], None] = lambda _: None) -> FileReport:
    _, shift = scan(plan)
    return send_file(
        plan, sender, shift, Mark(folder / "marks", plan.path.name), progress=progress, sleep=lambda _: None
    )


def test_send_brings_every_readable_row_and_names_the_others(door: Door, sender: Sender, tmp_path: Path) -> None:
    glued = ROW.format(900, 1).strip() + ROW.format(901, 1)
    plan = make_plan(tmp_path / "f.csv", [*rows(3), glued, "  " + ROW.format(3, 8), '4,1,3,"2014-12'])

    report = send(plan, sender, tmp_path)

    assert [row.line for row in report.refused] == [4, 6]
    assert (report.rows, report.tally.sent, report.tally.accepted) == (4, 4, 4)
    assert sorted(event["customer_id"] for event in door.events) == ["0", "1", "2", "8"]


def test_send_reads_a_file_when_an_editor_put_a_byte_order_mark_first(
    door: Door, sender: Sender, tmp_path: Path
) -> None:
    plan = make_plan(tmp_path / "f.csv", rows(2))
    plan.path.write_bytes(b"\xef\xbb\xbf" + plan.path.read_bytes())

    report = send(plan, sender, tmp_path)

    assert (report.refused, report.tally.accepted) == ([], 2)


def test_send_tells_what_a_row_says(door: Door, sender: Sender, tmp_path: Path) -> None:
    send(make_plan(tmp_path / "f.csv", rows(1)), sender, tmp_path)

    (event,) = door.events
    assert event["listen"] == {"track_id": "3", "mobile": True, "zip": "02132"}
    assert event["consent"] == {"analytics": True, "ads": True}
    # Half past three in Seoul is the evening before in UTC; the offset keeps the local hour.
    assert (event["occurred_at"], event["tz_min"]) == ("2014-10-22T18:26:20.000Z", 540)


def test_send_makes_ad_events_of_clicks_and_views(door: Door, sender: Sender, tmp_path: Path) -> None:
    for kind in ("clicks", "views"):
        send(make_plan(tmp_path / kind, ['5,1,"ADV_X","2014-10-23 03:26:20"\n'], kind=kind), sender, tmp_path)

    assert [event["ad"]["action"] for event in door.events] == ["click", "view"]
    assert len(door.ids) == 2


def test_send_makes_the_same_events_when_a_file_is_sent_twice(door: Door, sender: Sender, tmp_path: Path) -> None:
    plan = make_plan(tmp_path / "f.csv", rows(1200))

    send(plan, sender, tmp_path)
    send(plan, sender, tmp_path)

    assert (len(door.events), len(door.ids)) == (2400, 1200)
    assert max(len(batch.events) for batch in door.sink.batches) <= BATCH_EVENTS


@pytest.mark.parametrize(
    ("status", "headers", "least"),
    [("503 Away", [("Retry-After", "7")], 7.0), ("429 Slow down", [], 0.2), ("500 Broken", [], 0.2)],
)
def test_send_waits_and_tries_again_when_the_collector_is_busy(
    door: Door, sender: Sender, waits: list[float], tmp_path: Path, status: str, headers: list[Any], least: float
) -> None:
    door.scripted = [(status, headers)]

    report = send(make_plan(tmp_path / "f.csv", rows(3)), sender, tmp_path)

    assert report.tally.accepted == len(door.ids) == 3
    assert len(waits) == 1
    assert waits[0] >= least


def test_send_tries_again_when_the_queue_behind_the_collector_is_down(door: Door, tmp_path: Path) -> None:
    def repair(_seconds: float) -> None:
        door.sink.is_down = False

    door.sink.is_down = True
    sender = Sender(door.url, APP.token, SECRET.encode(), sleep=repair)

    report = send(make_plan(tmp_path / "f.csv", rows(3)), sender, tmp_path)

    assert report.tally.accepted == len(door.ids) == 3


def test_send_gives_up_and_goes_on_later_when_the_collector_stays_away(tmp_path: Path) -> None:
    waits: list[float] = []
    sender = Sender("http://127.0.0.1:9", APP.token, SECRET.encode(), sleep=waits.append)

    with pytest.raises(CollectorAwayError, match="run it again to go on"):
        send(make_plan(tmp_path / "f.csv", rows(3)), sender, tmp_path)

    assert 540 < sum(waits) <= 600


@pytest.mark.parametrize("status", ["413 Too large", "400 Unreadable"])
def test_send_halves_a_request_when_it_is_refused_whole(
    door: Door, sender: Sender, tmp_path: Path, status: str
) -> None:
    door.scripted = [(status, [])]

    report = send(make_plan(tmp_path / "f.csv", rows(9)), sender, tmp_path)

    assert (report.tally.sent, report.tally.accepted, len(door.ids), door.requests) == (9, 9, 9, 3)


def test_send_reports_one_event_when_it_alone_is_refused_whole(door: Door, sender: Sender) -> None:
    door.scripted = [("400 Unreadable", [])]

    tally = sender.send(Batch(0, ({"event_id": "x"},), (17,)))

    assert (tally.sent, tally.accepted, [one.line for one in tally.refusals]) == (1, 0, [17])


def test_send_reports_the_line_when_the_collector_rejects_an_event(sender: Sender) -> None:
    good: dict[str, object] = {
        "event_id": "a" * 22,
        "type": "custom",
        "timestamp": "2014-10-23T03:26:20Z",
        "customer_id": "1",
        "consent": {"analytics": True, "ads": False},
        "custom": {"name": "n"},
    }
    bad = good | {"event_id": "b" * 22, "customer_id": 5}

    tally = sender.send(Batch(0, (good, bad), (4, 9)))

    assert (tally.accepted, [one.line for one in tally.refusals]) == (1, [9])
    assert tally.refusals[0].reason.startswith("customer_id: ")


def test_send_stops_when_no_try_can_help(door: Door, tmp_path: Path) -> None:
    sender = Sender(door.url, APP.token, b"another secret", sleep=lambda _: None)

    with pytest.raises(InputError, match="answers 401"):
        send(make_plan(tmp_path / "f.csv", rows(3)), sender, tmp_path)


def test_send_goes_on_after_the_last_answered_row_when_it_was_interrupted(
    door: Door, sender: Sender, tmp_path: Path
) -> None:
    def interrupt(line: int) -> None:
        if line >= 1000:
            raise KeyboardInterrupt

    plan = make_plan(tmp_path / "f.csv", rows(3000))
    with pytest.raises(KeyboardInterrupt):
        send(plan, sender, tmp_path, interrupt)

    report = send(plan, sender, tmp_path)

    assert report.resumed_after == 1000
    assert report.tally.sent == 2000
    assert len(door.ids) == 3000


def test_send_keeps_its_shift_when_it_goes_on_another_day(door: Door, sender: Sender, tmp_path: Path) -> None:
    plan = make_plan(tmp_path / "f.csv", rows(1000))
    first = Mark(tmp_path, "m")
    first.write(500, timedelta(days=4000))

    report = send_file(plan, sender, timedelta(days=4001), first)

    assert report.tally.sent == 500
    assert {event["occurred_at"][:10] for event in door.events} == {"2025-10-04"}


def test_command_prints_counts_and_refused_rows_as_json(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "listens.csv"
    file.write_text("".join([*rows(2), "broken\n"]))
    use_settings(tmp_path, monkeypatch)

    arguments = ["listens", str(file), "--endpoint", door.url, "--consent", "analytics,ads", "--shift-to-now", "--json"]
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)

    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (report["rows"], report["sent"], report["accepted"], report["duplicates"]) == (2, 2, 2, 0)
    assert [(row["file"], row["line"]) for row in report["refused"]] == [(str(file), 3)]
    ages = [datetime.now(UTC) - datetime.fromisoformat(event["occurred_at"]) for event in door.events]
    assert all(timedelta(0) <= age < timedelta(days=1) for age in ages)


def test_command_exits_with_1_when_strict_and_a_row_was_refused(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "listens.csv"
    file.write_text("broken\n")
    use_settings(tmp_path, monkeypatch)

    result = CliRunner().invoke(command, ["listens", str(file), "--endpoint", door.url, "--strict"])

    assert result.exit_code == 1


def use_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = folder / "logdig.toml"
    config.write_text(f'[[apps]]\nname = "{APP.name}"\ntoken = "{APP.token}"\ntimezone = "{APP.timezone}"\n')
    monkeypatch.setenv("LOGDIG_CONFIG", str(config))
    monkeypatch.setenv("LOGDIG_SIGNING_SECRET_RADIO", SECRET)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))


def test_retry_after_is_read_as_seconds_or_date() -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S GMT")

    assert retry_after("7") == 7.0
    assert 80 < retry_after(soon) <= 90
    assert [retry_after(text) for text in (None, "soon", "-5", "Sun, 06 Nov 1994 08:49:37 GMT")] == [0.0] * 4


def test_tallies_add_up() -> None:
    tally = Tally(2, 1)

    tally.add(Tally(3, 2, 1))

    assert (tally.sent, tally.accepted, tally.duplicates) == (5, 3, 1)


def test_older_clicks_arrive_whole_but_for_the_cut_last_row(
    door: Door, sender: Sender, tmp_path: Path, shared_data: Path
) -> None:
    path = shared_data / "clicks_head.csv"
    plan = Plan("clicks", path, ZoneInfo("UTC"), ads_consent=True)

    report = send_file(plan, sender, timedelta(), Mark(tmp_path, "clicks"))

    assert (report.tally.accepted, len(door.ids)) == (65_710, 65_710)
    assert [isinstance(row, RefusedRow) and row.line for row in report.refused] == [65_711]
