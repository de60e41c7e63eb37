"""The queue is asked seldom, and its answer is shared."""

from __future__ import annotations

from datetime import timedelta

import pytest

from logdig.collect.http import Request
from logdig.collect.readiness import CACHE_TIME, Readiness
from logdig.errors import QueueUnavailableError
from tests.fakes.queue import FakeClock
from tests.fakes.tracked import collector


class Asked:
    """Counts how often it is asked; fails while ``is_down``."""

    def __init__(self) -> None:
        self.count = 0
        self.is_down = False

    def __call__(self) -> None:
        self.count += 1
        if self.is_down:
            raise QueueUnavailableError("the queue is down") from OSError("denied")


@pytest.mark.parametrize("is_down", [False, True])
def test_answer_is_shared_until_it_is_old(is_down: bool) -> None:
    clock, ask = FakeClock(), Asked()
    readiness = Readiness(ask, lambda: clock.now)
    ask.is_down = is_down

    outcomes = [outcome(readiness) for _ in range(3)]
    clock.now += CACHE_TIME - timedelta(microseconds=1)
    outcomes.append(outcome(readiness))

    assert (outcomes, ask.count) == ([not is_down] * 4, 1)
    clock.now += timedelta(microseconds=1)
    ask.is_down = not is_down
    assert (outcome(readiness), ask.count) == (is_down, 2)


def outcome(readiness: Readiness) -> bool:
    try:
        readiness.check()
    except QueueUnavailableError:
        return False
    return True


def test_log_has_what_the_answer_does_not_repeat(caplog: pytest.LogCaptureFixture) -> None:
    ask = Asked()
    ask.is_down = True

    reply = collector(check_ready=Readiness(ask, lambda: FakeClock().now).check).handle(Request("GET", "/readyz"))

    assert b"the queue is down" not in reply.body
    assert "not ready: the queue is down" in caplog.text


def test_collector_is_ready_only_when_the_queue_answers() -> None:
    clock, ask = FakeClock(), Asked()
    front = collector(check_ready=Readiness(ask, lambda: clock.now).check)

    assert front.handle(Request("GET", "/readyz")).status == 200
    ask.is_down = True
    clock.now += CACHE_TIME
    reply = front.handle(Request("GET", "/readyz"))

    assert (reply.status, dict(reply.headers)["Retry-After"]) == (503, "10")
    assert front.handle(Request("GET", "/healthz")).status == 200
    assert front.handle(Request("HEAD", "/readyz")).body == b""
