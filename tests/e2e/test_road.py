"""From a script tag to a decision, in an account where only what a role names is allowed."""

import gzip
import json
from typing import Any

import pytest

from tests.e2e.conftest import BROWSER_CLICKS, EVENTS, Posted, Shop
from tests.e2e.stack import Stack
from tests.e2e.traffic import PHONE, TOKEN

pytestmark = pytest.mark.timeout(1400)


def _lines(stack: Stack, keys: list[str]) -> list[dict[str, Any]]:
    s3 = stack.account.client("s3")
    texts = [gzip.decompress(s3.get_object(Bucket=stack.outputs["Bucket"], Key=key)["Body"].read()) for key in keys]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def test_collector_accepts_every_event_of_the_tracker_and_of_http_clients(posted: Posted) -> None:
    assert {status for status, _ in posted.answers} == {202}
    assert sum(answer["accepted"] for _, answer in posted.answers) == EVENTS - posted.browser_events
    assert posted.browser_events >= BROWSER_CLICKS + 1


def test_schedule_writes_every_accepted_event_to_the_bucket_once(stack: Stack, stored: list[str]) -> None:
    lines = _lines(stack, stored)

    assert len(lines) == len({line["event_id"] for line in lines}) == EVENTS


def test_jobs_bring_every_event_into_the_tables_once(jobs: dict[str, dict[str, Any]]) -> None:
    assert jobs["ingest"]["rows"] == EVENTS
    assert jobs["heat_cells"]["rows"] > 0


def test_targets_are_the_customers_who_click(jobs: dict[str, dict[str, Any]]) -> None:
    assert jobs["targets"]["rows"] == PHONE


def test_decision_shows_the_offer_to_a_target_and_to_nobody_else(
    stack: Stack, shop: Shop, jobs: dict[str, dict[str, Any]]
) -> None:
    def ask(customer: int) -> dict[str, Any]:
        consent = {"analytics": True, "ads": True}
        body = {"token": TOKEN, "user_key": "u", "customer_id": str(customer), "consent": consent}
        body["placement"] = "before-song"
        status, answer = stack.post(
            json.dumps(body).encode(), origin=shop.url, door="DecideEndpoint", path="/v1/decide"
        )
        assert status == 200
        return dict(answer)

    assert ask(0)["decision"] == "show"
    assert ask(PHONE)["decision"] == "suppress"
