"""From the queue to a decision, in an account where only what a role names is allowed."""

import gzip
import json
from typing import Any

import pytest

from tests.e2e.conftest import EVENTS, Shop
from tests.e2e.stack import Stack, wait_until
from tests.e2e.traffic import PHONE

pytestmark = pytest.mark.timeout(1400)


def _lines(stack: Stack, keys: list[str]) -> list[dict[str, Any]]:
    s3 = stack.account.client("s3")
    texts = [gzip.decompress(s3.get_object(Bucket=stack.outputs["Bucket"], Key=key)["Body"].read()) for key in keys]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def test_schedule_writes_every_accepted_event_to_the_bucket_once(stack: Stack, stored: list[str]) -> None:
    lines = _lines(stack, stored)

    assert len(lines) == len({line["event_id"] for line in lines}) == EVENTS


def test_jobs_bring_every_event_into_the_tables_once(jobs: dict[str, dict[str, Any]]) -> None:
    assert jobs["ingest"]["rows"] == EVENTS
    assert jobs["clicks"]["rows"] > 0


def test_targets_are_the_best_fifth_of_the_customers(jobs: dict[str, dict[str, Any]]) -> None:
    assert jobs["targets"]["rows"] == 2 * PHONE // 5


def test_decision_shows_the_offer_to_a_target_and_to_nobody_else(
    stack: Stack, shop: Shop, jobs: dict[str, dict[str, Any]]
) -> None:
    def ask(customer: int) -> dict[str, Any]:
        consent = {"analytics": True, "ads": True}
        body = {"token": stack.token, "user_key": "u", "customer_id": str(customer), "consent": consent}
        body["placement"] = "before-song"
        answers: list[dict[str, Any]] = []

        def is_certain() -> bool:
            # A busy machine may miss the deadline of the profile.
            status, answer = stack.post(
                json.dumps(body).encode(), origin=shop.url, output="DecideEndpoint", path="/v1/decide"
            )
            assert status == 200
            answers.append(answer)
            return answer["reason"] not in ("timeout", "unavailable")

        wait_until(is_certain, f"a decision about customer {customer}")
        return answers[-1]

    assert ask(0)["decision"] == "show"
    assert ask(PHONE)["decision"] == "suppress"
