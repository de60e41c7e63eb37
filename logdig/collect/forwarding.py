"""The sender's address behind trusted proxies, from ``X-Forwarded-For`` or ``Forwarded`` (RFC 7239).

Each proxy appends the address that it was called from, so only what trusted proxies wrote counts: the list is read
from the right, over the trusted ones, to the first address that is none of them. What stands left of it, anyone may
have written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from logdig.addresses import parse_address
from logdig.collect.http import Request
from logdig.config.apps import Network

_PORT = r"(?::[A-Za-z0-9._-]+)?"
_NODE = re.compile(rf"\[([0-9A-Fa-f:.]+)\]{_PORT}|([0-9.]+){_PORT}|([0-9A-Fa-f:.]+)")
"""An IPv6 address in brackets or an IPv4 address, each with or without a port, or a bare IPv6 address."""
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# Some proxies leave out the quotes that a colon or bracket needs.
_PAIR = re.compile(rf'[ \t]*({_NAME})=(?:"((?:[^"\\]|\\.)*+)"|([^\s",;\\]+))[ \t]*', re.DOTALL)
# No groups inside: Python 3.11 fails at groups that a possessive quantifier repeats.
_PART = re.sub(r"\((?!\?)", "(?:", _PAIR.pattern)
_ELEMENT = re.compile(rf"(?:{_PART}|[ \t]*)(?:;(?:{_PART}|[ \t]*))*+", re.DOTALL)
HOPS_LIMIT = 32
"""Trusted proxies that are read over; behind more of them the address is unknown."""
COMMAS_LIMIT = 16
"""Pieces between commas that one element may have, inside quotes; more is no element."""


def sender_address(request: Request, proxies: Sequence[Network]) -> str | None:
    """Find the address that the outermost trusted proxy was called from.

    Args:
        request: Its connection comes from a proxy, or from the sender; then no header counts.
        proxies: Networks of the trusted proxies.
    Returns:
        The address; None where a proxy hides it (``unknown``, ``_name``) or wrote what is no address. Without any of
        the two headers the address of the connection. ``X-Forwarded-For`` counts where both are there.
    """
    hop = request.remote_addr
    if not _is_among(hop, proxies):
        return hop
    for hops, node in enumerate(_nodes_from_right(request), 1):
        hop = _address(node) if hops <= HOPS_LIMIT else None
        if not _is_among(hop, proxies):
            return hop
    return hop


def _is_among(address: str | None, networks: Iterable[Network]) -> bool:
    parsed = parse_address(address)
    return parsed is not None and any(parsed in network for network in networks)


def _nodes_from_right(request: Request) -> Iterator[str]:
    hops = request.header("x-forwarded-for")
    if hops is not None:
        nodes = (node.strip(" \t").strip('"') for node in reversed(hops.split(",")))
        return (node for node in nodes if node)
    return _forwarded_nodes(request.header("forwarded") or "")


def _forwarded_nodes(header: str) -> Iterator[str]:
    """Yield what each element of ``Forwarded`` has under ``for``, from the right; empty where it has none.

    Of the texts that end here the shortest that reads as an element is one, so that an open quote, which the sender
    may have written, swallows nothing of what proxies appended.
    """
    pieces: list[str] = []
    for piece in reversed(header.split(",")):
        if not pieces and not piece.strip(" \t"):
            continue
        pieces.insert(0, piece)
        element = ",".join(pieces)
        if _ELEMENT.fullmatch(element):
            pairs = {name.lower(): _unquoted(quoted) or plain for name, quoted, plain in _PAIR.findall(element)}
            yield pairs.get("for", "")
            pieces = []
        elif len(pieces) == COMMAS_LIMIT:
            break
    if pieces:
        yield ""


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _address(node: str) -> str | None:
    match = _NODE.fullmatch(node)
    parsed = parse_address(match[1] or match[2] or match[3]) if match else None
    return None if parsed is None else str(parsed)
