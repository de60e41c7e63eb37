"""``POST /v1/decide``: one profile read, one answer, one exposure; a failure of ours suppresses the ad."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import msgspec
from msgspec import inspect

from logdig.config.apps import App
from logdig.config.offers import OfferSettings
from logdig.counters import Counters
from logdig.decide.exposures import Exposure, ExposureLog
from logdig.decide.profiles import Profile, ProfileStore, person_key
from logdig.decide.rules import Decision, decide
from logdig.errors import InvalidEventError, ProfileUnavailableError
from logdig.events.envelope import PARSER_ERRORS
from logdig.events.fields import Id, Key
from logdig.events.lenient_json import parse_text
from logdig.events.lines import LineWriter, RequestContext
from logdig.events.parts import Consent
from logdig.events.validation import faults
from logdig.queue.packs import EventSink
from logdig.times import Clock, to_milliseconds, wire_time

READ_DEADLINE_SECONDS = 0.05
"""The page waits: after 50 ms the answer is no ad (design 4.6)."""
READERS = 16
"""Concurrent profile reads: at 1 ms each far more than one process needs."""
TTL_SECONDS = 300
"""How long a page may cache an answer; an answer made without the profile store is not cached."""
TRY_AGAIN = ("timeout", "unavailable")
EXPOSURE = "$exposure"

_log = logging.getLogger(__name__)


class DecideRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body; the collector has checked ``token``. One of ``user_key`` and ``customer_id`` is required."""

    token: str
    placement: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    consent: Consent
    user_key: Key | None = None
    customer_id: Id | None = None


_DECODER = msgspec.json.Decoder(DecideRequest)
_KIND = inspect.type_info(DecideRequest)


class Decider:
    """Answers for one process; safe to use from many threads at once."""

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
    ) -> None:
        """Build the service.

        Args:
            exposure_wait_seconds: 0 where the process lives on (a server); 0.02 where it is frozen after its answer
                (Lambda).
        """
        self._profiles = profiles
        self._exposures = ExposureLog(sink, counters or Counters())
        self._offers = tuple(offers)
        self._clock = clock
        self._new_id = new_id
        self._exposure_wait_seconds = exposure_wait_seconds
        self._read_deadline_seconds = read_deadline_seconds
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="profiles")

    @property
    def exposure_lost(self) -> int:
        """Exposures of this process that could not be stored."""
        return self._exposures.lost

    def answer(self, app: App, body: bytes, *, signed: bool) -> tuple[int, dict[str, object]]:
        """Answer one request with an HTTP status and a JSON object.

        Args:
            app: Whose token the body holds.
            signed: The request comes from a server with the app's secret, which gets everything about the person.
        Raises:
            InputError: The body is no JSON; the caller answers 400.
            InvalidEventError: A field breaks its rule; the same.
        """
        request = parse(body)
        offers = [offer for offer in self._offers if offer.placement == request.placement]
        decision = self._decide(app, request, offers)
        decision_id = self._new_id()
        self._log(app, request, decision, decision_id)
        answer: dict[str, object] = {
            "decision_id": decision_id,
            "decision": decision.decision,
            "ad": decision.ad,
            "reason": decision.reason if signed else decision.general_reason,
            "ttl_s": 0 if decision.reason in TRY_AGAIN else TTL_SECONDS,
        }
        return 200, answer | (_about_the_person(decision) if signed else {})

    def drain(self, timeout_seconds: float) -> bool:
        """Wait until every exposure is stored or counted as lost; call it when the process ends."""
        return self._exposures.drain(timeout_seconds)

    def _decide(self, app: App, request: DecideRequest, offers: Sequence[OfferSettings]) -> Decision:
        now = self._clock()
        allowed = request.consent.ads
        if not (allowed and offers):
            # No lookup without need.
            return decide(None, offers, now, ads_consent=allowed)
        person = person_key(app.name, customer_id=request.customer_id, user_key=request.user_key)
        try:
            return decide(self._read(person), offers, now, ads_consent=allowed)
        except TimeoutError:
            return Decision("suppress", "timeout")
        except ProfileUnavailableError as err:
            _log.warning("profile not read: %s", err)
            return Decision("suppress", "unavailable")

    def _read(self, person: str) -> Profile | None:
        reading = self._readers.submit(self._profiles.get, person)
        try:
            return reading.result(self._read_deadline_seconds)
        finally:
            # A read that has not begun is cancelled; one that has ends by its client's timeout.
            reading.cancel()

    def _log(self, app: App, request: DecideRequest, decision: Decision, decision_id: str) -> None:
        now = to_milliseconds(self._clock())
        fields = _exposure(request, decision, decision_id) | {"timestamp": wire_time(now)}
        writer = LineWriter(RequestContext(now, app.name, app.token, user_agent=None, bot=False), app.allowed_query)
        self._exposures.add(Exposure(app.name, now, writer.line_of_fields(fields, now)))
        if self._exposure_wait_seconds:
            self._exposures.drain(self._exposure_wait_seconds)


def parse(body: bytes) -> DecideRequest:
    """Read the body strictly.

    Raises:
        InputError: It cannot be read at all.
        InvalidEventError: A field is missing, unknown or breaks its rule; names it.
    """
    try:
        request = _DECODER.decode(body)
    except PARSER_ERRORS as err:
        raise _first_fault(body, str(err)) from err
    if request.user_key is None and request.customer_id is None:
        raise InvalidEventError("user_key", "neither user_key nor customer_id is given; send one of them")
    return request


def _first_fault(body: bytes, parser_reason: str) -> InvalidEventError:
    """Name the fault that made the fast parser fail; raises UnreadableError when the body is no JSON."""
    value = parse_text(body.decode("utf-8", "surrogateescape"))
    fault = next(faults(_KIND, value), None)
    return InvalidEventError(fault.field, fault.reason) if fault else InvalidEventError("", parser_reason)


def _exposure(request: DecideRequest, decision: Decision, decision_id: str) -> dict[str, object]:
    """Make the event of one answer; without consent to analytics it does not name the person."""
    named = request.consent.analytics
    props = {
        "decision_id": decision_id,
        "decision": decision.decision,
        "reason": decision.reason,
        "offer": decision.offer,
        "placement": request.placement,
        "model_version": decision.model_version,
        "score": decision.score,
    }
    return {
        "event_id": decision_id,
        "type": "custom",
        "user_key": request.user_key if named else None,
        "customer_id": request.customer_id if named else None,
        "consent": request.consent,
        "custom": {"name": EXPOSURE, "props": props},
    }


def _about_the_person(decision: Decision) -> dict[str, object]:
    as_of = decision.features_as_of
    return {
        "score": decision.score,
        "model_version": decision.model_version,
        "features_as_of": wire_time(as_of) if as_of else None,
    }
