"""A signed sender is a server of the owner: never a bot by its user agent, and it may describe the person."""

from __future__ import annotations

import json
from typing import Any

import pytest

from logdig.collect.http import Request
from logdig.config.signatures import sign
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import BROWSER, NOW, SECRET, TEN_FIELDS, body, collector, event, post, signed_event

PERSON = {"user_agent": "Mozilla/5.0 (iPhone)", "country": "KR", "region": "11", "bot": False}


def stored(payload: bytes, user_agent: str | None = "curl/8.5.0", path: str = "/v1/events") -> list[dict[str, Any]]:
    sink = MemorySink()
    headers = (("content-type", "application/json"), ("x-logdig-signature", sign(SECRET, payload, NOW)))
    headers += (("user-agent", user_agent),) if user_agent else ()

    assert collector(sink).handle(Request("POST", path, "", headers, payload)).status in (200, 202)
    return [json.loads(line) for line in sink.events]


@pytest.mark.parametrize("user_agent", ["curl/8.5.0", "Java/17", "Apache-HttpClient/5.3", "Googlebot/2.1", None])
def test_signed_sender_is_no_bot_whatever_its_user_agent(user_agent: str | None) -> None:
    (line,) = stored(body(signed_event("listen")), user_agent)
    (log,) = stored(json.dumps(TEN_FIELDS).encode(), user_agent, "/")

    assert [(row["bot"], row["signed"], row["user_agent"]) for row in (line, log)] == [(False, True, user_agent)] * 2


def test_event_holds_the_person_when_a_signed_sender_says_it() -> None:
    payload = body(signed_event("ad", **PERSON | {"bot": True}), signed_event("ad"), signed_event("ad", country=None))

    said, silent, unknown = stored(payload)

    assert {name: said[name] for name in PERSON} == PERSON | {"bot": True}
    assert (silent["user_agent"], silent["bot"]) == ("curl/8.5.0", False)
    assert (unknown["country"], unknown["bot"]) == (None, False)


def test_user_agent_is_cut_and_made_storable_when_a_signed_sender_says_it() -> None:
    (line,) = stored(body(signed_event("ad", user_agent="한" * 2000)))

    assert line["user_agent"] == "한" * 1024


@pytest.mark.parametrize(
    ("field", "value"),
    [("bot", "true"), ("bot", 1), ("country", "South Korea"), ("country", ""), ("region", "K" * 9), ("user_agent", 5)],
)
def test_event_is_rejected_by_name_when_what_is_said_is_malformed(field: str, value: Any) -> None:
    payload = body(signed_event("listen", **{field: value}))
    headers = (("content-type", "application/json"), ("x-logdig-signature", sign(SECRET, payload, NOW)))

    reply = json.loads(collector().handle(Request("POST", "/v1/events", "", headers, payload)).body)

    assert [fault["field"] for fault in reply["rejected"]] == [field]


@pytest.mark.parametrize("field", PERSON)
def test_browser_event_is_rejected_when_it_describes_the_person(field: str) -> None:
    reply = json.loads(collector().handle(post(body(event(**{field: PERSON[field]})))).body)

    assert [fault["field"] for fault in reply["rejected"]] == [field]


def test_browser_is_judged_by_its_user_agent() -> None:
    sink = MemorySink()

    collector(sink).handle(post(body(event()), headers=(*BROWSER[:2], ("user-agent", "curl/8.5.0"))))

    (line,) = map(json.loads, sink.events)
    assert line["bot"] is True
    assert "signed" not in line
