"""Log lines: of every source, every page, in order of time, each shown once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner

from cli.commands import tail
from infra.aws.account import RefusedByAwsError
from infra.aws.remote import SOURCES, LogLine, read_log
from tests.fakes.account import ScriptedAccount
from tests.unit.infra.template.test_template import SETTINGS

SINCE = datetime(2026, 11, 27, 11, 50, tzinfo=UTC)
START_MS = int(SINCE.timestamp() * 1000)
STACK = {"Stacks": [{"StackId": "id", "StackStatus": "CREATE_COMPLETE"}]}


def line(second: int, text: str) -> dict[str, Any]:
    return {"timestamp": START_MS + second * 1000, "message": f"{text}\n"}


def logs(**arguments: Any) -> dict[str, Any]:
    """Two pages of the flush, one line of the collector, and no log of the others yet."""
    name = arguments["logGroupName"].rsplit("-", 1)[-1]
    if name == "flush":
        return {"events": [line(9, "third")]} if "nextToken" in arguments else {
            "events": [line(3, "first")], "nextToken": "2",
        }  # fmt: skip
    if name == "collector":
        return {"events": [line(5, "second")]}
    raise RefusedByAwsError("logs:filter_log_events", "ResourceNotFoundException", "no such group")


def test_log_is_read_from_every_page_of_every_source_in_order_of_time() -> None:
    lines = read_log(ScriptedAccount(filter_log_events=[logs]), SETTINGS, SOURCES, SINCE)

    assert [(line.source, line.text) for line in lines] == [
        ("flush", "first"), ("collector", "second"), ("flush", "third"),
    ]  # fmt: skip


def test_log_is_asked_for_what_matches_when_there_is_a_pattern() -> None:
    account = ScriptedAccount(filter_log_events=[logs])

    read_log(account, SETTINGS, ["flush"], SINCE, pattern='"received"')

    assert {call["filterPattern"] for call in account.said("filter_log_events")} == {'"received"'}
    assert {call["startTime"] for call in account.said("filter_log_events")} == {START_MS}


def test_tail_shows_each_line_once_when_it_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    account = ScriptedAccount(filter_log_events=[logs], describe_stacks=[STACK])
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise KeyboardInterrupt

    account.sleep = pause
    monkeypatch.setattr(tail, "read_settings", lambda: SETTINGS)
    monkeypatch.setattr(tail, "account_of", lambda _settings: account)

    result = CliRunner().invoke(tail.command, ["--of", "flush"])

    assert result.exit_code == 0
    assert [row.split()[-1] for row in result.stdout.splitlines()] == ["first", "third"]


def test_line_of_the_tail_holds_time_source_and_text() -> None:
    shown = tail._text(LogLine(SINCE, "flush", "first"), as_json=False)

    assert shown == "2026-11-27 11:50:00 flush      first"


def test_tail_fails_when_there_is_no_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    account = ScriptedAccount(
        describe_stacks=[RefusedByAwsError("describe_stacks", "ValidationError", "does not exist")]
    )
    monkeypatch.setattr(tail, "read_settings", lambda: SETTINGS)
    monkeypatch.setattr(tail, "account_of", lambda _settings: account)

    result = CliRunner().invoke(tail.command, [])

    assert "there is no stack" in str(result.exception)
