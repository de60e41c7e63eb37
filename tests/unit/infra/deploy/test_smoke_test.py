"""The probe: posted, flushed, found in a new object, removed; a failure names the step."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import msgspec
import pytest

from infra.aws.cloudformation import Stack
from infra.deploy.smoke_test import SmokeTestFailedError, smoke_test
from logdig.store.objects import build_object
from tests.fakes.account import ScriptedAccount
from tests.fakes.store import FakeStore
from tests.unit.infra.aws.test_http import answering
from tests.unit.infra.template.test_template import SETTINGS

DAY = date(2026, 11, 27)
OTHER = b'{"event_id": "other"}'


class FlushHarness:
    """A collector that accepts events, and a flush that writes them with another event."""

    def __init__(self) -> None:
        self.store = FakeStore()
        self.waiting: list[bytes] = []
        self.origins: list[str] = []

    def collect(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        self.origins.append(headers["Origin"])
        self.waiting += [json.dumps(event).encode() for event in json.loads(body)["events"]]
        return 202, b'{"accepted": 1}'

    def flush(self, **_arguments: object) -> dict[str, Any]:
        if self.waiting:
            built = build_object("raw", DAY, [*self.waiting, OTHER])
            self.store.put(built.key, built.body)
            self.waiting = []
        return {"Payload": io.BytesIO(b"{}")}


@contextmanager
def stack_at(collect: Callable[[dict[str, str], bytes], tuple[int, bytes]]) -> Iterator[Stack]:
    with answering(collect) as url:
        yield Stack("shop-prod", "arn:stack", "CREATE_COMPLETE", {"Endpoint": url, "FlushFunction": "shop-prod-flush"})


def test_probe_is_found_and_removed_while_its_neighbours_stay() -> None:
    pipeline = FlushHarness()
    old = build_object("raw", DAY, [b'{"event_id": "old"}'])
    pipeline.store.put(old.key, old.body)
    with stack_at(pipeline.collect) as stack:
        result = smoke_test(ScriptedAccount(invoke=[pipeline.flush]), SETTINGS, stack, pipeline.store, print)

    assert result is not None
    assert pipeline.origins == ["https://shop.example"]
    lines = [line for body in pipeline.store.objects.values() for line in gzip.decompress(body).splitlines()]
    assert sorted(lines) == [b'{"event_id": "old"}', OTHER]
    assert "get " + old.key not in pipeline.store.steps


def test_probe_is_not_sent_when_no_app_may_write_from_a_page() -> None:
    silent = msgspec.structs.replace(SETTINGS, apps=(msgspec.structs.replace(SETTINGS.apps[0], origins=()),))

    assert smoke_test(ScriptedAccount(), silent, Stack("s", "a", "CREATE_COMPLETE", {}), FakeStore(), print) is None


def test_smoke_test_fails_when_the_collector_never_accepts_the_probe() -> None:
    account, said = ScriptedAccount(), list[str]()
    with (
        stack_at(lambda _headers, _body: (503, b"later")) as stack,
        pytest.raises(
            SmokeTestFailedError, match=r"did not accept the probe: 503 later; look at 'logdig tail --of collector'"
        ),
    ):
        smoke_test(account, SETTINGS, stack, FakeStore(), said.append)

    (line,) = said
    assert line.endswith("does not accept the probe: 503 later; trying for at most 120 s")


def test_smoke_test_fails_when_no_flush_writes_the_probe() -> None:
    account, said = ScriptedAccount(invoke=[lambda **_: {"Payload": io.BytesIO(b"{}")}]), list[str]()
    with (
        stack_at(lambda _headers, _body: (202, b'{"accepted": 1}')) as stack,
        pytest.raises(SmokeTestFailedError, match=r"was accepted but is not in shop-prod-s3 after 180 s; look at"),
    ):
        smoke_test(account, SETTINGS, stack, FakeStore(), said.append)

    assert said == ["the probe is not in shop-prod-s3 yet; looking for at most 180 s"]


def test_probe_is_found_when_there_are_new_foreign_objects() -> None:
    pipeline = FlushHarness()
    foreign = {f"raw/dt={DAY}/{name}": b"no gzip" for name in ("note.txt", f"{'0' * 64}.jsonl.gz")}

    def flush(**arguments: object) -> dict[str, Any]:
        for key, body in foreign.items():
            pipeline.store.put(key, body)
        return pipeline.flush(**arguments)

    with stack_at(pipeline.collect) as stack:
        result = smoke_test(ScriptedAccount(invoke=[flush]), SETTINGS, stack, pipeline.store, print)

    assert result is not None
    assert foreign.items() <= pipeline.store.objects.items()
