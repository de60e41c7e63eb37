"""The client of json_client.py for an event loop: the same calls, one try each. [aws]"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from botocore.exceptions import NoCredentialsError

from logdig.aws.http_pool import Endpoint, HttpResponse, host_and_path
from logdig.aws.json_client import MULTIPLE_CHOICES, Protocol, Signer, error_of, final_error, parsed_body
from logdig.aws.loop_http import LoopConnections
from logdig.aws.sigv4 import Credentials

KEYS_SECONDS = 60.0
"""Keys are asked for again after so long; botocore renews them minutes before they expire."""

_log = logging.getLogger(__name__)


class LoopJsonClient:
    """Client of one service; use it on one event loop.

    Args:
        protocol: See `json_client.PROTOCOLS`.
        region: Region of the signature.
        endpoint: Where the service is.
        credentials: Returns the current keys, None without any; may wait for a service, so it is called in a thread.
    """

    def __init__(
        self, protocol: Protocol, region: str, endpoint: Endpoint, credentials: Callable[[], Credentials | None]
    ) -> None:
        host, self._path = host_and_path(endpoint.url)
        self._signer = Signer(protocol, region, host, self._path)
        self._connections = LoopConnections(endpoint)
        self._credentials = credentials
        self._keys: Credentials | None = None
        self._renewing: asyncio.Future[Credentials | None] | None = None
        self._renew_at = 0.0

    async def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Call one operation, by its name in the service's protocol.

        Raises:
            ClientError: The service answered with an error.
            BotoCoreError: There are no credentials, or no response came.
        """
        keys = await self._current_keys()
        if keys is None:
            raise NoCredentialsError
        body = msgspec.json.encode(arguments)
        headers = self._signer.headers(operation, body, keys, datetime.now(UTC))
        result = await self._connections.post(self._path, headers, body)
        if isinstance(result, HttpResponse):
            if result.status_code < MULTIPLE_CHOICES:
                return parsed_body(result)
            raise final_error(result, error_of(result), operation, 1)
        raise result

    async def _current_keys(self) -> Credentials | None:
        """Give the keys; while they are renewed, those before."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._renew_at and self._renewing is None:
            self._renewing = loop.run_in_executor(None, self._credentials)
            self._renewing.add_done_callback(self._renewed)
        if self._keys is None and self._renewing is not None:
            return await asyncio.shield(self._renewing)
        return self._keys

    def _renewed(self, done: asyncio.Future[Credentials | None]) -> None:
        self._renewing = None
        if done.cancelled():
            return
        if (err := done.exception()) is not None:
            _log.warning("credentials were not renewed: %s", err)
            return
        self._keys = done.result()
        self._renew_at = asyncio.get_running_loop().time() + KEYS_SECONDS
