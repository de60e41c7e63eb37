"""Commands share clients and keys within a process; each test has its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from logdig.aws import clients, credentials


@pytest.fixture(autouse=True)
def fresh_clients() -> Iterator[None]:
    """Forget the clients, and the keys that they hold, before and after each test."""
    for cached in (clients.client, clients.json_client, credentials.session):
        cached.cache_clear()
    yield
    for cached in (clients.client, clients.json_client, credentials.session):
        cached.cache_clear()
