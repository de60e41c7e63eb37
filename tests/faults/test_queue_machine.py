"""Any order of sends, receives, puts, deletes, crashes and clock moves: nothing lost, nothing twice or broken."""

from __future__ import annotations

from contextlib import suppress
from itertools import chain, repeat

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from logdig.queue.event_queue import Message
from tests.faults.harness import FlushHarness
from tests.faults.hooks import EndOfRunError, fails, well


class FlushMachine(RuleBasedStateMachine):
    """One harness under whatever happens; at the end it drains and the account is made."""

    def __init__(self) -> None:
        super().__init__()
        self.harness = FlushHarness(1)
        self.taken: list[Message] = []

    @rule(events=st.integers(1, 12), rejected=st.integers(0, 2))
    def send(self, events: int, rejected: int) -> None:
        self.harness.send(events, rejected)

    @rule()
    def send_unreadable(self) -> None:
        self.harness.send_unreadable()

    @rule()
    def receive_and_forget(self) -> None:
        """Another flusher takes messages and is never heard of again."""
        self.taken += self.harness.queue.receive(1)

    @rule()
    def release_what_was_taken(self) -> None:
        """It is heard of after all; by now its receipts may be stale."""
        if self.taken:
            self.harness.queue.release(self.taken[:10])
            self.taken = self.taken[10:]

    @rule(force=st.booleans())
    def flush(self, force: bool) -> None:
        self.harness.force = force
        self.harness.flush_once()

    @rule(calls=st.integers(0, 15), in_queue=st.booleans(), after=st.booleans())
    def crash(self, calls: int, in_queue: bool, after: bool) -> None:
        """Begin a flush that dies at a call to the queue or the store."""
        part = self.harness.queue if in_queue else self.harness.store
        self.harness.force = True
        setattr(part, "after" if after else "before", fails(chain(repeat(None, calls), repeat(EndOfRunError()))))
        with suppress(EndOfRunError):
            self.harness.flush_once()
        setattr(part, "after" if after else "before", well)

    @rule(seconds=st.sampled_from([1, 60, 299, 301, 3600]))
    def pass_time(self, seconds: int) -> None:
        self.harness.clock.advance(seconds)

    @invariant()
    def nothing_stored_is_broken(self) -> None:
        account = self.harness.account()
        assert (account.wrong, account.faults, account.duplicates_after_ingest) == (0, [], 0)

    def teardown(self) -> None:
        self.harness.force = True
        self.harness.drain()
        assert self.harness.account().is_clean


TestFlushMachine = FlushMachine.TestCase
TestFlushMachine.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
