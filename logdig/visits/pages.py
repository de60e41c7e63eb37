"""Which page an address is: hosts together, without campaigns, then the owner's groups."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from logdig.addresses import CAMPAIGN_PARAMETERS, is_loopback, normal_origin

INDEX = re.compile(r"/index\.html$")
"""What most hosts serve under the folder's own address."""


@dataclass(frozen=True, slots=True)
class Page:
    """``host`` in lower case with its port, empty where the address has none; ``path`` is the page."""

    host: str
    path: str


def page_of(address: str, allowed: Collection[str] = ()) -> Page:
    """Say which page an address is, before the owner's groups.

    Args:
        address: As the event has it; one that cannot be parsed is its own path.
        allowed: Query parameters that the app keeps; they are sorted, others and campaigns are dropped. A fragment
            stays as it was sent.
    """
    try:
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2].lower()
    except ValueError:
        return Page("", address)
    path = INDEX.sub("/", parts.path) or "/"
    # What of a fragment is kept the tracker has decided.
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return Page(host, f"{path}{_query(parts.query, allowed)}{fragment}")


def address_of(host: str, path: str, origins: Collection[str] = ()) -> str:
    """Address of a page: HTTPS, unless the app's origins or this machine say otherwise."""
    plain = f"http://{host}"
    is_plain = plain in origins or is_loopback(normal_origin(plain) or "")
    return f"{plain if is_plain else f'https://{host}'}{path}"


def _query(query: str, allowed: Collection[str]) -> str:
    pairs = (pair for pair in query.split("&") if pair)
    kept = [pair for pair in pairs if (name := pair.partition("=")[0]) in allowed and name not in CAMPAIGN_PARAMETERS]
    return f"?{'&'.join(sorted(kept))}" if kept else ""


def matches(pattern: str, path: str) -> bool:
    """Say whether a page fits a pattern, in which ``*`` stands for any text, slashes too."""
    return _expression(pattern).fullmatch(path) is not None


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, re.split(r"\*+", pattern))), re.DOTALL)


def grouped(path: str, patterns: Sequence[str]) -> str:
    """Name the owner's group of a page: the first pattern that it fits, else the page itself."""
    return next((pattern for pattern in patterns if matches(pattern, path)), path)
