"""How many requests an app and an address may send: token buckets per process, by the algorithm GCRA.

Each server or Lambda instance has its own; a bucket holds ten seconds' worth. Source: docs/operations.md.
"""

from __future__ import annotations

import ipaddress
import math
import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

from logdig.addresses import parse_address
from logdig.config.apps import App
from logdig.errors import InputError

BURSTS_PER_MINUTE = 6
"""A bucket holds a sixth of a minute's requests, at least one."""
BUCKETS_LIMIT = 50_000
"""Buckets kept at once, about 20 MiB; the least recently used one is dropped first."""
CACHED_ADDRESSES = 4096
IPV6_PREFIX = 64
"""A household has a network of this size; further addresses in it cost nothing."""


class TooManyRequestsError(InputError):
    """An app or address sends faster than its limit; the client keeps its events and tries again."""

    http_status = 429

    def __init__(self, whose: str, requests_per_minute: int, retry_after_seconds: float, code: str) -> None:
        seconds = max(1, math.ceil(retry_after_seconds))
        super().__init__(f"{whose} sends more than {requests_per_minute} requests a minute; wait {seconds} s")
        self.headers = (("Retry-After", str(seconds)),)
        self.code = code


class RateLimits:
    """The buckets of one process; safe between threads."""

    def check(self, app: App, address: str | None, *, signed: bool) -> None:
        """Take one request out of the buckets of its app and its address.

        Args:
            app: Owner of the token; its settings hold both limits, 0 = none.
            address: Of the sender. Signed senders and addresses that are not public (a load balancer, a test) have no
                bucket: many users share them.
        Raises:
            TooManyRequestsError: One of them is empty.
        """
        if app.address_requests_per_minute and address is not None and not signed:
            network = _public_network(address)
            if network is not None:
                per_minute = app.address_requests_per_minute
                self._take("this address", f"address:{app.name}:{network}", per_minute, "rate_address")
        # Second, so that one address that sends too fast does not use up what the app may send.
        if app.requests_per_minute:
            self._take(f"app {app.name}", f"app:{app.name}", app.requests_per_minute, "rate_app")

    def _take(self, whose: str, key: str, per_minute: int, code: str) -> None:
        state = self._limiter(per_minute).limit(key)
        if state.limited:
            raise TooManyRequestsError(whose, per_minute, state.state.retry_after, code)

    @cached_property
    def _store(self) -> Any:
        # Imported on first use: a cold start need not wait for it.
        from throttled import MemoryStore

        return MemoryStore(options={"MAX_SIZE": BUCKETS_LIMIT})

    @cached_property
    def _limiters(self) -> dict[int, Any]:
        return {}

    def _limiter(self, per_minute: int) -> Any:
        if per_minute not in self._limiters:
            from throttled import RateLimiterType, Throttled, per_duration

            quota = per_duration(timedelta(minutes=1), per_minute, burst=max(1, per_minute // BURSTS_PER_MINUTE))
            self._limiters[per_minute] = Throttled(using=RateLimiterType.GCRA.value, quota=quota, store=self._store)
        return self._limiters[per_minute]


class CustomerLimits:
    """Which customers the browsers of each address asked for in this hour; of one process, safe between threads.

    A browser says itself who it is; so one that goes through the ids of others learns little.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: OrderedDict[str, tuple[datetime, set[str]]] = OrderedDict()

    def is_over(self, app: App, address: str | None, customer_id: str | None, now: datetime) -> bool:
        """Note that an address asks for a customer; tell whether it asked for too many different ones.

        Args:
            app: Its settings hold the limit, 0 = none.
            address: Of the browser; addresses that are not public have no limit, since many users share them.
            customer_id: None = a visitor, who is not counted.
            now: Hours begin anew by it.
        """
        most = app.address_customers_per_hour
        network = _public_network(address) if most and address and customer_id is not None else None
        if network is None or customer_id is None:
            return False
        hour, key = now.replace(minute=0, second=0, microsecond=0), f"{app.name}:{network}"
        with self._lock:
            since, customers = self._asked.pop(key, (hour, set()))
            if since != hour:
                customers = set()
            is_over = customer_id not in customers and len(customers) >= most
            if not is_over:
                customers.add(customer_id)
            self._asked[key] = (hour, customers)
            while len(self._asked) > BUCKETS_LIMIT:
                self._asked.popitem(last=False)
        return is_over


@lru_cache(maxsize=CACHED_ADDRESSES)
def _public_network(address: str) -> str | None:
    """Name the network of a public address whose requests are counted together; None for all other addresses."""
    parsed = parse_address(address)
    if parsed is None or not parsed.is_global:
        return None
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))
