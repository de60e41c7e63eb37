"""The bytes of a request: size, content type, compression. This module does not interpret them."""

from __future__ import annotations

import zlib
from collections.abc import Collection

from logdig.collect.http import RefusedError, Request
from logdig.errors import InputError

PAYLOAD_BYTES_LIMIT = 1024 * 1024
"""As received, and again after inflating."""
MEMBERS_LIMIT = 64
"""Members of one gzip body: each costs time, however small it is."""
GZIP_WINDOW = 16 + zlib.MAX_WBITS
FORM = "application/x-www-form-urlencoded"
JSON_TYPES = frozenset(("", "application/json", "text/plain"))
"""A missing type is read as JSON; text/plain is what a beacon sends without a preflight."""
COMPRESSED_TYPE = "application/octet-stream"
"""The one type that every Lambda endpoint passes on as bytes."""


def check_size(request: Request) -> None:
    """Refuse a body over the limit.

    Raises:
        RefusedError: 413.
    """
    if len(request.body) > PAYLOAD_BYTES_LIMIT:
        raise _too_large("the body")


def media_type(request: Request) -> str:
    """Name the content type without its parameters; empty when it is missing."""
    return (request.header("content-type") or "").partition(";")[0].strip().lower()


def check_type(request: Request, accepted: Collection[str]) -> bool:
    """Check content type and encoding; return whether the body is gzip.

    Raises:
        RefusedError: 415, for another type, another encoding, several encodings, or gzip of a readable type.
    """
    media = media_type(request)
    encoding = (request.header("content-encoding") or "identity").strip().lower()
    if encoding == "gzip" and media == COMPRESSED_TYPE:
        return True
    if encoding != "identity":
        header = f"Content-Encoding '{_as_list(encoding)[:40]}' of '{_as_list(media)[:80]}'"
        raise RefusedError(415, f"{header}: send {COMPRESSED_TYPE} with gzip, or no encoding")
    if media not in accepted:
        names = ", ".join(sorted(name for name in accepted if name))
        raise RefusedError(415, f"Content-Type '{_as_list(media)[:80]}': send {names}, or gzip as {COMPRESSED_TYPE}")
    return False


def _as_list(value: str) -> str:
    """Write repeated headers alike: some endpoints join them by a comma, others by a comma and a space."""
    return ", ".join(part.strip() for part in value.split(","))


def inflate(body: bytes) -> bytes:
    """Unpack gzip, of up to MEMBERS_LIMIT members, never further than the limit; zeros at the end are padding.

    Raises:
        InputError: Damaged or cut gzip, or too many members.
        RefusedError: 413, it holds more than the limit.
    """
    text, rest = b"", body
    for _ in range(MEMBERS_LIMIT):
        member, rest = _inflate_member(rest, PAYLOAD_BYTES_LIMIT + 1 - len(text))
        text += member
        if len(text) > PAYLOAD_BYTES_LIMIT:
            raise _too_large("the inflated body")
        rest = rest.lstrip(b"\0")
        if not rest:
            return text
    raise InputError(f"the body is gzip of more than {MEMBERS_LIMIT} members; pack it into one")


def _inflate_member(body: bytes, limit: int) -> tuple[bytes, bytes]:
    """Unpack one member, up to a limit; also return the bytes after it."""
    member = zlib.decompressobj(GZIP_WINDOW)
    try:
        text = member.decompress(body, limit)
    except zlib.error as err:
        raise InputError(f"the body is damaged gzip: {err}; send it again") from err
    if len(text) < limit and not member.eof:
        raise InputError("the body is damaged gzip: it is cut; send it again")
    return text, member.unused_data


def _too_large(what: str) -> RefusedError:
    # The true size is unknown: an endpoint stops reading one byte past the limit.
    return RefusedError(413, f"{what} has more than {PAYLOAD_BYTES_LIMIT} bytes; send less at once")
