"""``POST /v1/decide``: one read, one decision, one exposure; a failure of ours suppresses the ad.

Three steps, so that a server may do the middle one, which waits for the store, in a thread: `begin`, `look_up`,
`finish`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

from logdig.config.apps import App
from logdig.config.offers import OfferSettings
from logdig.counters import Counters
from logdig.decide.after import AfterDecisions
from logdig.decide.budgets import Budgets
from logdig.decide.exposures import ExposureLog, exposure
from logdig.decide.policy import Decision, decide
from logdig.decide.profiles import person_key
from logdig.decide.request import DecideRequest, parse
from logdig.decide.stores.loop_store import LoopStore
from logdig.decide.stores.profile_store import ProfileStore
from logdig.decide.stores.readings import Reading
from logdig.errors import ProfileUnavailableError
from logdig.events.lines import RequestContext
from logdig.queue.packs import EventSink
from logdig.times import Clock, wire_time

READ_DEADLINE_SECONDS = 0.05
"""The page waits: after 50 ms the answer is no ad."""
READERS = 16
"""Concurrent reads: at 4 ms each 4,000 a second, more than one process decides."""
TTL_SECONDS = 300
"""How long a page may keep an answer; a show is valid for one showing, and a failure of ours is asked again."""
ASK_AGAIN = ("timeout", "unavailable", "limited")

_log = logging.getLogger(__name__)


class _Caps(TypedDict):
    daily_cap: int
    total_cap: int | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was read; ``decision`` is set where no profile is needed for it.

    ``local_now`` is the time of the request in the app's zone, whose days and months count.
    """

    app: App
    context: RequestContext
    request: DecideRequest
    offers: Sequence[OfferSettings]
    local_now: datetime
    person: str
    decision: Decision | None


class Decider:
    """Decides for one process; safe to use from many threads at once."""

    def __init__(
        self,
        profiles: ProfileStore,
        sink: EventSink,
        offers: Sequence[OfferSettings],
        clock: Clock,
        new_id: Callable[[], str],
        *,
        exposure_wait_seconds: float = 0.0,
        read_deadline_seconds: float = READ_DEADLINE_SECONDS,
        counters: Counters | None = None,
        loop_profiles: LoopStore | None = None,
    ) -> None:
        """Build the service.

        Args:
            loop_profiles: The same store for a server that calls `look_up_on_loop` and `finish` on an event loop.
            exposure_wait_seconds: 0 where the process lives on (a server); 0.02 where it is frozen after its answer
                (Lambda): then exposures and counts are written before it.
        """
        self._loop_profiles = loop_profiles
        self._profiles, self._offers, self._clock, self._new_id = profiles, tuple(offers), clock, new_id
        self.read_deadline_seconds = read_deadline_seconds
        self._counters = counters or Counters()
        self._exposures = ExposureLog(sink, self._counters, lingers=not exposure_wait_seconds)
        self._after = AfterDecisions(self._counters)
        self._budgets = Budgets(clock)
        self._exposure_wait_seconds = exposure_wait_seconds
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="profiles")

    @property
    def exposure_lost(self) -> int:
        """Exposures of this process that could not be stored."""
        return self._exposures.lost

    def answer(self, app: App, body: bytes, context: RequestContext) -> dict[str, object]:
        """Answer one request within the deadline; see `begin`."""
        asked = self.begin(app, body, context)
        return self.finish(asked, asked.decision or self.look_up_in_time(asked))

    def begin(self, app: App, body: bytes, context: RequestContext) -> Asked:
        """Read a request.

        Args:
            app: Whose token the body holds.
            body: JSON.
            context: What the server knows of the request; signed senders get everything about the person.
        Raises:
            InputError: The body is no JSON; the caller answers 400.
            InvalidEventError: A field breaks its rule; the same.
        """
        request = parse(body)
        offers = [offer for offer in self._offers if offer.placement == request.placement]
        now = self._clock().astimezone(ZoneInfo(app.timezone))
        person = person_key(app.name, customer_id=request.customer_id, user_key=request.user_key)
        decision = None
        if not (request.consent.ads and offers):
            decision = decide(None, offers, now, ads_consent=request.consent.ads)
        elif context.bot:
            decision = Decision("suppress", "bot")
        return Asked(app, context, request, offers, now, person, decision)

    def look_up(self, asked: Asked) -> Decision:
        """Read and decide; where a cap is 1, count the showing, too. Takes as long as the store; never raises."""
        try:
            reading = self._profiles.read(*self._to_read(asked))
            decision = self._decide(asked, reading)
            if self._is_counted_first(decision):
                offer = self._offer(decision)
                is_counted = self._profiles.count_show(*_showing(asked, offer), **_caps(offer))
                return _unless_capped(decision, is_counted=is_counted)
        except ProfileUnavailableError as err:
            _log.warning("no decision: %s", err)
            return Decision("suppress", "unavailable")
        return decision

    def look_up_on_loop(self, asked: Asked) -> Coroutine[Any, Any, Decision] | None:
        """Do the same without a thread, on the event loop that runs now; None where the store needs threads."""
        return None if self._loop_profiles is None else self._look_up_on_loop(asked, self._loop_profiles)

    async def _look_up_on_loop(self, asked: Asked, profiles: LoopStore) -> Decision:
        try:
            reading = await profiles.read(*self._to_read(asked))
            decision = self._decide(asked, reading)
            if self._is_counted_first(decision):
                offer = self._offer(decision)
                is_counted = await profiles.count_show(*_showing(asked, offer), **_caps(offer))
                return _unless_capped(decision, is_counted=is_counted)
        except ProfileUnavailableError as err:
            _log.warning("no decision: %s", err)
            return Decision("suppress", "unavailable")
        return decision

    def look_up_in_time(self, asked: Asked) -> Decision | None:
        """Look up in another thread; None when the deadline passed."""
        looking = self._readers.submit(self.look_up, asked)
        try:
            return looking.result(self.read_deadline_seconds)
        except TimeoutError:
            # One that has not begun is cancelled; one that has ends by its client's timeout.
            looking.cancel()
            return None

    def finish(self, asked: Asked, decision: Decision | None) -> dict[str, object]:
        """Answer with a JSON object; the exposure and the counts follow.

        Args:
            asked: From `begin`.
            decision: Of `begin` or `look_up`; None when the deadline passed.
        """
        decision = decision or Decision("suppress", "timeout")
        decision_id = self._new_id()
        self._counters.add("logdig_decisions_total", decision=decision.decision, reason=decision.reason)
        self._exposures.add(exposure(asked.app, asked.context, asked.request, decision, decision_id, self._clock()))
        if decision.decision == "show":
            self._follow(asked, decision)
        if self._exposure_wait_seconds:
            self.drain(self._exposure_wait_seconds)
        keeps = decision.decision != "show" and decision.reason not in ASK_AGAIN
        answer: dict[str, object] = {
            "decision_id": decision_id,
            "decision": decision.decision,
            "ad": decision.ad,
            "reason": decision.reason if asked.context.signed else decision.general_reason,
            "ttl_s": TTL_SECONDS if keeps else 0,
        }
        return answer | (_about_the_person(decision) if asked.context.signed else {})

    def drain(self, timeout_seconds: float) -> bool:
        """Wait until every exposure and count is stored or counted as lost; call it when the process ends."""
        until = time.monotonic() + timeout_seconds
        are_counted = self._after.drain(timeout_seconds)
        return self._exposures.drain(max(0.0, until - time.monotonic())) and are_counted

    def _to_read(self, asked: Asked) -> tuple[str, str, date, list[str]]:
        """What to ask the store for: person, app, day, and the budgets that are not known."""
        app, day = asked.app.name, asked.local_now.date()
        return asked.person, app, day, self._budgets.unknown(app, _budgeted(asked), day)

    def _decide(self, asked: Asked, reading: Reading) -> Decision:
        over = self._budgets.spent_ones(asked.app.name, _budgeted(asked), asked.local_now.date(), reading.spent)
        return decide(
            reading.profile,
            asked.offers,
            asked.local_now,
            ads_consent=True,
            counts=reading.counts,
            over_budget=over,
        )

    def _is_counted_first(self, decision: Decision) -> bool:
        """Tell whether the count comes before the answer, so that of many requests at once only one is shown it."""
        return decision.decision == "show" and is_capped_at_one(self._offer(decision))

    def _follow(self, asked: Asked, decision: Decision) -> None:
        """Count a showing after its answer: for the caps, and for the budget."""
        offer, app, day = self._offer(decision), asked.app.name, asked.local_now.date()
        store = self._loop_profiles or self._profiles
        if not is_capped_at_one(offer):
            self._after.add(partial(store.count_show, *_showing(asked, offer), **_caps(offer)))
        if offer.daily_budget is not None:
            self._budgets.add(app, offer.name, day)
            self._after.add(partial(store.spend, app, offer.name, day))

    def _offer(self, decision: Decision) -> OfferSettings:
        return next(offer for offer in self._offers if offer.name == decision.offer)


def _budgeted(asked: Asked) -> list[OfferSettings]:
    return [offer for offer in asked.offers if offer.daily_budget is not None]


def _showing(asked: Asked, offer: OfferSettings) -> tuple[str, str, date]:
    return asked.person, offer.name, asked.local_now.date()


def _caps(offer: OfferSettings) -> _Caps:
    return {"daily_cap": offer.daily_cap, "total_cap": offer.total_cap}


def _unless_capped(decision: Decision, *, is_counted: bool) -> Decision:
    if is_counted:
        return decision
    return replace(decision, decision="suppress", reason="capped", p_show=0.0, would_show=False)


def is_capped_at_one(offer: OfferSettings) -> bool:
    """Tell whether one showing reaches a cap of the offer."""
    return offer.daily_cap == 1 or offer.total_cap == 1


def _about_the_person(decision: Decision) -> dict[str, object]:
    as_of = decision.features_as_of
    return {
        "score": decision.score,
        "model_version": decision.model_version,
        "features_as_of": wire_time(as_of) if as_of else None,
    }
