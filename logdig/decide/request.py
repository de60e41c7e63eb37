"""The body of ``POST /v1/decide``: bytes in, a request or the field at fault out. Pure."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import inspect

from logdig.errors import InvalidEventError
from logdig.events.envelope import PARSER_ERRORS
from logdig.events.fields import Id, Key
from logdig.events.lenient_json import parse_text
from logdig.events.parts import Consent
from logdig.events.validation import faults


class DecideRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body; the collector has checked ``token``. One of ``user_key`` and ``customer_id`` is required."""

    token: str
    placement: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    consent: Consent
    user_key: Key | None = None
    customer_id: Id | None = None


_DECODER = msgspec.json.Decoder(DecideRequest)
_KIND = inspect.type_info(DecideRequest)


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
