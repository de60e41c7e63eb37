"""What `logdig status` reports as a problem."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.deploy.status import Status, problems
from infra.template.build import build_template, template_text
from tests.unit.infra.template.test_template import SETTINGS, WHERE

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
FLUSH = {"at": (NOW - timedelta(minutes=4)).isoformat(), "received": 1, "logs": 1, "objects": 1, "errors": []}
FINE = Status(
    stack="shop-prod", state="UPDATE_COMPLETE", endpoint="https://e", healthy=True, waiting=3, oldest_seconds=60.0,
    dead_letters=0, last_flush=FLUSH, jobs=[{"name": "all", "state": "SUCCESS", "updated_at": "", "details": ""}],
    alarms={"shop-prod-job-age": "OK"}, ledger_day="2026-11-26", month_usd=4.5,
)  # fmt: skip


def test_status_has_no_problem_when_all_is_well() -> None:
    assert problems(FINE, SETTINGS, [], NOW) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state": "UPDATE_ROLLBACK_COMPLETE"}, "the stack is UPDATE_ROLLBACK_COMPLETE"),
        ({"healthy": False}, "https://e/healthz does not answer 200"),
        ({"dead_letters": 2}, "2 messages in the dead-letter queue"),
        ({"last_flush": None}, "no flush reported within 0:15:00"),
        ({"last_flush": {**FLUSH, "at": (NOW - timedelta(minutes=16)).isoformat()}}, "no flush reported within"),
        ({"last_flush": {**FLUSH, "errors": ["S3 put"]}}, "the last flush failed: S3 put"),
        ({"jobs": [{"name": "all", "state": "FAILED", "details": "no memory"}]}, "jobs failed: no memory"),
        ({"alarms": {"shop-prod-job-age": "ALARM"}}, "alarm shop-prod-job-age"),
        ({"month_usd": 21.0}, "$21.00 a month is over the budget of $20.00"),
    ],
)
def test_status_names_the_problem(change: dict[str, Any], message: str) -> None:
    (problem,) = problems(replace(FINE, **change), SETTINGS, [], NOW)

    assert message in problem


def test_template_holds_no_secret_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    canaries = {
        "LOGDIG_SIGNING_SECRET_WEB": "canary-of-the-signature",
        "AWS_SECRET_ACCESS_KEY": "canary-of-the-key",
        "AWS_ACCESS_KEY_ID": "canary-of-the-id",
        "AWS_SESSION_TOKEN": "canary-of-the-session",
    }
    for name, value in canaries.items():
        monkeypatch.setenv(name, value)

    text = template_text(build_template(SETTINGS, WHERE))

    assert "canary" not in text
    assert json.loads(text)["Resources"]
