"""A fresh stack, and 500 events for it: from the tracker in Chromium, from curl and from another client."""

import pytest

from tests.e2e.conftest import BROWSER_CLICKS, CURL_REQUESTS, EVENTS, Posted, missing
from tests.e2e.stack import Stack

pytestmark = pytest.mark.timeout(1400)


def test_deploy_prints_where_the_stack_answers(stack: Stack) -> None:
    assert f"endpoint   {stack.outputs['Endpoint']}\n" in stack.printed
    assert f'data-token="{stack.token}" data-endpoint="{stack.outputs["Endpoint"]}"' in stack.printed
    assert 'integrity="sha384-' in stack.printed


def test_deploy_leaves_no_probe_behind(stack: Stack) -> None:
    assert stack.keys("raw/") == []


def test_collector_accepts_every_event_of_the_tracker_and_of_http_clients(posted: Posted) -> None:
    answers = [*posted.answers, *posted.curl_answers]

    assert {status for status, _ in answers} == {202}
    assert sum(answer["accepted"] for _, answer in answers) == EVENTS - posted.browser_events
    assert posted.browser_events >= BROWSER_CLICKS + 1


def test_collector_accepts_what_curl_posts(posted: Posted) -> None:
    if not posted.curl_answers:
        missing("curl")
    assert [(status, answer["rejected"]) for status, answer in posted.curl_answers] == [(202, [])] * CURL_REQUESTS
