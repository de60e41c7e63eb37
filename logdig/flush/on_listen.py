"""What a flush does about the listens that it has just written, within `max_age` instead of once a day.

Reactions come after writing and deleting, and never harm either: one that fails is counted, and the daily run makes up
for it (docs/flush.md, "On a listen").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

import msgspec

from logdig.config.offers import OfferSettings
from logdig.config.settings import Settings
from logdig.decide.interests import InterestReaction, Listen
from logdig.errors import LogDigError
from logdig.flush.report import FlushReport

Reaction = Callable[[Sequence[Listen], datetime], None]
"""Takes listens that are stored, and the present time, UTC; may be given the same listen again."""
LISTENS_AT_ONCE = 1_000
MOST_WAITING = 50_000
"""Listens that one run holds, about 15 MB; what is above is left to the daily run, and counted."""
MARK = b'"listen"'


class _Consent(msgspec.Struct):
    analytics: bool | None = None
    ads: bool | None = None


class _Track(msgspec.Struct):
    track_id: str


class _Line(msgspec.Struct):
    """What is read of a stored line."""

    type: str
    app: str
    event_id: str
    occurred_at: datetime
    customer_id: str | None = None
    user_key: str | None = None
    bot: bool | None = None
    staff: bool | None = None
    consent: _Consent | None = None
    listen: _Track | None = None


_DECODER = msgspec.json.Decoder(_Line)


def listen_of(line: bytes) -> Listen | None:
    """The listen of a stored line; None for another event, a bot's, staff's, or of somebody who refused."""
    if MARK not in line:
        return None
    try:
        read = _DECODER.decode(line)
    except msgspec.DecodeError:
        # A foreign pack's; ingest tells what is wrong with it.
        return None
    consent = read.consent or _Consent()
    if read.type != "listen" or read.listen is None or read.bot or read.staff or consent.analytics is False:
        return None
    return Listen(
        read.app, read.event_id, read.occurred_at, read.customer_id, read.user_key, read.listen.track_id,
        bool(consent.ads),
    )  # fmt: skip


class ListenReactions:
    """The listens of one run, by message until they are written, and what is done about them."""

    def __init__(self, reactions: Sequence[Reaction]) -> None:
        """Take what is to be done, in order."""
        self._reactions = reactions
        self._waiting: dict[str, list[Listen]] = {}
        self._written: list[Listen] = []
        self._held = 0

    def watch(self, lines: Iterable[bytes], message_id: str, report: FlushReport) -> Iterator[bytes]:
        """Pass the lines of a message on, and note its listens."""
        for line in lines:
            listen = listen_of(line)
            if listen is not None and self._held < MOST_WAITING:
                self._waiting.setdefault(message_id, []).append(listen)
                self._held += 1
            elif listen is not None:
                report.reactions_failed += 1
            yield line

    def wrote(self, message_ids: Iterable[str]) -> None:
        """Note that messages are written."""
        for message_id in message_ids:
            self._written += self._waiting.pop(message_id, [])

    def run(self, report: FlushReport, clock: Callable[[], datetime], deadline: datetime) -> None:
        """Have every reaction take the written listens, until the deadline."""
        for start in range(0, len(self._written), LISTENS_AT_ONCE):
            some = self._written[start : start + LISTENS_AT_ONCE]
            for reaction in self._reactions:
                if clock() >= deadline or not _succeeds(reaction, some, clock(), report):
                    report.reactions_failed += len(some)
            report.listens += len(some)
        self._written = []


def _succeeds(reaction: Reaction, listens: Sequence[Listen], now: datetime, report: FlushReport) -> bool:
    try:
        reaction(listens, now)
    except Exception as err:
        # Whatever a reaction does, events are stored: the flush goes on, and the report says what failed.
        reason = err.message if isinstance(err, LogDigError) else f"{type(err).__name__}: {err}"
        report.reaction_errors[:] = [*report.reaction_errors, reason][:10]
        return False
    return True


def reactions_of(settings: Settings) -> list[Reaction]:
    """What the owner has switched on; nothing without ``flush.on_listen``."""
    if not settings.flush.on_listen:
        return []
    from logdig.aws.message_sender import listen_messages

    makers: list[Callable[[], Reaction]] = [partial(_interests, settings)]
    makers += [partial(_segment, settings, offer) for offer in settings.offers if offer.segments_app]
    messages = listen_messages(settings)
    return [*map(_Later, makers), *([messages] if messages else [])]


class _Later:
    """A reaction that is made when it is first needed: clients that cannot be made must not stop a flush."""

    def __init__(self, make: Callable[[], Reaction]) -> None:
        self._make = make
        self._made: Reaction | None = None

    def __call__(self, listens: Sequence[Listen], now: datetime) -> None:
        if self._made is None:
            self._made = self._make()
        self._made(listens, now)


def _interests(settings: Settings) -> Reaction:
    from logdig.aws.clients import profile_store

    return InterestReaction(profile_store(settings), timedelta(days=settings.listening.interest_days))


def _segment(settings: Settings, offer: OfferSettings) -> Reaction:
    """The reaction for older clients."""
    from logdig.aws.clients import profile_store, redis_client
    from logdig.config.apps import app_from_settings
    from logdig.decide.channels import ListenSegment
    from logdig.decide.stores.redis_items import Segments2016

    app = next(app for app in settings.apps if app.name == offer.segments_app)
    return ListenSegment(profile_store(settings), Segments2016(redis_client()), app_from_settings(app), offer)
