"""`logdig dlq redrive` for scripts: it counts until it is told to act."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import cli
from logdig.aws import clients
from logdig.queue.packs import EventBatch, pack
from tests.fakes.queue import FakeClock, FakeQueue

RECEIVED = datetime(2026, 11, 23, 23, 59, 59, 999000, tzinfo=UTC)


@pytest.fixture
def queues(monkeypatch: pytest.MonkeyPatch) -> tuple[FakeQueue, FakeQueue]:
    """Dead letters (two packs: three events, one rejected) and the queue."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    clock = FakeClock()
    dead, queue = FakeQueue(clock, max_receive_count=10**6), FakeQueue(clock)
    line = b'{"received_at":"2026-11-23T23:59:59.999Z"}'
    for name, batch in (
        ("p1", EventBatch("shop", RECEIVED, (line, line), (line,))),
        ("p2", EventBatch("shop", RECEIVED, (line,))),
    ):
        for body in pack(batch, lambda name=name: name):
            dead.send(body)
    monkeypatch.setattr(clients, "dead_letter_queue", lambda _settings: dead)
    monkeypatch.setattr(clients, "sqs_queue", lambda _settings: queue)
    return dead, queue


def redrive(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(cli, ["dlq", "redrive", "--json", *arguments])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_redrive_as_json_only_counts_without_yes(queues: tuple[FakeQueue, FakeQueue]) -> None:
    assert redrive() == redrive() == {"dry_run": True, "messages": 2, "events": 4}


def test_redrive_as_json_says_how_many_it_sent_back(queues: tuple[FakeQueue, FakeQueue]) -> None:
    assert redrive("--yes") == {"dry_run": False, "messages": 2}
    assert redrive() == {"dry_run": True, "messages": 0, "events": 0}
    assert len(queues[1].receive(wait_seconds=0)) == 2
