"""Rejected events are corrected and go through the collector again, with the real command."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner

from cli.commands.bad import command
from logdig.aws.clients import s3_store
from logdig.collect.http import Request
from logdig.config.loader import load_settings
from logdig.config.signatures import sign
from logdig.store.objects import build_object
from tests.fakes.endpoint import APP, ENVIRONMENT, SECRET, Endpoint
from tests.fakes.tracked import signed_event


@pytest.fixture
def bad_ids(service: str, endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three events that the collector rejected, as a flush wrote them."""
    path = tmp_path / "logdig.toml"
    path.write_text(f'[[apps]]\nname = "{APP.name}"\ntoken = "{APP.token}"\n', encoding="utf-8")
    monkeypatch.setenv("LOGDIG_CONFIG", str(path))
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    events = [signed_event("listen", event_id=f"retry-{number:016}", own=1) for number in range(2)]
    events.append(signed_event("click", event_id="retry-of-another-kind", x=2**60))
    payload = json.dumps({"token": APP.token, "events": events}).encode()
    headers = (("x-logdig-signature", sign(SECRET.encode(), payload, datetime.now(UTC))),)
    assert endpoint.collector.handle(Request("POST", "/v1/events", "", headers, payload)).status == 202
    settings = load_settings(path, {"LOGDIG_SERVICE": service})
    boto3.client("s3", region_name=settings.region).create_bucket(
        Bucket=settings.bucket_name, CreateBucketConfiguration={"LocationConstraint": settings.region}
    )
    built = build_object("bad", datetime.now(UTC).date(), endpoint.sink.rejected)
    s3_store(settings).put(built.key, built.body)
    ids = [json.loads(line)["bad_id"] for line in endpoint.sink.rejected]
    endpoint.sink.batches.clear()
    return ids


def run(endpoint: Endpoint, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    result = CliRunner().invoke(command, ["retry", *arguments, "--endpoint", endpoint.url, "--json"])
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()], result.stderr


def test_retry_sends_mended_events_and_a_second_one_sends_the_same(endpoint: Endpoint, bad_ids: list[str]) -> None:
    first = run(endpoint, *bad_ids[:2], "--remove", "own")
    second = run(endpoint, *bad_ids[:2], "--remove", "own")

    assert first[:2] == second[:2] == (0, [{"bad_id": one, "accepted": True, "reason": ""} for one in bad_ids[:2]])
    assert "2 sent again: 2 accepted, 0 not" in first[2]
    assert endpoint.ids == {f"retry-{number:016}" for number in range(2)}
    assert {event["tz_min"] for event in endpoint.events} == {None}


def test_retry_takes_all_of_a_reason_and_says_what_is_still_wrong(endpoint: Endpoint, bad_ids: list[str]) -> None:
    code, rows, _ = run(endpoint, "--reason", "number", "--set", "x=1e9")

    assert code == 1
    assert [(row["bad_id"], row["accepted"]) for row in rows] == [(bad_ids[2], False)]
    assert rows[0]["reason"].startswith("x: must be a number")
    assert run(endpoint, "--reason", "number", "--set", "x=1")[0] == 0
    assert endpoint.ids == {"retry-of-another-kind"}


def test_one_event_that_cannot_be_mended_costs_no_other(endpoint: Endpoint, bad_ids: list[str]) -> None:
    code, rows, _ = run(endpoint, *bad_ids, "--remove", "own", "--set", "x.y=1")

    assert code == 1
    assert {row["bad_id"]: row["reason"] for row in rows}[bad_ids[2]] == "not sent: x.y: x is no object"


def test_retry_sends_the_event_of_a_file(endpoint: Endpoint, bad_ids: list[str], tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(signed_event("ad", event_id="written-by-hand-0001")), encoding="utf-8")

    assert run(endpoint, bad_ids[0], "--event", str(file))[0] == 0
    assert endpoint.ids == {"written-by-hand-0001"}


@pytest.mark.parametrize("arguments", [[], ["some-id", "--day", "2026-11-24"], ["a", "b", "--event", __file__]])
def test_retry_says_what_it_needs(endpoint: Endpoint, arguments: list[str]) -> None:
    result = CliRunner().invoke(command, ["retry", *arguments])

    assert result.exception is not None
    assert "give" in str(result.exception)


def test_retry_says_at_the_first_failed_try_what_fails_and_how_long_it_goes_on(
    endpoint: Endpoint, bad_ids: list[str]
) -> None:
    endpoint.scripted = [("503 Away", [])]

    code, _, words = run(endpoint, bad_ids[0], "--remove", "own")

    assert code == 0
    assert f"{endpoint.url}/v1/events answers 503; trying again for 10 minutes" in words
