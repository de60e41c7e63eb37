"""Where a request came from; the whole address is never stored.

Country and region come from the CDN's headers where the settings trust them, else from a local MMDB file, else they
stay null.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from logdig.addresses import parse_address
from logdig.collect.forwarding import sender_address
from logdig.collect.http import Request
from logdig.config.apps import Network
from logdig.config.settings import Settings
from logdig.config.signatures import ORIGIN_SECRET_VARIABLE
from logdig.errors import SetupError

_log = logging.getLogger(__name__)

COUNTRY_HEADER = "cloudfront-viewer-country"
REGION_HEADER = "cloudfront-viewer-country-region"
ADDRESS_HEADER = "cloudfront-viewer-address"
ORIGIN_SECRET_HEADER = "x-logdig-origin-secret"  # noqa: S105
"""CloudFront adds it to every request that it passes on; a browser's own is overwritten there."""
CODE_CHARACTERS = 8

LookUp = Callable[[str], Any]
"""Address -> record of an MMDB file, or None."""


class Location(msgspec.Struct, frozen=True, gc=False):
    """Where a request came from; ``address`` is for staff lists and limits only."""

    address: str | None = None
    country: str | None = None
    region: str | None = None


class LocationFinder:
    """Finds the location of a request.

    Args:
        origin_secret: CloudFront's headers count in requests that carry it, which only CloudFront knows; without one,
            never.
        look_up: Reads an MMDB file; None without a file.
        proxies: Networks of the proxies whose forwarding headers count; none ignores these headers.
    """

    def __init__(
        self,
        *,
        origin_secret: str = "",
        look_up: LookUp | None = None,
        proxies: Sequence[Network] = (),
    ) -> None:
        self._origin_secret = origin_secret.encode()
        self._look_up = look_up
        self._proxies = tuple(proxies)

    def address(self, request: Request) -> str | None:
        """Return the sender's address: of the CDN's header or a proxy's where trusted, else of the connection."""
        return self._address(request, self._comes_from_cdn(request))

    def _address(self, request: Request, from_cdn: bool) -> str | None:
        viewer = request.header(ADDRESS_HEADER) if from_cdn else None
        if viewer:
            # The header holds address:port.
            return viewer.rpartition(":")[0].strip("[]")
        return sender_address(request, self._proxies) if self._proxies else request.remote_addr

    def _comes_from_cdn(self, request: Request) -> bool:
        """Whether a request carries the origin secret; the comparison takes as long for each wrong one."""
        said = request.header(ORIGIN_SECRET_HEADER) if self._origin_secret else None
        return said is not None and hmac.compare_digest(said.encode(), self._origin_secret)

    def find(self, request: Request) -> Location:
        """Return address, country and region as far as they are known."""
        from_cdn = self._comes_from_cdn(request)
        address = self._address(request, from_cdn)
        if from_cdn:
            country = _code(request.header(COUNTRY_HEADER))
            if country is not None:
                return Location(address, country, _code(request.header(REGION_HEADER)))
        return Location(address, *self._from_file(address))

    def _from_file(self, address: str | None) -> tuple[str | None, str | None]:
        if self._look_up is None:
            return None, None
        parsed = parse_address(address)
        record = None if parsed is None else self._look_up(str(parsed))
        if not isinstance(record, dict):
            return None, None
        subdivisions = record.get("subdivisions")
        first = subdivisions[0] if isinstance(subdivisions, list) and subdivisions else None
        return _code_of(record.get("country")), _code_of(first)


def _code_of(record: object) -> str | None:
    """The code of a country or region: some files hold it as text, others in an object."""
    return _code(record.get("iso_code") if isinstance(record, dict) else record)


def _code(text: object) -> str | None:
    """A code of up to CODE_CHARACTERS letters, digits and '-'; else None."""
    if not isinstance(text, str) or not 1 <= len(text) <= CODE_CHARACTERS:
        return None
    return text if text.isascii() and text.replace("-", "").isalnum() else None


def location_finder(settings: Settings, environment: Mapping[str, str]) -> LocationFinder:
    """Make the finder of the settings; it opens the MMDB file once.

    Args:
        settings: Whether viewer headers may count, the file, the proxies.
        environment: Holds the origin secret.

    Raises:
        SetupError: The file is missing or no MMDB.
    """
    look_up = _open(Path(settings.geo_database)) if settings.geo_database else None
    proxies = tuple(ipaddress.ip_network(network) for network in settings.trusted_proxies)
    secret = environment.get(ORIGIN_SECRET_VARIABLE, "") if settings.trusts_viewer_headers else ""
    if settings.trusts_viewer_headers and not secret:
        cause = "domain is set" if settings.domain else "trust_viewer_headers = true"
        _log.warning("%s, but %s is not: no viewer header counts", cause, ORIGIN_SECRET_VARIABLE)
    return LocationFinder(origin_secret=secret, look_up=look_up, proxies=proxies)


def _open(path: Path) -> LookUp:
    import maxminddb

    try:
        reader = maxminddb.open_database(str(path))
    except (OSError, maxminddb.InvalidDatabaseError) as err:
        raise SetupError(f"geo_database = {str(path)!r}: cannot be read as MMDB: {err}") from err

    def look_up(address: str) -> Any:
        try:
            return reader.get(address)
        except ValueError:  # An IPv6 address in a file of IPv4 networks.
            return None
        except maxminddb.InvalidDatabaseError as err:
            _warn_damaged(str(path), str(err))
            return None

    return look_up


@cache
def _warn_damaged(path: str, reason: str) -> None:
    """Warn once: an event without its country is better than no event."""
    _log.warning("geo_database = %r is damaged, so some countries stay unknown; download it again: %s", path, reason)
