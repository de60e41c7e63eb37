"""Who may write: apps by their token, the origins of their sites, the signatures of their servers."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from logdig.addresses import is_loopback, normal_origin, parse_address
from logdig.config.settings import AppSettings, PreviousToken, Settings
from logdig.config.signatures import signing_secrets, verify
from logdig.times import in_utc

KEPT_IPV4_BITS, KEPT_IPV6_BITS = 24, 48
"""The stored part of an address, where an app keeps it: a network of 256 addresses, or of one customer's site."""

WILDCARD = "*."
LOOPBACK_VARIABLE = "LOGDIG_LOOPBACK_ORIGINS"
"""With the value ``1`` pages of this machine may write for every app, from any port; only `logdig dev` sets it."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_LABELS = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")


@dataclass(frozen=True, slots=True)
class App:
    """One site or service; ``token`` is the one for new pages.

    ``origins`` are in normal form; ``parents`` are those whose subdomains may write, split at the wildcard.
    """

    name: str
    token: str
    origins: frozenset[str] = frozenset()
    parents: tuple[tuple[str, str], ...] = ()
    timezone: str = "UTC"
    allowed_query: frozenset[str] = frozenset()
    staff_networks: tuple[Network, ...] = ()
    previous_tokens: tuple[PreviousToken, ...] = ()
    keeps_network: bool = False
    requests_per_minute: int = 0
    address_requests_per_minute: int = 0
    address_customers_per_hour: int = 0
    admits_loopback: bool = False

    def admits(self, origin: str) -> bool:
        """Tell whether pages of this origin, in normal form, may write."""
        if origin in self.origins or any(_is_below(origin, scheme, host) for scheme, host in self.parents):
            return True
        return self.admits_loopback and is_loopback(origin)

    def is_staff(self, address: str | None) -> bool:
        """Tell whether an address belongs to the owner's staff."""
        parsed = parse_address(address) if self.staff_networks else None
        return parsed is not None and any(parsed in network for network in self.staff_networks)

    def kept_address(self, address: str | None) -> str | None:
        """Return the part of an address that is stored: its network, or None where the app keeps nothing."""
        parsed = parse_address(address) if self.keeps_network else None
        if parsed is None:
            return None
        prefix = KEPT_IPV4_BITS if parsed.version == 4 else KEPT_IPV6_BITS
        return str(ipaddress.ip_network((parsed.packed, prefix), strict=False))


def _is_below(origin: str, scheme: str, host: str) -> bool:
    """Tell whether an origin is ``scheme`` + labels + ``.host``; anchored on both sides."""
    labels = origin.removeprefix(scheme).removesuffix(f".{host}")
    return len(labels) == len(origin) - len(scheme) - len(host) - 1 and _LABELS.fullmatch(labels) is not None


class Apps:
    """All apps that are not disabled, and the signing secrets of their servers."""

    def __init__(
        self,
        apps: Iterable[App],
        secrets: Mapping[str, Sequence[bytes]] | None = None,
        disabled: Iterable[App] = (),
    ) -> None:
        self._apps = tuple(apps)
        self._secrets = dict(secrets or {})
        self._disabled = tuple(disabled)
        self._origins = frozenset().union(*(app.origins for app in self._apps))

    @classmethod
    def from_settings(cls, settings: Settings, environment: Mapping[str, str]) -> Apps:
        """Take the apps of logdig.toml and their secrets of the environment; an app may have several."""
        loopback = environment.get(LOOPBACK_VARIABLE) == "1"
        enabled = [app_from_settings(app) for app in settings.apps if not app.disabled]
        apps = [replace(app, admits_loopback=loopback) for app in enabled]
        secrets = {app.name: signing_secrets(app.name, environment) for app in apps}
        disabled = [app_from_settings(app) for app in settings.apps if app.disabled]
        return cls(apps, secrets, disabled)

    def find(self, token: str, now: datetime) -> App | None:
        """Find the app of a write token, in constant time."""
        return _owner(self._apps, token, now)

    def token_fault(self, token: str, now: datetime) -> str:
        """Name the reason why `find` finds no app: ``token_disabled``, ``token_expired`` or ``token_unknown``."""
        if _owner(self._disabled, token, now) is not None:
            return "token_disabled"
        expired = _owner(self._apps, token, datetime.min.replace(tzinfo=UTC)) is not None
        return "token_expired" if expired else "token_unknown"

    def is_registered(self, origin: str) -> bool:
        """Tell whether any app has this origin, in normal form."""
        return origin in self._origins or any(app.admits(origin) for app in self._apps)

    def signers(self, header: str, body: bytes, now: datetime) -> frozenset[str]:
        """Name the apps whose secret made this signature over the bytes on the wire; none when it is wrong or old."""
        return frozenset(
            name
            for name, secrets in self._secrets.items()
            if any(verify(secret, header, body, now) for secret in secrets)
        )


def _owner(apps: Iterable[App], token: str, now: datetime) -> App | None:
    sought = token.encode("utf-8", "surrogatepass")
    owner = None
    for app in apps:
        if hmac.compare_digest(app.token.encode(), sought):
            owner = app
        for previous in app.previous_tokens:
            if hmac.compare_digest(previous.token.encode(), sought) and now < previous.valid_until:
                owner = app
    return owner


def app_from_settings(settings: AppSettings) -> App:
    """Bring one app of logdig.toml into the form that requests are compared with."""
    exact = (normal_origin(origin) for origin in settings.origins if WILDCARD not in origin)
    below = (normal_origin(origin.replace(WILDCARD, "")) for origin in settings.origins if WILDCARD in origin)
    return App(
        name=settings.name,
        token=settings.token,
        origins=frozenset(origin for origin in exact if origin is not None),
        parents=tuple(_split(origin) for origin in below if origin is not None),
        timezone=settings.timezone,
        allowed_query=frozenset(settings.allowed_query),
        staff_networks=tuple(ipaddress.ip_network(network) for network in settings.staff_addresses),
        previous_tokens=tuple(map(_with_utc_end, settings.previous_tokens)),
        keeps_network=settings.keep_address == "network",
        requests_per_minute=settings.requests_per_minute,
        address_requests_per_minute=settings.address_requests_per_minute,
        address_customers_per_hour=settings.address_customers_per_hour,
    )


def _split(origin: str) -> tuple[str, str]:
    scheme, _, host = origin.partition("://")
    return f"{scheme}://", host


def _with_utc_end(previous: PreviousToken) -> PreviousToken:
    """Read an end that the file gives without a zone as UTC."""
    return PreviousToken(previous.token, in_utc(previous.valid_until))
