"""The nine event types of ``POST /v1/events``, each a Struct with its rules.

Decoding a Struct checks types, ranges, lengths and unknown fields at once. ``UNSET`` means the field was not sent;
it differs from null, since a stored line keeps the fields as sent. Source: the wire contract, docs/api.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, cast

import msgspec
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import FieldInfo

from logdig.events.fields import (
    Address,
    Coordinate,
    Count,
    DurationMs,
    EventId,
    Id,
    Key,
    Maybe,
    Name,
    PageAddress,
    SampleRate,
    SequenceNumber,
    Text64,
    Timestamp,
    Variant,
)
from logdig.events.parts import (
    AdPart,
    After,
    Consent,
    CustomPart,
    Element,
    FormElement,
    ListenPart,
    MovePart,
    PagePart,
    Part,
    ScrollPart,
    View,
)


class Event(Part, frozen=True, kw_only=True, tag_field="type"):
    """What every event has."""

    event_id: EventId
    seq: SequenceNumber
    timestamp: Timestamp
    user_key: Key
    session_id: Key
    page_view_id: Key
    current_page: PageAddress
    load_count: Count
    spent_milli_sec: DurationMs
    consent: Consent
    link: Maybe[Address] = UNSET
    customer_id: Maybe[Id] = UNSET
    page_version: Maybe[Text64] = UNSET
    view: Maybe[View] = UNSET
    experiments: Maybe[Annotated[dict[Name, Variant], Meta(max_length=50)]] = UNSET
    sample_rate: Maybe[SampleRate] = UNSET
    staff: Maybe[bool] = UNSET


class PageEvent(Event, frozen=True, kw_only=True, tag="page"):
    """A page view began."""

    page: Maybe[PagePart] = UNSET


class ClickEvent(Event, frozen=True, kw_only=True, tag="click"):
    """A click at page coordinates ``x``, ``y`` (CSS px)."""

    x: Coordinate
    y: Coordinate
    element: Element
    after: Maybe[After] = UNSET


class SubmitEvent(Event, frozen=True, kw_only=True, tag="submit"):
    """A form was sent."""

    element: FormElement


class ScrollEvent(Event, frozen=True, kw_only=True, tag="scroll"):
    """How far and how long the page was read."""

    scroll: ScrollPart


class MoveEvent(Event, frozen=True, kw_only=True, tag="move"):
    """A piece of the mouse's path; opt-in."""

    move: MovePart


class ListenEvent(Event, frozen=True, kw_only=True, tag="listen"):
    """A track was listened to."""

    listen: ListenPart


class AdEvent(Event, frozen=True, kw_only=True, tag="ad"):
    """An ad was seen, clicked or dismissed."""

    ad: AdPart


class CustomEvent(Event, frozen=True, kw_only=True, tag="custom"):
    """An event of the site's own."""

    custom: CustomPart


class IdentifyEvent(Event, frozen=True, kw_only=True, tag="identify"):
    """The visitor became a known customer."""

    customer_id: Id


EVENT_TYPES: tuple[type[Event], ...] = (
    PageEvent,
    ClickEvent,
    SubmitEvent,
    ScrollEvent,
    MoveEvent,
    ListenEvent,
    AdEvent,
    CustomEvent,
    IdentifyEvent,
)

BROWSER_FIELDS = ("seq", "user_key", "session_id", "page_view_id", "current_page", "load_count", "spent_milli_sec")
"""Fields that only a browser knows: a signed sender may omit them."""


def _variant(event_type: type[Event], word: str, change: Callable[[FieldInfo], tuple[str, Any, Any]]) -> type[Event]:
    """Make a Struct of the same type whose fields are changed."""
    config = event_type.__struct_config__
    variant = msgspec.defstruct(
        f"{word}{event_type.__name__}",
        [change(field) for field in msgspec.structs.fields(event_type)],
        frozen=True,
        kw_only=True,
        tag_field=config.tag_field,
        tag=config.tag,
        forbid_unknown_fields=True,
        gc=False,
    )
    return cast(type[Event], variant)


def _signed(field: FieldInfo) -> tuple[str, Any, Any]:
    """Let a signed sender omit the browser's fields."""
    if field.name in BROWSER_FIELDS:
        return field.name, field.type | UnsetType | None, UNSET
    return field.name, field.type, field.default


SIGNED_EVENT_TYPES: tuple[type[Event], ...] = tuple(_variant(kind, "Signed", _signed) for kind in EVENT_TYPES)

_FORMS: dict[str, Any] = {
    "event_id": EventId,
    "user_key": Key,
    "session_id": Key,
    "page_view_id": Key,
    "timestamp": Timestamp,
}
# msgspec calls a pattern's search for each field, which costs more than the rest of an event.
_ALL_FORMS = re.compile(
    "\n".join(form.__metadata__[0].pattern.removeprefix("^").removesuffix(r"\Z") for form in _FORMS.values())
)


def _unformed(field: FieldInfo) -> tuple[str, Any, Any]:
    """Accept any text in the fields that `is_formed` checks."""
    return field.name, str if field.name in _FORMS else field.type, field.default


UNFORMED_EVENT_TYPES: tuple[type[Event], ...] = tuple(_variant(kind, "Unformed", _unformed) for kind in EVENT_TYPES)
"""EVENT_TYPES without the patterns of ids and time, which `is_formed` checks at once: 3 times as fast."""


def is_formed(event: Event) -> bool:
    """Check the ids and the time of an unformed event at once; no pattern of theirs allows a line break."""
    texts = f"{event.event_id}\n{event.user_key}\n{event.session_id}\n{event.page_view_id}\n{event.timestamp}"
    return _ALL_FORMS.fullmatch(texts) is not None
