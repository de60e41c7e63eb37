"""`logdig send` as a person runs it: files as people have them, what is said of them, and how it ends."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.commands.send import command
from logdig.backfill.recorded_files import content_id
from logdig.errors import LogDigError
from tests.fakes.endpoint import Endpoint, use_settings

HEADER = "Nr;Kunde;Lied;Zeit;Handy\n"
MAPPED = "event_id=Nr,customer=Kunde,track=Lied,time=Zeit,mobile=Handy"


class Shell:
    """Runs the command with a settings file and a cache of its own."""

    def __init__(self, endpoint: Endpoint, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.endpoint, self.folder, self.monkeypatch = endpoint, folder, monkeypatch
        use_settings(folder, monkeypatch)

    def file(self, content: str | bytes, name: str = "rows.csv") -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def send(self, file: Path, *options: str, kind: str = "listens", answer: str | None = None) -> Result:
        arguments = [kind, str(file), "--endpoint", self.endpoint.url, *options]
        return CliRunner().invoke(command, arguments, input=answer)

    def report(self, file: Path, *options: str, kind: str = "listens") -> dict[str, Any]:
        result = self.send(file, *options, "--json", kind=kind)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        report: dict[str, Any] = json.loads(result.stdout)
        return report


@pytest.fixture
def shell(endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(endpoint, tmp_path, monkeypatch)


def row(number: int, time: str, customer: str = "3", track: str = "7") -> str:
    return f'{number},{customer},{track},"{time}",1,"02132"\n'


def ago(days: float) -> str:
    return f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%d %H:%M:%S}"


def test_report_counts_rows_and_names_refused_ones_as_json(shell: Shell, endpoint: Endpoint) -> None:
    file = shell.file(row(0, "2014-10-23 03:26:20") + row(1, "2014-10-24 03:26:20") + "broken\n")

    result = shell.send(file, "--consent", "analytics,ads", "--shift-to-now", "--json")

    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (report["rows"], report["sent"], report["accepted"], report["duplicates"]) == (2, 2, 2, 0)
    assert [(row["file"], row["line"]) for row in report["refused"]] == [(str(file), 3)]
    ages = [datetime.now(UTC) - datetime.fromisoformat(event["occurred_at"]) for event in endpoint.events]
    assert all(timedelta(0) <= age < timedelta(days=2) for age in ages)
    assert endpoint.events[0]["consent"] == {"analytics": True, "ads": True}


@pytest.mark.parametrize(
    ("content", "options", "code"),
    [
        (row(0, "2020-01-05 03:26:20") + "broken\n", [], 0),
        (row(0, "2020-01-05 03:26:20") + "broken\n", ["--strict"], 1),
        ("broken\n", [], 1),
        ("", [], 1),
        ("\n\n", [], 1),
        ("event_id,customer_id,track_id,datetime,mobile\n", [], 1),
    ],
)
def test_exit_code_is_1_when_no_row_was_right_or_one_was_refused_with_strict(
    shell: Shell, content: str, options: list[str], code: int
) -> None:
    assert shell.send(shell.file(content), *options).exit_code == code


def test_exit_code_is_1_when_the_collector_refuses_every_event(shell: Shell) -> None:
    event = {"type": "custom", "timestamp": "2026-03-01T10:00:00Z", "customer_id": "1", "custom": {"name": "$own"}}

    result = shell.send(shell.file(json.dumps(event)), "--consent", "analytics", kind="events")

    assert result.exit_code == 1
    assert "custom.name" in result.output


def test_rows_of_two_files_are_all_stored_when_their_numbers_begin_again(shell: Shell, endpoint: Endpoint) -> None:
    march = "".join(row(number, f"2026-03-0{number + 1} 08:00:00", customer=str(40 + number)) for number in range(4))
    april = march.replace("2026-03", "2026-04")

    for name, content in (("march.csv", march), ("april.csv", april)):
        assert shell.report(shell.file(content, name))["accepted"] == 4

    assert len(endpoint.ids) == 8


def test_report_names_rows_that_repeat_others_of_the_file(shell: Shell, endpoint: Endpoint) -> None:
    first, second = row(1, "2026-03-01 08:00:00"), row(2, "2026-03-01 08:00:00")
    file = shell.file(first + second + first + first)

    result = shell.send(file)

    assert "2 rows repeat another row of the file" in result.output
    assert f"{file}:4: as line 1" in result.output
    assert len(endpoint.events) == len(endpoint.ids) == 2


def test_file_that_was_sent_before_asks_first(
    shell: Shell, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.send(shell.file(row(1, "2026-03-01 08:00:00"), "first.csv"))
    copy = shell.file(row(1, "2026-03-01 08:00:00"), "copy.csv")

    unattended = shell.send(copy)
    # CliRunner replaces standard input; a person sits at one that is a terminal.
    monkeypatch.setattr("cli.aws_options.sys", type("sys", (), {"stdin": type("tty", (), {"isatty": lambda: True})}))
    refused = shell.send(copy, answer="n\n")
    agreed = shell.send(copy, answer="y\n")
    with_yes = shell.send(copy, "--yes")

    assert isinstance(unattended.exception, LogDigError)
    assert "say --yes" in str(unattended.exception)
    assert "first.csv with 1 rows" in refused.output
    assert [result.exit_code for result in (refused, agreed, with_yes)] == [1, 0, 0]
    assert (len(endpoint.events), len(endpoint.ids)) == (3, 1)


def test_file_does_not_ask_when_it_goes_to_another_endpoint_or_as_another_kind(shell: Shell) -> None:
    other = Endpoint()
    other.start()
    file = shell.file('1,2,"OFFER","2026-03-01 08:00:00"\n')

    codes = [shell.send(file, kind=kind).exit_code for kind in ("clicks", "views")]
    codes.append(shell.send(file, "--endpoint", other.url, kind="clicks").exit_code)
    other.stop()

    assert codes == [0, 0, 0]


@pytest.mark.parametrize(
    ("zone", "time"),
    [
        ("Asia/Seoul", "0001-01-01 00:00:00"),
        ("America/New_York", "0001-01-01 00:00:00"),
        ("America/New_York", "9999-12-31 23:59:59"),
        ("Asia/Seoul", "9999-12-31 23:59:59"),
        ("UTC", "1900-01-01 00:00:00"),
        ("UTC", "1970-01-01 00:00:00"),
        ("UTC", "0001-01-01T00:00:00+09:00"),
        ("UTC", "9999-12-31T23:59:59-05:00"),
    ],
)
@pytest.mark.parametrize("options", [[], ["--shift-to-now"]])
def test_row_is_refused_and_its_neighbours_go_when_its_time_says_that_there_is_none(
    shell: Shell, endpoint: Endpoint, zone: str, time: str, options: list[str]
) -> None:
    use_settings(shell.folder, shell.monkeypatch, zone)
    file = shell.file(row(1, "2025-05-01 08:00:00") + row(2, time) + row(3, "2025-05-02 08:00:00"))

    report = shell.report(file, *options)

    assert (report["accepted"], [row["line"] for row in report["refused"]]) == (2, [2])
    assert len(endpoint.events) == 2


@pytest.mark.parametrize("days_ahead", [1.2, 40, 26_000])
def test_row_of_the_future_is_refused_and_steers_nothing(shell: Shell, endpoint: Endpoint, days_ahead: float) -> None:
    use_settings(shell.folder, shell.monkeypatch, "UTC")
    file = shell.file(row(1, ago(12)) + row(2, ago(-days_ahead)) + row(3, ago(10)))

    report = shell.report(file, "--shift-to-now")

    assert [(row["line"], "later than a day from now" in row["reason"]) for row in report["refused"]] == [(2, True)]
    assert report["shift_days"] in (9, 10)
    assert all(
        datetime.now(UTC) - datetime.fromisoformat(event["occurred_at"]) < timedelta(days=4)
        for event in endpoint.events
    )


def test_shift_stops_at_a_lone_newest_row_until_newest_says_what_counts(shell: Shell, endpoint: Endpoint) -> None:
    rows = row(1, "2019-02-01 08:00:00") + row(2, "2019-03-01 08:00:00") + row(3, "2019-09-01 08:00:00")
    file = shell.file(rows)

    stopped = shell.send(file, "--shift-to-now")
    without = shell.report(file, "--shift-to-now", "--newest", "2019-03-01 08:00:00")
    with_it = shell.report(file, "--shift-to-now", "--newest", "2019-09-01 08:00", "--yes")

    assert isinstance(stopped.exception, LogDigError)
    assert "line 3: 2019-09-01 08:00:00 would steer --shift-to-now" in str(stopped.exception)
    assert [row["line"] for row in without["refused"]] == [3]
    assert (with_it["accepted"], without["shift_days"] - with_it["shift_days"]) == (3, 184)


def test_shift_is_printed_in_days(shell: Shell) -> None:
    result = shell.send(shell.file(row(1, ago(500)) + row(2, ago(480))), "--shift-to-now")

    assert "times moved by 480 days" in result.output or "times moved by 479 days" in result.output


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ((HEADER + "1;k@b.example;spotify:t:1;2026-05-01 08:00:00;ja\n").replace("ja", "Yes").encode(), [MAPPED]),
        ((HEADER + "1;k@b.example;spotify:t:1;2026-05-01 08:00:00;1\n").encode("utf-16"), [MAPPED]),
        (gzip.compress((HEADER + "1;k@b.example;spotify:t:1;2026-05-01T08:00:00+09:00;TRUE\n").encode()), [MAPPED]),
        (b"MOBILE\tDateTime\tTrack_ID\tcustomer id\tEventId\r\nt\t1777590000\tspotify:t:1\tk@b.example\t1\r\n", []),
        (b"event_id,customer_id,track_id,datetime,mobile,zip\r1,k@b.example,spotify:t:1,1777590000000,1,\r", []),
        (b'{"event_id":1,"customer_id":"k@b.example","track_id":"spotify:t:1","time":1777590000,"mobile":true}\n', []),
    ],
)
def test_files_of_other_tools_make_the_same_event(
    shell: Shell, endpoint: Endpoint, content: bytes, options: list[str]
) -> None:
    columns = ["--columns", *options] if options else []

    report = shell.report(shell.file(content), *columns)

    (event,) = endpoint.events
    assert report["refused"] == []
    assert event["event_id"] == content_id(["listens", "1", "k@b.example", "2026-04-30T23:00:00.000Z", "spotify:t:1"])
    assert (event["customer_id"], event["occurred_at"]) == ("k@b.example", "2026-04-30T23:00:00.000Z")
    assert event["listen"] == {"track_id": "spotify:t:1", "mobile": True, "zip": None}


def test_columns_are_named_in_the_settings_file_and_the_flag_wins(shell: Shell, endpoint: Endpoint) -> None:
    more = '[columns.clicks]\ncustomer = "Kunde"\nad = "Aktion"\ntime = "Alt"\n'
    use_settings(shell.folder, shell.monkeypatch, more=more)
    file = shell.file("Aktion,Kunde,Alt,Neu\nRabatt,9,2020-01-05 08:00,2021-01-05 08:00\n")

    shell.report(file, "--columns", "datetime=Neu", kind="clicks")

    (event,) = endpoint.events
    assert (event["ad"]["name"], event["customer_id"], event["occurred_at"][:4]) == ("Rabatt", "9", "2021")


def test_refused_rows_are_shown_without_control_characters(shell: Shell) -> None:
    file = shell.file(row(1, "2026-03-01 08:00:00") + "\x1b[2J\u202e,5,6,never,1,1\n".replace("5", "\x1b]0;x\x07"))

    result = shell.send(file)

    assert f"{file}:2: " in result.stderr
    assert not set("\x1b\x07\u202e") & set(result.stderr.split(f"{file}:2: ")[1])


def test_command_says_what_fails_when_the_collector_is_busy(shell: Shell, endpoint: Endpoint) -> None:
    endpoint.scripted = [("503 Away", [])]

    result = shell.send(shell.file(row(1, "2026-03-01 08:00:00")))

    assert result.exit_code == 0
    assert "answers 503; trying again for 10 minutes" in " ".join(result.stderr.split())


def test_events_of_the_wire_format_are_posted_with_an_id_of_their_content(shell: Shell, endpoint: Endpoint) -> None:
    custom = {"type": "custom", "timestamp": "2019-07-01T10:00:00+09:00", "user_key": "u1", "custom": {"name": "won"}}
    own = {
        **custom,
        "event_id": "own-id-of-the-tool-17",
        "consent": {"analytics": True, "ads": True},
        "customer_id": "김 철수",
    }
    lines = [json.dumps(custom), "no json", json.dumps(own), "[1]", json.dumps({**custom, "timestamp": "2099-01-01"})]

    first = shell.report(shell.file("\n".join(lines), "e.ndjson"), "--consent", "analytics", kind="events")
    again = shell.report(shell.file("\r\n".join(lines), "f.ndjson"), "--consent", "analytics,ads", kind="events")

    assert (first["accepted"], again["accepted"]) == (2, 2)
    assert [row["line"] for row in first["refused"]] == [2, 4, 5]
    assert len(endpoint.events) == 4
    assert len(endpoint.ids) == 2
    assert "own-id-of-the-tool-17" in endpoint.ids
    assert [event["consent"]["ads"] for event in endpoint.events] == [False, True, True, True]
    assert {event["occurred_at"] for event in endpoint.events} == {"2019-07-01T01:00:00.000Z"}


def test_event_without_consent_is_refused_when_the_command_names_none(shell: Shell, endpoint: Endpoint) -> None:
    event = {"type": "identify", "timestamp": "2019-07-01T10:00:00Z", "customer_id": "1"}

    report = shell.report(shell.file(json.dumps(event)), kind="events")

    assert "--consent says what these people agreed to" in report["refused"][0]["reason"]
    assert endpoint.events == []


@pytest.mark.parametrize("content", ["customer_id,ad\n1,2\n", '[\n{"type": "page"}\n]\n', '{\n  "type": "page"\n}\n'])
def test_events_are_refused_when_the_file_is_no_ndjson(shell: Shell, content: str) -> None:
    result = shell.send(shell.file(content), "--consent", "analytics", kind="events")

    assert isinstance(result.exception, LogDigError)
    assert "one JSON object a line" in str(result.exception) or "one object a line is" in str(result.exception)


def test_large_events_go_in_requests_that_are_small_enough(shell: Shell, endpoint: Endpoint) -> None:
    def event(number: int) -> dict[str, object]:
        props = {f"p{part}": "가" * 500 for part in range(9)}
        custom = {"name": "big", "props": props}
        return {"type": "custom", "timestamp": "2019-07-01T10:00:00Z", "user_key": f"u{number}", "custom": custom}

    lines = "\n".join(json.dumps(event(number), ensure_ascii=False) for number in range(120))

    report = shell.report(shell.file(lines), "--consent", "analytics", kind="events")

    assert (report["accepted"], endpoint.requests) == (120, 4)


def test_ten_years_in_a_zone_with_two_offsets_take_few_requests(
    shell: Shell, endpoint: Endpoint, shared_cases: Path
) -> None:
    use_settings(shell.folder, shell.monkeypatch, "America/New_York")

    report = shell.report(shared_cases / "19-backfill-ten-years" / "listens.csv")

    assert (report["accepted"], len(endpoint.ids)) == (10_000, 10_000)
    assert endpoint.requests <= 31


def test_files_that_failed_once_are_sent_or_refused_as_they_should_be(
    shell: Shell, endpoint: Endpoint, shared_cases: Path
) -> None:
    for name, accepted, refused in [
        ("01-dotnet-min-date/listens.csv", 2, [2]),
        ("01-dotnet-min-date/listens_max.csv", 2, [2]),
        ("02-future-outlier-shift/future.csv", 2, [2]),
        ("04-csv-quoting-headers-ids/listens_email_ids.csv", 7, []),
        ("26-ids-restart-each-file/october.csv", 3, []),
        ("26-ids-restart-each-file/november.csv", 3, []),
    ]:
        report = shell.report(shared_cases / name)
        assert (report["accepted"], [row["line"] for row in report["refused"]]) == (accepted, refused), name
    assert len(endpoint.ids) == len(endpoint.events)

    clicks = shared_cases / "03-korean-cp949" / "clicks_cp949.csv"
    result = shell.send(clicks, kind="clicks")
    assert "line 1: byte 11 (0xBA) is not utf-8" in str(result.exception)
    assert shell.report(clicks, "--encoding", "cp949", kind="clicks")["accepted"] == 2
    assert endpoint.events[-1]["ad"]["name"] == "봄 할인"


def test_nothing_is_sent_when_a_later_byte_is_of_another_encoding(shell: Shell, endpoint: Endpoint) -> None:
    good = "".join(row(number, "2026-03-01 08:00:00") for number in range(3000)).encode()

    result = shell.send(shell.file(good + row(9, "2026-03-01 08:00:00", customer="Zoë").encode("windows-1252")))

    assert isinstance(result.exception, LogDigError)
    assert "line 3001: byte " in str(result.exception)
    assert "(0xEB) is not utf-8" in str(result.exception)
    assert endpoint.requests == 0
