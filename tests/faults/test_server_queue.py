"""A queue that is slow, throttles, fails, is silent, or takes a message and says nothing: right answers, no loss."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.fakes.tracked import body, event
from tests.faults.conftest import Load, Queue, Server, fresh_id, wait_until

CONNECTIONS = 8


def one() -> tuple[str, bytes]:
    """A body with one event, and its id."""
    name = fresh_id()
    return name, body(event(timestamp=datetime.now(UTC).isoformat(), event_id=name), sent_at=None)


@pytest.mark.parametrize(
    "mode",
    [
        {"seconds": 0.3},
        {"throttle": 0.5},
        {"fail": 0.5},
        {"close_after": 0.5},
        {"throttle": 0.3, "fail": 0.3, "close_after": 0.3, "seconds": 0.05},
    ],
    ids=lambda mode: "+".join(mode),
)
def test_acknowledged_events_are_in_the_queue_whatever_it_does(
    queue: Queue, start: Callable[..., Server], mode: dict[str, float]
) -> None:
    server = start()
    queue.control(**mode)

    load = Load(server.port).start(CONNECTIONS)
    load.wait_for(lambda seen: len(seen.acknowledged) >= 20)
    load.stop()

    assert load.acknowledged - queue.stored() == set()
    assert set(load.statuses) <= {202, 503}


@pytest.mark.parametrize(
    "mode", [{"throttle": 1.0}, {"fail": 1.0}, {"close_after": 1.0}], ids=lambda mode: "".join(mode)
)
def test_request_is_503_with_retry_after_when_the_queue_takes_nothing_and_202_when_it_does_again(
    queue: Queue, start: Callable[..., Server], mode: dict[str, float]
) -> None:
    server = start()
    queue.control(**mode)

    status, headers, answer = server.ask(one()[1])

    assert status == 503
    assert int(headers["retry-after"]) > 0
    assert b"send it again later" in answer
    assert b"SQS" not in answer
    assert server.metrics()['logdig_refused_requests_total{reason="queue"}'] == 1

    queue.control()
    name, payload = one()
    assert server.ask(payload)[0] == 202
    assert name in queue.stored()


def test_silent_queue_costs_bounded_memory_and_the_server_recovers_by_itself(
    queue: Queue, start: Callable[..., Server]
) -> None:
    server = start()
    assert server.ask(one()[1])[0] == 202
    before = server.resident_bytes()
    queue.control(silent=1.0)

    load = Load(server.port, events=100).start(64)
    load.wait_for(lambda seen: seen.statuses.get(503, 0) >= 64)
    during = server.resident_bytes()

    assert 202 not in load.statuses
    assert during - before < 128 * 1024 * 1024

    queue.control()
    load.wait_for(lambda seen: seen.statuses.get(202, 0) >= 10)
    load.stop()
    assert load.acknowledged - queue.stored() == set()
    wait_until(lambda: server.metrics()["logdig_held_bytes"] == 0)
