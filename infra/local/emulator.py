"""Moto as a process: AWS emulated on one machine. Takes the arguments of ``moto.server``.

With the variable FOLDER_VARIABLE its objects and messages are kept in that folder (`infra.local.disk`).

Two of its look-ups cost more than the calls that need them; they are replaced by faster ones with equal results. Its
threads interleave conditional writes of DynamoDB; here they come one after the other, as AWS has them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any

from moto import backends, server
from moto.core.utils import unix_time
from moto.dynamodb.models import DynamoDBBackend
from moto.sqs.models import SQSBackend

from infra.local.disk import Disk, keep_on
from infra.local.run_folder import FOLDER_VARIABLE
from logdig.parent import exit_when_parent_ends


def is_within_retention(backend: Any, queue_name: str, message: Any) -> bool:
    """Tell whether a message is younger than the retention of its queue.

    Moto describes the whole queue for this one number, and so reads every message for each that it delivers.
    """
    retention_seconds: int = backend.get_queue(queue_name).message_retention_period
    return bool(retention_seconds + message.sent_timestamp / 1000 > unix_time())


@cache
def _services() -> tuple[str, ...]:
    """Names of moto's services, read once; moto lists their folders at each request."""
    return tuple(_find_services())


_find_services = backends.list_of_moto_modules


def _one_at_a_time(write: Callable[..., Any]) -> Callable[..., Any]:
    lock = threading.Lock()

    @wraps(write)
    def locked(*arguments: Any, **named: Any) -> Any:
        with lock:
            return write(*arguments, **named)

    return locked


def main() -> None:
    """Serve until the process is ended."""
    queues: Any = SQSBackend
    queues.is_message_valid_based_on_retention_period = is_within_retention
    backends.list_of_moto_modules = _services
    items: Any = DynamoDBBackend
    items.update_item = _one_at_a_time(items.update_item)
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder:
        keep_on(Disk(Path(folder)))
    threading.Thread(target=exit_when_parent_ends, args=(os.getppid(),), daemon=True).start()
    server.main()


if __name__ == "__main__":
    main()
