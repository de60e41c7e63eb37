"""The redrive of the dead-letter queue may die at any call: every message comes back, and once into the tables."""

from __future__ import annotations

from logdig.queue.dead_letters import redrive
from tests.faults.crash import JobClients, Kill, run_killed
from tests.faults.harness import HIDDEN_SECONDS, FlushHarness


def buried() -> FlushHarness:
    """Messages that no flush could handle."""
    harness = FlushHarness(9)
    for _ in range(23):
        harness.commit(harness.batch(2, rejected=1), harness.dlq)
    return harness


def job(clients: JobClients) -> int:
    """One whole redrive."""
    return sum(redrive(clients.dlq, clients.queue))


def test_f01_nothing_is_lost_or_twice_when_the_redrive_dies_at_any_call() -> None:
    call, died, moments, copies = 0, ["start"], set(), 0
    while all(died):
        call, died = call + 1, []
        for after in (False, True):
            harness = buried()
            died.append(run_killed(harness, Kill(call, after), job))
            harness.clock.advance(HIDDEN_SECONDS + 1)
            sum(redrive(harness.dlq, harness.queue))
            harness.drain()
            account = harness.account()
            assert (harness.dlq.bodies, account.is_clean) == ([], True), (call, after, account)
            assert account.acknowledged == 23 * 3
            copies += account.raw_duplicates
        moments.update(died)

    assert {moment.split()[-1] for moment in moments if moment} == {
        "receive_message",
        "send_message",
        "delete_message_batch",
    }
    # Those that died between sending and deleting left some.
    assert copies > 0
