"""Versions side by side: older trackers at this collector, newer ones too, and packs of the version before."""

from __future__ import annotations

import json
from typing import Any

import pytest

from logdig.events.parser import AcceptanceRules, read_events
from logdig.events.parts import MEASURING_PARTS
from logdig.queue.packs import read_pack
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import NOW, OWN_PARTS, body, collector, event, post, signed, signed_event

OLD_CLICK = (
    '{"event_id":"hVx0Yk2QeTqvUu3mE1b7aA","seq":17,"type":"click","timestamp":"2026-11-23T06:40:59.120Z",'
    '"user_key":"abcdefghij0123456789","session_id":"s-1","page_view_id":"pv-1","current_page":"http://site.com/",'
    '"load_count":2,"spent_milli_sec":1120,"consent":{"analytics":true,"ads":false},"x":110,"y":400,'
    '"element":{"selector":"#buy","tag":"a","ex":16384,"ey":8000,"w":120,"h":40,"fixed":false},'
    '"after":{"mutation_ms":12,"scroll_ms":null,"navigated_ms":null}}'
)
"""As the tracker of the version before sent it."""
OLD_PACK = (
    '{"v":1,"pack_id":"p1","app":"shop","received_at":"2026-11-23T06:41:01.000Z","events":['
    '{"received_at":"2026-11-23T06:41:01.000Z","occurred_at":"2026-11-23T06:40:59.120Z","app":"shop",'
    '"token":"pk_shop_1","user_agent":null,"bot":false,"country":null,"region":null,"ip":null,"tz_min":540,'
    f"{OLD_CLICK[1:]}" + '],"rejected":[]}'
)
NEWER: dict[str, dict[str, Any]] = {
    "after": {"mutation_ms": 3, "voice_ms": 7, "hidden_ms": None},
    "view": {"vw": 1280, "zoom": 1.5, "insets": {"top": 44, "far": [1, [2, "\ud800"]]}},
    "scroll": {"depth_px": 1, "depth_share": 0, "engaged_ms": 5, "depth_cm": float("nan")},
}
TYPES = {"after": "click", "view": "page", "scroll": "scroll"}


def test_click_of_an_older_tracker_is_accepted() -> None:
    reading = read_events([OLD_CLICK.encode()], AcceptanceRules(NOW, None, signed=False))

    assert (len(reading.accepted), reading.rejected) == (1, ())
    assert reading.accepted[0].trimmed == ()


def test_pack_of_the_version_before_is_read() -> None:
    assert [json.loads(bytes(line))["event_id"] for line in read_pack(OLD_PACK, "m").events] == [
        "hVx0Yk2QeTqvUu3mE1b7aA"
    ]


@pytest.mark.parametrize("is_signed", [False, True])
@pytest.mark.parametrize("part", MEASURING_PARTS)
def test_event_of_a_newer_tracker_is_stored_without_what_is_unknown(part: str, is_signed: bool) -> None:
    sink = MemorySink()
    front = collector(sink)
    sent = (signed_event if is_signed else event)(TYPES[part], **{part: NEWER[part]})

    reply = front.handle((signed if is_signed else post)(body(sent, event("page", event_id="n" * 20))))

    assert json.loads(reply.body)["accepted"] == 2
    known = set(MEASURING_PARTS[part].__struct_fields__)
    assert json.loads(sink.events[0])[part] == {name: item for name, item in NEWER[part].items() if name in known}
    unknown = len(NEWER[part].keys() - known)
    assert front.counters.total("logdig_trimmed_members_total", part=part) == unknown
    assert front.counters.total("logdig_trimmed_members_total") == unknown


CLOSED_PARTS = [
    (name, part)
    for name, parts in OWN_PARTS.items()
    for part, own in parts.items()
    if isinstance(own, dict) and part not in MEASURING_PARTS
]


@pytest.mark.parametrize(("name", "part"), CLOSED_PARTS)
def test_unknown_member_of_another_part_rejects_the_event(name: str, part: str) -> None:
    own = OWN_PARTS[name][part]
    reading = read_events(
        [json.dumps(event(name, **{part: own | {"newer": 1}})).encode()], AcceptanceRules(NOW, None, signed=False)
    )

    assert [fault.field for fault in reading.rejected[0].faults] == [f"{part}.newer"]


def test_known_member_of_a_measuring_part_is_judged_beside_an_unknown_one() -> None:
    front = collector()
    reply = front.handle(post(body(event(after={"mutation_ms": 60_001, "voice_ms": 7}))))

    assert [fault["field"] for fault in json.loads(reply.body)["rejected"]] == ["after.mutation_ms"]
    assert front.counters.total("logdig_trimmed_members_total") == 0
