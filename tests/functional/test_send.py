"""`logdig send` against the real collector: what it survives, and that nothing is sent twice as another event."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from logdig.backfill.checkpoint import Checkpoint
from logdig.backfill.file_sender import FileReport, SendOptions, send_file
from logdig.backfill.reachability import NoCollectorError
from logdig.backfill.sender import (
    BATCH_EVENTS,
    CollectorAwayError,
    EventBatch,
    EventSender,
    Tally,
    retry_after,
)
from logdig.errors import InputError
from logdig.files.moments import TimeRules
from logdig.files.records import open_source
from tests.fakes.endpoint import APP, SECRET, Endpoint

ROW = '{},{},3,"2014-10-23 03:26:20",1,"02132"\n'


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def sender(endpoint: Endpoint, waits: list[float]) -> EventSender:
    return EventSender(endpoint.url, APP.token, SECRET.encode(), sleep=waits.append)


def make_options(path: Path, rows: Iterable[str], kind: str = "listens", **changes: Any) -> SendOptions:
    path.write_text("".join(rows), encoding="utf-8")
    return options_of(path, kind, **changes)


def options_of(path: Path, kind: str, zone: str = APP.timezone, **changes: Any) -> SendOptions:
    times = TimeRules(ZoneInfo(zone), datetime.now(UTC))
    parts: dict[str, Any] = {"kind": kind, "times": times, "ads_consent": True, "columns": {}} | changes
    return SendOptions(source=open_source(path, kind, parts["columns"]), **parts)


def rows(count: int) -> list[str]:
    return [ROW.format(number, number % 7) for number in range(count)]


def send(
    options: SendOptions,
    sender: EventSender,
    folder: Path,
    progress: Callable[[int], None] = lambda _: None,
    shift: timedelta = timedelta(),
) -> FileReport:
    checkpoint = Checkpoint(folder / "checkpoints", options.source.path.name)
    return send_file(options, sender, shift, checkpoint, progress=progress, sleep=lambda _: None)


def test_send_brings_every_readable_row_and_names_the_others(
    endpoint: Endpoint, sender: EventSender, tmp_path: Path
) -> None:
    glued = ROW.format(900, 1).strip() + ROW.format(901, 1)
    options = make_options(tmp_path / "f.csv", [*rows(3), glued, "  " + ROW.format(3, 8), '4,1,3,"2014-12'])

    report = send(options, sender, tmp_path)

    assert [row.line for row in report.refused] == [4, 6]
    assert (report.rows, report.tally.sent, report.tally.accepted) == (4, 4, 4)
    assert sorted(event["customer_id"] for event in endpoint.events) == ["0", "1", "2", "8"]


def test_send_reads_a_file_when_an_editor_put_a_byte_order_mark_first(
    endpoint: Endpoint, sender: EventSender, tmp_path: Path
) -> None:
    options = make_options(tmp_path / "f.csv", rows(2))
    options.source.path.write_bytes(b"\xef\xbb\xbf" + options.source.path.read_bytes())

    report = send(options, sender, tmp_path)

    assert (report.refused, report.tally.accepted) == ([], 2)


def test_send_tells_what_a_row_says(endpoint: Endpoint, sender: EventSender, tmp_path: Path) -> None:
    send(make_options(tmp_path / "f.csv", rows(1)), sender, tmp_path)

    (event,) = endpoint.events
    assert event["listen"] == {"track_id": "3", "mobile": True, "zip": "02132"}
    assert event["consent"] == {"analytics": True, "ads": True}
    # Half past three in Seoul is the evening before in UTC; the offset keeps the local hour.
    assert (event["occurred_at"], event["tz_min"]) == ("2014-10-22T18:26:20.000Z", 540)


def test_send_makes_ad_events_of_clicks_and_views(endpoint: Endpoint, sender: EventSender, tmp_path: Path) -> None:
    for kind in ("clicks", "views"):
        send(make_options(tmp_path / kind, ['5,1,"ADV_X","2014-10-23 03:26:20"\n'], kind=kind), sender, tmp_path)

    assert [event["ad"]["action"] for event in endpoint.events] == ["click", "view"]
    assert len(endpoint.ids) == 2


def test_send_makes_the_same_events_when_a_file_is_sent_twice(
    endpoint: Endpoint, sender: EventSender, tmp_path: Path
) -> None:
    options = make_options(tmp_path / "f.csv", rows(1200))

    send(options, sender, tmp_path)
    send(options, sender, tmp_path)

    assert (len(endpoint.events), len(endpoint.ids)) == (2400, 1200)
    assert max(len(batch.events) for batch in endpoint.sink.batches) <= BATCH_EVENTS


@pytest.mark.parametrize(
    ("status", "headers", "least"),
    [("503 Away", [("Retry-After", "7")], 7.0), ("429 Slow down", [], 0.2), ("500 Broken", [], 0.2)],
)
def test_send_waits_and_tries_again_when_the_collector_is_busy(
    endpoint: Endpoint,
    sender: EventSender,
    waits: list[float],
    tmp_path: Path,
    status: str,
    headers: list[Any],
    least: float,
) -> None:
    endpoint.scripted = [(status, headers)]

    report = send(make_options(tmp_path / "f.csv", rows(3)), sender, tmp_path)

    assert report.tally.accepted == len(endpoint.ids) == 3
    assert len(waits) == 1
    assert waits[0] >= least


def test_send_tries_again_when_the_queue_behind_the_collector_is_down(endpoint: Endpoint, tmp_path: Path) -> None:
    def repair(_seconds: float) -> None:
        endpoint.sink.is_down = False

    endpoint.sink.is_down = True
    sender = EventSender(endpoint.url, APP.token, SECRET.encode(), sleep=repair)

    report = send(make_options(tmp_path / "f.csv", rows(3)), sender, tmp_path)

    assert report.tally.accepted == len(endpoint.ids) == 3


def test_send_gives_up_and_goes_on_later_when_the_collector_stays_away(endpoint: Endpoint, tmp_path: Path) -> None:
    waits: list[float] = []
    words: list[str] = []
    endpoint.scripted = [("503 Away", [])] * 200
    sender = EventSender(endpoint.url, APP.token, SECRET.encode(), on_retry=words.append, sleep=waits.append)

    with pytest.raises(CollectorAwayError, match=r"answers 503; gave up after .* run it again to go on"):
        send(make_options(tmp_path / "f.csv", rows(3)), sender, tmp_path)

    assert 500 < sum(waits) <= 600
    assert words == [f"{endpoint.url}/v1/events answers 503; trying again for 10 minutes, Ctrl-C ends it"]


def test_send_says_once_an_outage_what_fails(endpoint: Endpoint) -> None:
    words: list[str] = []
    endpoint.scripted = [("503 Away", []), ("500 Broken", []), ("202 Taken", []), ("429 Slow down", [])]
    sender = EventSender(endpoint.url, APP.token, SECRET.encode(), on_retry=words.append, sleep=lambda _: None)

    with pytest.raises(KeyError):
        sender.send(EventBatch(0, ({},), (1,)))
    sender.send(EventBatch(0, ({},), (1,)))

    assert [text.split(" ")[2].rstrip(";") for text in words] == ["503", "429"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_send_ends_at_once_when_nothing_listens_on_this_machine(tmp_path: Path, host: str) -> None:
    waits: list[float] = []
    with socket.socket(socket.AF_INET6 if host == "[::1]" else socket.AF_INET) as free:
        free.bind((host.strip("[]"), 0))
        port = free.getsockname()[1]
        sender = EventSender(f"http://{host}:{port}", APP.token, SECRET.encode(), sleep=waits.append)

        with pytest.raises(NoCollectorError, match="nothing listens there; start 'logdig dev'"):
            send(make_options(tmp_path / "f.csv", rows(1200)), sender, tmp_path)

    assert waits == []


def test_send_ends_at_once_when_there_is_no_such_host(tmp_path: Path) -> None:
    waits: list[float] = []
    sender = EventSender("http://no-such-host.invalid", APP.token, SECRET.encode(), sleep=waits.append)

    with pytest.raises(NoCollectorError, match=r"there is no host 'no-such-host\.invalid'"):
        send(make_options(tmp_path / "f.csv", rows(3)), sender, tmp_path)

    assert waits == []


def test_send_ends_at_once_when_it_is_interrupted_while_a_batch_waits_for_its_next_try(endpoint: Endpoint) -> None:
    is_away = threading.Event()
    endpoint.scripted = [("503 Away", [("Retry-After", "500")])]
    sender = EventSender(endpoint.url, APP.token, SECRET.encode(), on_retry=lambda _: is_away.set())

    def batches() -> Iterator[EventBatch]:
        yield EventBatch(0, ({},), (1,))
        is_away.wait()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(sender.send_all(batches()))

    assert endpoint.requests == 1


@pytest.mark.parametrize("status", ["413 Too large", "400 Unreadable"])
def test_send_halves_a_request_when_it_is_refused_whole(
    endpoint: Endpoint, sender: EventSender, tmp_path: Path, status: str
) -> None:
    endpoint.scripted = [(status, [])]

    report = send(make_options(tmp_path / "f.csv", rows(9)), sender, tmp_path)

    assert (report.tally.sent, report.tally.accepted, len(endpoint.ids), endpoint.requests) == (9, 9, 9, 3)


def test_send_reports_one_event_when_it_alone_is_refused_whole(endpoint: Endpoint, sender: EventSender) -> None:
    endpoint.scripted = [("400 Unreadable", [])]

    tally = sender.send(EventBatch(0, ({"event_id": "x"},), (17,)))

    assert (tally.sent, tally.accepted, [refusal.line for refusal in tally.refusals]) == (1, 0, [17])


def test_send_reports_the_line_when_the_collector_rejects_an_event(sender: EventSender) -> None:
    good: dict[str, object] = {
        "event_id": "a" * 22,
        "type": "custom",
        "timestamp": "2014-10-23T03:26:20Z",
        "customer_id": "1",
        "consent": {"analytics": True, "ads": False},
        "custom": {"name": "n"},
    }
    bad = good | {"event_id": "b" * 22, "customer_id": 5}

    tally = sender.send(EventBatch(0, (good, bad), (4, 9)))

    assert (tally.accepted, [refusal.line for refusal in tally.refusals]) == (1, [9])
    assert tally.refusals[0].reason.startswith("customer_id: ")


def test_send_stops_when_no_try_can_help(endpoint: Endpoint, tmp_path: Path) -> None:
    sender = EventSender(endpoint.url, APP.token, b"another secret", sleep=lambda _: None)

    with pytest.raises(InputError, match="answers 401"):
        send(make_options(tmp_path / "f.csv", rows(3)), sender, tmp_path)


def test_send_goes_on_after_the_last_answered_row_when_it_was_interrupted(
    endpoint: Endpoint, sender: EventSender, tmp_path: Path
) -> None:
    def interrupt(line: int) -> None:
        if line >= 1000:
            raise KeyboardInterrupt

    options = make_options(tmp_path / "f.csv", rows(3000))
    with pytest.raises(KeyboardInterrupt):
        send(options, sender, tmp_path, interrupt)

    report = send(options, sender, tmp_path)

    assert report.resumed_after == 1000
    assert report.tally.sent == 2000
    assert len(endpoint.ids) == 3000


def test_send_keeps_its_shift_when_it_goes_on_another_day(
    endpoint: Endpoint, sender: EventSender, tmp_path: Path
) -> None:
    options = make_options(tmp_path / "f.csv", rows(1000))
    first = Checkpoint(tmp_path, "m")
    first.write(500, timedelta(days=4000))

    report = send_file(options, sender, timedelta(days=4001), first)

    assert report.tally.sent == 500
    assert {event["occurred_at"][:10] for event in endpoint.events} == {"2025-10-04"}


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
    endpoint: Endpoint, sender: EventSender, tmp_path: Path, shared_data: Path
) -> None:
    path = shared_data / "clicks_head.csv"
    options = options_of(path, "clicks", zone="UTC")

    report = send(options, sender, tmp_path)

    assert (report.tally.accepted, len(endpoint.ids)) == (65_710, 65_710)
    assert [row.line for row in report.refused] == [65_711]
