"""The server of the decision's bench: ``python bench/decision_server.py dynamodb|redis|memory PORT``.

Everything is the server as it ships; in `memory` the profile store alone is another.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server

from api.asgi import AsgiApp
from api.server import CONNECTIONS_LIMIT, make_app
from logdig.aws.clients import profile_store
from logdig.collect import factory
from logdig.collect.factory import utc_now
from logdig.config.loader import find_settings
from logdig.config.settings import Settings
from logdig.decide.stores.loop_store import LoopStore
from logdig.decide.stores.memory_items import MemoryItems
from logdig.decide.stores.profile_store import ProfileStore
from tests.fakes.loop_items import LoopItemsOf

sys.path.insert(0, str(Path(__file__).resolve().parent))
from decision_store import profile


def shipped() -> AsgiApp:
    settings = find_settings(os.environ)
    if settings.profile_store == "redis":
        profile_store(settings).put([profile()])
    return make_app()


def in_memory() -> AsgiApp:
    items = MemoryItems()
    profiles = ProfileStore(items, utc_now)
    profiles.put([profile()])

    def memory(_settings: Settings, **_options: bool) -> ProfileStore:
        return profiles

    factory.profile_store = memory
    factory.loop_profile_store = lambda _settings: LoopStore(LoopItemsOf(items), utc_now)
    return make_app()


if __name__ == "__main__":
    Server(
        f"decision_server:{'in_memory' if sys.argv[1] == 'memory' else 'shipped'}",
        address="127.0.0.1",
        port=int(sys.argv[2]),
        interface=Interfaces.ASGI,
        factory=True,
        http=HTTPModes.http1,
        backpressure=CONNECTIONS_LIMIT,
        log_level=LogLevels.error,
        websockets=False,
    ).serve()
