"""kill -9 of the whole server at random moments under load: whatever was acknowledged is in the queue."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable

from tests.faults.conftest import Load, Queue, Server

KILLS = 200 if os.environ.get("LOGDIG_FULL") == "1" else 6
CONNECTIONS = 16


def test_nothing_acknowledged_is_lost_when_the_server_is_killed_under_load(
    queue: Queue, start: Callable[..., Server]
) -> None:
    chance = random.Random(KILLS)
    acknowledged: set[str] = set()

    for _ in range(KILLS):
        # Slow enough that messages are under way when it ends, and answers too.
        queue.control(seconds=chance.choice((0.0, 0.008, 0.05)))
        server = start()
        load = Load(server.port).start(CONNECTIONS)
        least = chance.randrange(1, 200)
        load.wait_for(lambda seen, least=least: len(seen.acknowledged) >= least)  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.05))
        server.kill()
        load.stop()
        server.process.wait(30)
        acknowledged |= load.acknowledged

    assert len(acknowledged) >= KILLS
    assert acknowledged - queue.stored() == set()
