"""The nine event types of ``POST /v1/events``, each one Struct that is its own rule book.

Decoding a Struct checks types, ranges, lengths and unknown fields at once. ``UNSET`` means the field was not sent;
it differs from null, since a stored line keeps the fields as they came. Source: the wire contract, docs/api.md.
"""

from __future__ import annotations

from typing import Annotated, cast

import msgspec
from msgspec import UNSET, Meta, UnsetType

from logdig.fields import (
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
from logdig.parts import (
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
"""What only a browser knows: a signed sender may leave these out."""


def _signed_twin(event_type: type[Event]) -> type[Event]:
    """Make the Struct of a signed sender: the same type, with the browser's fields optional."""
    fields = [
        (field.name, field.type | UnsetType | None, UNSET)
        if field.name in BROWSER_FIELDS
        else (field.name, field.type, field.default)
        for field in msgspec.structs.fields(event_type)
    ]
    config = event_type.__struct_config__
    twin = msgspec.defstruct(
        f"Signed{event_type.__name__}",
        fields,
        frozen=True,
        kw_only=True,
        tag_field=config.tag_field,
        tag=config.tag,
        forbid_unknown_fields=True,
    )
    return cast(type[Event], twin)


SIGNED_EVENT_TYPES: tuple[type[Event], ...] = tuple(_signed_twin(event_type) for event_type in EVENT_TYPES)
