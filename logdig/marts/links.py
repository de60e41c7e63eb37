"""Which hosts are the app's own, and what a clicked link leads to: elsewhere, or to a file."""

from __future__ import annotations

import re
from collections.abc import Collection, Container
from dataclasses import dataclass
from urllib.parse import urlsplit

FILE = re.compile(
    r"\.(pdf|xlsx?|docx?|txt|rtf|csv|exe|key|pp(s|t|tx)|7z|pkg|rar|gz|zip|avi|mov|mp4|mpe?g|wmv|midi?|mp3|wav|wma"
    r"|hwpx?|od[tsp]|epub|dmg|msi|apk)$",
    re.IGNORECASE,
)
"""Endings that Google Analytics counts as file downloads (support article 9216061, enhanced measurement), and beside
them Korean and open office documents, books and installers."""
WILDCARD = "*."


@dataclass(frozen=True, slots=True)
class OwnHosts:
    """Hosts of an app's origins, without ports; ``below`` holds those of ``https://*.host``: every host below it."""

    exact: frozenset[str] = frozenset()
    below: tuple[str, ...] = ()

    @classmethod
    def of(cls, origins: Collection[str]) -> OwnHosts:
        """Take the hosts out of origins as logdig.toml has them."""
        exact = {_host(origin) for origin in origins if WILDCARD not in origin}
        below = {_host(origin.replace(WILDCARD, "", 1)) for origin in origins if WILDCARD in origin}
        return cls(frozenset(filter(None, exact)), tuple(f".{host}" for host in sorted(filter(None, below))))

    def __contains__(self, host: object) -> bool:
        """Say whether a host, in lower case and without port, is the app's."""
        return host in self.exact or (isinstance(host, str) and host.endswith(self.below))


@dataclass(frozen=True, slots=True)
class Link:
    """Whether a link leads to a host that is not the app's, and whether to a file; it may do both."""

    out: bool = False
    download: bool = False


def link_of(address: str, own: Container[str]) -> Link:
    """Say what a clicked link leads to.

    Args:
        address: As the event has it; without a host (``mailto:``) it leads nowhere.
        own: Hosts of the app.
    """
    host = _host(address)
    if not host:
        return Link()
    return Link(host not in own, FILE.search(urlsplit(address).path) is not None)


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
