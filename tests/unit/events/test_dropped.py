"""What a browser dropped is told once, however often the request comes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analytics.ledger import lines
from logdig.events.dropped import DROPPED_NAME
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import body, collector, event, post


def lines_of(**envelope: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    sink = MemorySink()
    reply = collector(sink).handle(
        post(json.dumps({**json.loads(body(event(event_id="A" * 22))), **envelope}).encode())
    )
    return json.loads(reply.body), [json.loads(line) for batch in sink.batches for line in batch.events]


def test_dropped_becomes_a_custom_event_beside_those_that_came() -> None:
    reply, lines = lines_of(dropped={"full": 3, "expired": 1})

    assert reply["accepted"] == 1
    assert [line["type"] for line in lines] == ["click", "custom"]
    assert lines[1]["custom"] == {"name": "$dropped", "props": {"full": 3, "expired": 1}}
    assert lines[1]["user_key"] == lines[0]["user_key"]


def test_dropped_keeps_its_id_when_the_request_is_sent_again_later() -> None:
    _, first = lines_of(dropped={"full": 3}, sent_at="2026-11-23T06:41:00.120Z")
    _, again = lines_of(dropped={"full": 3}, sent_at="2026-11-23T06:51:00.120Z")
    _, other = lines_of(dropped={"full": 4})

    assert first[1]["event_id"] == again[1]["event_id"] != other[1]["event_id"]


@pytest.mark.parametrize("envelope", [{}, {"dropped": {}}, {"dropped": {"full": 0}}])
def test_nothing_is_stored_when_nothing_was_dropped(envelope: dict[str, Any]) -> None:
    _, lines = lines_of(**envelope)

    assert len(lines) == 1


def test_ledger_looks_for_the_name_that_is_written() -> None:
    assert lines.DROPPED_NAME == DROPPED_NAME
