"""Kept-alive connections to one AWS endpoint; what goes wrong on them is named by botocore's exceptions. [aws]"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import botocore
import urllib3
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from urllib3 import exceptions as seen
from urllib3.util.ssl_ import create_urllib3_context

DEFAULT_PORTS = {"http": 80, "https": 443}
AUTHORITIES = str(Path(botocore.__file__).with_name("cacert.pem"))
"""The file that botocore believes where none is named."""

NAMES: tuple[tuple[tuple[type[Exception], ...], Any], ...] = (
    ((seen.SSLError,), SSLError),
    ((seen.NewConnectionError, socket.gaierror), EndpointConnectionError),
    ((seen.ProxyError,), ProxyConnectionError),
    ((seen.ConnectTimeoutError,), ConnectTimeoutError),
    ((seen.ReadTimeoutError,), ReadTimeoutError),
    ((seen.ProtocolError,), ConnectionClosedError),
    ((Exception,), HTTPClientError),
)
"""What urllib3 raises and how botocore calls it; the first that fits counts."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service is and how long it may take, in seconds; ``authorities`` is a file of certificates."""

    endpoint: str
    authorities: str
    connect_timeout_seconds: float
    read_timeout_seconds: float
    connections: int


class Answer(NamedTuple):
    """What came over the wire; header names are found in any case."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


Outcome = Answer | Exception


class Connections:
    """Posts to one endpoint, through the proxy of the environment where there is one. Safe between threads.

    ``host`` and ``path`` are as they are signed.
    """

    def __init__(self, place: Place) -> None:
        self._endpoint = place.endpoint
        parts = urlsplit(place.endpoint)
        port = "" if parts.port in (None, DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
        name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        self.host = f"{name}{port}"
        self.path = quote(parts.path or "/", safe="/~")
        proxy = None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
        # A proxy for plain HTTP is told the whole address.
        is_forwarded = proxy is not None and parts.scheme == "http"
        self._target = f"http://{self.host}{self.path}" if is_forwarded else self.path
        self._proxy_host = proxy and urlsplit(_address(proxy)).hostname
        self._pool = _manager(place, proxy).connection_from_url(place.endpoint)

    def post(self, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Post once; give the answer, whatever it says, or the exception by which botocore names what went wrong."""
        try:
            answer = self._pool.urlopen(
                "POST",
                self._target,
                body,
                headers,
                retries=False,
                redirect=False,
                assert_same_host=False,
                decode_content=False,
            )
        except Exception as err:
            return self._named(err)
        return Answer(answer.status, answer.headers, answer.data)

    def _named(self, err: Exception) -> Exception:
        name = next(name for kinds, name in NAMES if isinstance(err, kinds))
        found: Exception = name(endpoint_url=self._endpoint, proxy_url=self._proxy_host, error=err)
        return found


def _manager(place: Place, proxy: str | None) -> urllib3.PoolManager:
    timeout = urllib3.Timeout(connect=place.connect_timeout_seconds, read=place.read_timeout_seconds)
    options: dict[str, Any] = {"maxsize": place.connections, "timeout": timeout}
    if place.endpoint.startswith("https:"):
        # One for all connections: reading the authorities takes longer than a handshake.
        options["ssl_context"] = context = create_urllib3_context()
        context.load_verify_locations(place.authorities)
    if proxy is None:
        return urllib3.PoolManager(**options)
    address = _address(proxy)
    user, password = urlsplit(address).username, urlsplit(address).password
    headers = None
    if user and password:
        headers = urllib3.make_headers(proxy_basic_auth=f"{unquote(user)}:{unquote(password)}")
    return urllib3.ProxyManager(address, proxy_headers=headers, **options)


def _address(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy.removeprefix('//')}"
