"""Page addresses and origins: what may be kept of the one, and how the other is compared."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from functools import lru_cache

CAMPAIGN_PARAMETERS = frozenset(("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"))
DEFAULT_PORTS = {"http": "80", "https": "443"}
ORIGIN_CHARACTERS = 300
"""Scheme, a host name of 253, a port, and some to spare; longer ones are no origin and are not remembered."""
CACHED_ORIGINS = 1024

_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[^/?#@\\:\[\]\s,]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?")
_IDEOGRAPHIC_DOTS = "\u3002\uff0e\uff61"


def drop_query(address: str, allowed: Collection[str]) -> str:
    """Drop the query string but for campaign parameters and those allowed; also inside a fragment.

    Args:
        address: A page's address or any text; without a ``?`` it comes back unchanged.
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
    """Bring an origin into the one form that is compared; None when it is no web origin.

    Scheme and host become lower case, the default port goes, the host becomes IDNA 2008. Nothing else is forgiven:
    ``null``, a slash or dot at the end, user information, two origins in one header.
    """
    return _normal_origin(origin) if len(origin) <= ORIGIN_CHARACTERS else None


@lru_cache(maxsize=CACHED_ORIGINS)
def _normal_origin(origin: str) -> str | None:
    match = _ORIGIN.fullmatch(_lower(origin))
    host = _ascii_host(match["host"]) if match else None
    if match is None or host is None:
        return None
    port = match["port"]
    suffix = f":{port}" if port is not None and port != DEFAULT_PORTS[match["scheme"]] else ""
    return f"{match['scheme']}://{host}{suffix}"


def _lower(text: str) -> str:
    """Lower the case, but let no foreign letter become an ASCII one (the Kelvin sign would become k)."""
    if text.isascii():
        return text.lower()
    return "".join(letter.lower() if letter.isascii() or not letter.lower().isascii() else letter for letter in text)


def _ascii_host(host: str) -> str | None:
    if host.isascii():
        return host
    if any(dot in host for dot in _IDEOGRAPHIC_DOTS):
        return None
    # Imported when needed, which is seldom: its tables are large.
    import idna

    try:
        return idna.encode(host).decode()
    except (idna.IDNAError, UnicodeError):
        return None


def parse_address(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address; None when it is none. One of IPv4 inside IPv6 is the one of IPv4."""
    try:
        found = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found
