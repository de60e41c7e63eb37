"""`logdig events`: one line an event, an end for scripts, nothing that steers the terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.commands import events, tail
from logdig.config.settings import AppSettings, Settings
from logdig.errors import InputError
from logdig.store.keys import Zone
from logdig.store.objects import build_object
from logdig.store.recent_events import RecentEvent
from tests.fakes.store import FakeStore

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
Run = Callable[..., Result]


def add(store: FakeStore, zone: Zone, **line: Any) -> None:
    built = build_object(zone, NOW.date(), [json.dumps({"app": "shop", "type": "click"} | line).encode()])
    store.put(built.key, built.body)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> FakeStore:
    """A bucket with a click of 11:59:55 and an older page view."""
    store = FakeStore()
    store.clock = lambda: NOW
    add(store, "raw", received_at="2026-11-24T11:59:55.000Z", event_id="new", user_key="u", current_page="http://a/")
    add(store, "raw", received_at="2026-11-24T11:00:00.000Z", event_id="old", type="page")
    monkeypatch.setattr("logdig.aws.clients.s3_store", lambda _: store)
    return store


@pytest.fixture
def run(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command; its pauses end at once and let the clock of `--wait` go on."""
    clock = [0.0]

    def pause(at_most: float) -> None:
        clock[0] += min(at_most, 1.0)

    monkeypatch.setattr(events, "_pause", pause)
    monkeypatch.setattr(events, "now", lambda: NOW)
    monkeypatch.setattr("cli.commands.events.time.monotonic", lambda: clock[0])
    monkeypatch.setattr(events, "aws_settings", lambda: Settings(apps=(AppSettings("shop", "pk_shop"),)))
    return lambda *arguments: CliRunner().invoke(events.command, arguments)


def test_events_are_shown_oldest_first(run: Run) -> None:
    told = run()

    assert [line.split("  ")[1].strip() for line in told.stdout.splitlines()] == ["page", "click"]
    assert told.stdout.splitlines()[1] == "2026-11-24 11:59:55  click     http://a/  visitor u"


def test_events_are_json_objects_when_a_script_reads(run: Run) -> None:
    rows = [json.loads(line) for line in run("--json").stdout.splitlines()]

    assert [row["id"] for row in rows] == ["old", "new"]
    assert {"received_at", "type", "page", "element", "visitor", "rejected", "reasons", "bot"} <= rows[0].keys()


def test_wait_ends_with_success_when_an_event_came_just_before(run: Run) -> None:
    told = run("--wait", "10", "--type", "click", "--json")

    assert told.exit_code == 0
    assert [json.loads(line)["id"] for line in told.stdout.splitlines()] == ["new"]


@pytest.mark.parametrize(
    "arguments",
    [("--type", "submit"), ("--type", "page"), ("--type", "click", "--since", "2026-11-24T12:00:00Z")],
    ids=" ".join,
)
def test_wait_ends_with_failure_when_no_such_event_came(run: Run, arguments: tuple[str, ...]) -> None:
    told = run("--wait", "10", *arguments)

    assert (told.exit_code, told.stdout) == (1, "")
    assert "was stored within 10 s" in told.stderr


def test_wait_ends_with_success_when_an_event_comes_meanwhile(
    run: Run, store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause, pauses = events._pause, []

    def pause_and_store(at_most: float) -> None:
        pauses.append(at_most)
        if len(pauses) == 3:
            add(store, "raw", received_at="2026-11-24T12:00:03.000Z", event_id="sent", type="submit")
        pause(at_most)

    monkeypatch.setattr(events, "_pause", pause_and_store)

    told = run("--wait", "10", "--type", "submit")

    assert (told.exit_code, len(pauses)) == (0, 3)


def test_wait_shows_a_rejected_event_and_is_not_ended_by_it(run: Run, store: FakeStore) -> None:
    add(
        store, "bad", received_at="2026-11-24T11:59:58.000Z", bad_id="b1", text='{"type": "submit"}',
        errors=[{"field": "element", "reason": "is missing"}],
    )  # fmt: skip

    told = run("--wait", "5", "--type", "submit")

    assert told.exit_code == 1
    assert told.stdout == "2026-11-24 11:59:58  submit    -  REJECTED element: is missing (b1)\n"


def test_follow_goes_on_with_new_events_until_it_is_interrupted(
    run: Run, store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    def pause(at_most: float) -> None:
        pauses.append(at_most)
        if len(pauses) == 2:
            add(store, "raw", received_at="2026-11-24T12:00:03.000Z", event_id="next", type="submit")
        if len(pauses) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(events, "_pause", pause)

    told = run("--follow", "--json")

    assert told.exit_code == 0
    assert [json.loads(line)["id"] for line in told.stdout.splitlines()] == ["old", "new", "next"]


def test_follow_and_wait_are_refused_together(run: Run) -> None:
    assert isinstance(run("--follow", "--wait", "1").exception, InputError)


def test_app_is_refused_when_logdig_toml_does_not_name_it(run: Run) -> None:
    assert "'blog'" in str(run("--app", "blog").exception)


def test_event_is_escaped_when_it_would_steer_a_terminal() -> None:
    event = RecentEvent(
        "2026-11-24T12:00:00.000Z", True, "click\x1b[2J", None, "http://a/\r\n", "한\u202e", None, "u", None, "b",
        reasons=("x\x07",),
    )  # fmt: skip

    line = events.line_of(event)

    assert line.isprintable()
    assert r"click\x1b[2J" in line
    assert r"http://a/\r\n  한\u202e" in line


def test_help_of_events_and_tail_name_each_other() -> None:
    assert "logdig tail" in (events.command.help or "")
    assert "logdig events" in (tail.command.help or "")
