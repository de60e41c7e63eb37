"""The line of a message that no one can read."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.events.lines import BAD_TEXT_BYTES_LIMIT
from logdig.flush.poison import poison_line
from logdig.queue.event_queue import Message

SENT_AT = datetime(2026, 11, 24, 12, 0, 0, 5000, tzinfo=UTC)


def message(body: str, message_id: str = "m1", receive_count: int = 1) -> Message:
    return Message(message_id, f"receipt {receive_count}", body, receive_count, SENT_AT)


@given(st.text(), st.text(max_size=2000))
def test_poison_line_is_one_line_of_ascii_that_keeps_the_text(body: str, reason: str) -> None:
    line = poison_line(message(body), reason)

    stored = json.loads(line)
    whole = body.encode("utf-8", "replace")
    assert line.isascii()
    assert b"\n" not in line
    assert stored["text"] == whole.decode()
    assert (stored["bytes"], stored["sha256"], stored["truncated"]) == (
        len(whole),
        hashlib.sha256(whole).hexdigest(),
        False,
    )
    assert (stored["app"], stored["pack_id"], stored["received_at"]) == (None, None, "2026-11-24T12:00:00.005Z")
    assert stored["errors"][0]["reason"].startswith("unreadable message: ")
    assert len(stored["errors"][0]["reason"]) <= 1024


@pytest.mark.parametrize(("more", "truncated"), [(0, False), (1, True), (10**6, True)])
def test_poison_line_keeps_the_beginning_when_the_text_is_too_long(more: int, truncated: bool) -> None:
    body = "a" * (BAD_TEXT_BYTES_LIMIT + more)

    stored = json.loads(poison_line(message(body), "no JSON"))

    assert (stored["text"], stored["bytes"]) == (body[:BAD_TEXT_BYTES_LIMIT], len(body))
    assert stored["truncated"] == truncated
    assert stored["sha256"] == hashlib.sha256(body.encode()).hexdigest()


def test_poison_line_is_the_same_when_the_message_comes_again_and_another_for_another_message() -> None:
    first, again = (poison_line(message("no pack", receive_count=count), "no JSON") for count in (1, 2))
    other = poison_line(message("no pack", "m2"), "no JSON")

    assert first == again
    assert json.loads(first)["bad_id"] != json.loads(other)["bad_id"]
