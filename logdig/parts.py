"""The objects inside events. What a Struct does not name is refused."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct

from logdig.fields import (
    Address,
    AnchorIndex,
    Box,
    CustomName,
    DelayMs,
    DurationMs,
    Id,
    Language,
    Maybe,
    Name,
    PixelRatio,
    PropName,
    PropValue,
    ScrollOffset,
    Share,
    Share16,
    Text64,
    Text512,
)


class Part(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, gc=False):
    """Root of every object inside an event: what is not named is refused. Parsed JSON holds no cycles."""


class Consent(Part, frozen=True, kw_only=True):
    """What the person agreed to when the event happened."""

    analytics: bool
    ads: bool


class View(Part, frozen=True, kw_only=True):
    """Viewport, document, scroll (CSS px) and device pixel ratio."""

    vw: Maybe[Box] = UNSET
    vh: Maybe[Box] = UNSET
    dw: Maybe[Box] = UNSET
    dh: Maybe[Box] = UNSET
    sx: Maybe[ScrollOffset] = UNSET
    sy: Maybe[ScrollOffset] = UNSET
    dpr: Maybe[PixelRatio] = UNSET


class Element(Part, frozen=True, kw_only=True):
    """The anchor of a click: ``ex``, ``ey`` in 1/32767 of its box, ``w``, ``h`` in CSS px."""

    selector: Maybe[Text512] = UNSET
    tag: Maybe[Text64] = UNSET
    ex: Maybe[Share16] = UNSET
    ey: Maybe[Share16] = UNSET
    w: Maybe[Box] = UNSET
    h: Maybe[Box] = UNSET
    fixed: Maybe[bool] = UNSET


class FormElement(Part, frozen=True, kw_only=True):
    """A submitted form; never its values."""

    selector: Text512
    tag: Maybe[Text64] = UNSET


class After(Part, frozen=True, kw_only=True):
    """Milliseconds from a click to what followed; null = it did not."""

    mutation_ms: Maybe[DelayMs] = UNSET
    scroll_ms: Maybe[DelayMs] = UNSET
    navigated_ms: Maybe[DelayMs] = UNSET
    hidden_ms: Maybe[DelayMs] = UNSET
    input_ms: Maybe[DelayMs] = UNSET
    watched_ms: Maybe[DelayMs] = UNSET


class PagePart(Part, frozen=True, kw_only=True):
    """Where the visitor came from and what the page calls itself."""

    referrer: Maybe[Address] = UNSET
    title: Maybe[Text512] = UNSET
    language: Maybe[Language] = UNSET


class ScrollPart(Part, frozen=True, kw_only=True):
    """Running totals of one page view; ``depth_px`` = lowest edge of the viewport reached."""

    depth_px: Box
    depth_share: Share
    engaged_ms: DurationMs


class MovePart(Part, frozen=True, kw_only=True):
    """Sampled mouse path: ``[index into anchors or -1, ex, ey, ms since the page view began]``."""

    anchors: Annotated[list[Text512], Meta(max_length=500)]
    points: Annotated[list[tuple[AnchorIndex, Share16, Share16, DurationMs]], Meta(max_length=500)]


class ListenPart(Part, frozen=True, kw_only=True):
    """One track listened to."""

    track_id: Id
    mobile: bool
    zip: Maybe[Text64] = UNSET
    listened_ms: Maybe[DurationMs] = UNSET


class AdPart(Part, frozen=True, kw_only=True):
    """What happened to one showing of an ad."""

    name: Name
    action: Literal["view", "click", "dismiss"]
    decision_id: Maybe[Id] = UNSET
    placement: Maybe[Text64] = UNSET


class CustomPart(Part, frozen=True, kw_only=True):
    """The site's own event."""

    name: CustomName
    props: Maybe[Annotated[dict[PropName, PropValue], Meta(max_length=50)]] = UNSET
