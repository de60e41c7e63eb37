"""Page addresses and origins: which query parameters are kept, and how origins are compared."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from functools import lru_cache

CAMPAIGN_PARAMETERS = frozenset(("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"))
DEFAULT_PORTS = {"http": "80", "https": "443"}
ORIGIN_CHARACTERS = 300
"""Scheme, a host name of 253, a port, and some to spare; longer texts are no origin and are not cached."""
CACHED_ORIGINS = 1024
PORT_LIMIT = 65_535

OPAQUE_SCHEMES = frozenset(("about", "blob", "data", "file", "ftp", "javascript"))
"""No page of these schemes sends an origin of its own: browsers send ``null``."""

_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[^/?#@\\:\[\]\s,]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?"
)
_LOOPBACK = re.compile(r"https?://(([a-z0-9-]+\.)*localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")
_IDEOGRAPHIC_DOTS = "\u3002\uff0e\uff61"


def drop_query(address: str, allowed: Collection[str]) -> str:
    """Drop the query string except campaign and allowed parameters; also inside a fragment.

    Args:
        address: A page's address or any text; without a ``?`` it is returned unchanged.
        allowed: Names that the app keeps, beside CAMPAIGN_PARAMETERS.
    """
    if "?" not in address:
        return address
    return "#".join(_drop_query(part, allowed) for part in address.split("#"))


def _drop_query(part: str, allowed: Collection[str]) -> str:
    path, _, query = part.partition("?")
    kept = [pair for pair in query.split("&") if _kept(pair.partition("=")[0], allowed)]
    return f"{path}?{'&'.join(kept)}" if kept else path


def _kept(name: str, allowed: Collection[str]) -> bool:
    return name in CAMPAIGN_PARAMETERS or name in allowed


def normal_origin(origin: str) -> str | None:
    """Normalize an origin for comparison; None when it is none.

    Scheme and host become lower case, the default port goes, the host becomes IDNA 2008. Apps and extensions have
    schemes of their own, such as ``capacitor://localhost``. Anything else is refused: ``null``, a slash at the end,
    user information, two origins in one header.
    """
    return _normal_origin(origin) if len(origin) <= ORIGIN_CHARACTERS else None


def is_loopback(origin: str) -> bool:
    """Tell whether an origin, in normal form, is of a page that this machine serves itself, on any port."""
    return _LOOPBACK.fullmatch(origin) is not None


@lru_cache(maxsize=CACHED_ORIGINS)
def _normal_origin(origin: str) -> str | None:
    match = _ORIGIN.fullmatch(_lower(origin))
    host = _ascii_host(match["host"]) if match else None
    if match is None or host is None or match["scheme"] in OPAQUE_SCHEMES:
        return None
    port = match["port"]
    if port is not None and int(port) > PORT_LIMIT:
        return None
    suffix = f":{port}" if port is not None and port != DEFAULT_PORTS.get(match["scheme"]) else ""
    return f"{match['scheme']}://{host}{suffix}"


def _lower(text: str) -> str:
    """Lower the case, but never turn another letter into an ASCII one (the Kelvin sign would become k)."""
    if text.isascii():
        return text.lower()
    return "".join(letter.lower() if letter.isascii() or not letter.lower().isascii() else letter for letter in text)


def _ascii_host(host: str) -> str | None:
    if host.isascii():
        return host
    if any(dot in host for dot in _IDEOGRAPHIC_DOTS):
        return None
    # Imported on demand, which is rare: its tables are large.
    import idna

    try:
        return idna.encode(host).decode()
    except (idna.IDNAError, UnicodeError):
        return None


def parse_address(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an IP address without its zone (``%eth0``); None for other texts.

    An IPv4 address mapped into IPv6 is returned as IPv4.
    """
    try:
        parsed = ipaddress.ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, ipaddress.IPv6Address) else parsed
