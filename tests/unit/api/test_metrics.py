"""Who may see the metrics: holders of the token, or without one only this machine."""

from __future__ import annotations

import pytest

from api.metrics import GAUGES, PATH, MetricsPage
from logdig.collect.http import Headers, Request
from logdig.counters import Counters
from tests.fakes.tracked import collector

HELD = dict.fromkeys(GAUGES, 0.0)


def status(token: str | None, address: str | None, headers: Headers = (), method: str = "GET") -> int:
    asked = Request(method, PATH, headers=headers, remote_addr=address)
    return MetricsPage(Counters(), token).reply(asked, collector(), HELD).status


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", 200),
        ("127.9.9.9", 200),
        ("::1", 200),
        ("::ffff:127.0.0.1", 200),
        ("::ffff:8.8.8.8", 403),
        ("8.8.8.8", 403),
        ("10.0.0.1", 403),
        ("localhost", 403),
        ("", 403),
        (None, 403),
    ],
)
def test_metrics_are_for_this_machine_when_there_is_no_token(address: str | None, expected: int) -> None:
    assert status(None, address) == expected


@pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded"])
@pytest.mark.parametrize("value", ["203.0.113.9", ""])
def test_metrics_are_refused_when_a_proxy_of_this_machine_asks_for_another(name: str, value: str) -> None:
    assert status(None, "127.0.0.1", ((name, value),)) == 403


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((("authorization", "Bearer secret"),), 200),
        ((("authorization", "Bearer secret "),), 403),
        ((("authorization", "Bearer secre\udcff"),), 403),
        ((("authorization", "Bearer secret"), ("authorization", "Bearer secret")), 403),
        ((), 403),
    ],
)
def test_metrics_are_for_holders_of_the_token_from_anywhere(headers: Headers, expected: int) -> None:
    assert status("secret", "8.8.8.8", headers) == expected
    assert status("secret", "127.0.0.1", headers) == expected


@pytest.mark.parametrize(("method", "expected"), [("HEAD", 200), ("POST", 405), ("OPTIONS", 405), ("TRACE", 405)])
def test_metrics_take_get_and_head_only(method: str, expected: int) -> None:
    assert status(None, "127.0.0.1", method=method) == expected
