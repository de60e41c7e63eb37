"""`logdig forget` and `logdig rebuild` refuse unclear requests before Spark starts."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import cli
from logdig.aws import clients
from logdig.errors import LogDigError
from logdig.store.objects import build_object
from tests.fakes.store import FakeStore


def call(*arguments: str) -> Any:
    return CliRunner().invoke(cli, arguments)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((), "either --user-key or --customer-id"),
        (("--user-key", "u", "--customer-id", "c"), "either --user-key or --customer-id"),
        (("--user-key", ""), "--user-key is empty"),
        (("--customer-id", "c", "--app", "nope"), "has no app 'nope'"),
    ],
)
def test_forget_refuses_what_names_no_person(arguments: tuple[str, ...], message: str) -> None:
    result = call("forget", *arguments)

    assert isinstance(result.exception, LogDigError)
    assert message in result.exception.message


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> FakeStore:
    fake = FakeStore()
    monkeypatch.setattr(clients, "s3_store", lambda _settings: fake)
    return fake


def test_rebuild_changes_nothing_when_it_is_a_dry_run(store: FakeStore) -> None:
    for day in (22, 23, 25):
        built = build_object("raw", date(2026, 11, day), [b"{}"])
        store.put(built.key, built.body)
    before = dict(store.objects)

    result = call("rebuild", "--from", "2026-11-23", "--dry-run", "--json")

    extent = json.loads(result.output)
    assert (extent["dry_run"], extent["from"], extent["to"], extent["days"], extent["objects"]) == (
        True, "2026-11-23", "2026-11-25", 2, 2,
    )  # fmt: skip
    assert store.objects == before


def test_rebuild_asks_and_stops_when_the_answer_is_no(store: FakeStore) -> None:
    built = build_object("raw", date(2026, 11, 22), [b"{}"])
    store.put(built.key, built.body)

    result = CliRunner().invoke(cli, ["rebuild"], input="n\n")

    assert result.exit_code == 1
    assert "Replace the rows of these days" in result.output


@pytest.mark.parametrize(
    "arguments, message",
    [((), "there is no object"), (("--from", "2026-11-24", "--to", "2026-11-23"), "--from 2026-11-24 is after --to")],
)
def test_rebuild_refuses_days_without_objects(store: FakeStore, arguments: tuple[str, ...], message: str) -> None:
    result = call("rebuild", *arguments)

    assert isinstance(result.exception, LogDigError)
    assert message in result.exception.message


def test_rebuild_skips_foreign_objects(store: FakeStore) -> None:
    built = build_object("raw", date(2026, 11, 22), [b"{}"])
    store.put(built.key, built.body)
    for key in (f"raw/dt=2026-13-45/{'0' * 64}.jsonl.gz", "raw/x.jsonl.gz", "raw/dt=2026-11-22/x", "bad/../y.jsonl.gz"):
        store.put(key, b"")

    extent = json.loads(call("rebuild", "--dry-run", "--json").stdout)

    assert (extent["days"], extent["objects"]) == (1, 1)
