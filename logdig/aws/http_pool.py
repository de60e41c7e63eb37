"""Kept-alive connections to one AWS endpoint; their errors are botocore's. [aws]"""

from __future__ import annotations

import socket
import ssl
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
from urllib3 import exceptions as urllib3_errors
from urllib3.util.ssl_ import create_urllib3_context

DEFAULT_PORTS = {"http": 80, "https": 443}
AUTHORITIES = str(Path(botocore.__file__).with_name("cacert.pem"))
"""The certificate authorities that botocore trusts by default."""

BOTOCORE_ERRORS: tuple[tuple[tuple[type[Exception], ...], Any], ...] = (
    ((urllib3_errors.SSLError,), SSLError),
    ((urllib3_errors.NewConnectionError, socket.gaierror), EndpointConnectionError),
    ((urllib3_errors.ProxyError,), ProxyConnectionError),
    ((urllib3_errors.ConnectTimeoutError,), ConnectTimeoutError),
    ((urllib3_errors.ReadTimeoutError,), ReadTimeoutError),
    ((urllib3_errors.ProtocolError,), ConnectionClosedError),
    ((Exception,), HTTPClientError),
)
"""Errors of urllib3 and the botocore error that each becomes; the first match counts."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Address and timeouts (seconds) of a service; ``authorities`` is a file of certificates."""

    url: str
    authorities: str
    connect_timeout_seconds: float
    read_timeout_seconds: float
    connections: int


class HttpResponse(NamedTuple):
    """A response as received; header names are case-insensitive."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


HttpResult = HttpResponse | Exception


class Connections:
    """Posts to one endpoint, through the proxy of the environment where there is one. Safe between threads.

    ``host`` and ``path`` are the ones to sign.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._url = endpoint.url
        self.host, self.path = host_and_path(endpoint.url)
        proxy = proxy_of(endpoint.url)
        # A proxy for plain HTTP needs the whole address.
        is_forwarded = proxy is not None and endpoint.url.startswith("http:")
        self._target = f"http://{self.host}{self.path}" if is_forwarded else self.path
        self._proxy_host = proxy and urlsplit(_address(proxy)).hostname
        self._pool = _manager(endpoint, proxy).connection_from_url(endpoint.url)

    def post(self, headers: Mapping[str, str], body: bytes) -> HttpResult:
        """Post once; return the response, whatever its status, or the botocore error that describes the failure."""
        try:
            response = self._pool.urlopen(
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
            return self._as_botocore_error(err)
        return HttpResponse(response.status, response.headers, response.data)

    def _as_botocore_error(self, err: Exception) -> Exception:
        name = next(name for kinds, name in BOTOCORE_ERRORS if isinstance(err, kinds))
        named: Exception = name(endpoint_url=self._url, proxy_url=self._proxy_host, error=err)
        return named


def proxy_of(url: str) -> str | None:
    """The proxy that the environment names for an address, None without one."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)


def tls_context(authorities: str) -> ssl.SSLContext:
    """One context for all connections of an endpoint: loading the authorities takes longer than a handshake."""
    context = create_urllib3_context()
    context.load_verify_locations(authorities)
    return context


def host_and_path(url: str) -> tuple[str, str]:
    """The host, with its port where that is no default, and the escaped path to sign."""
    parts = urlsplit(url)
    port = "" if parts.port in (None, DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{name}{port}", quote(parts.path or "/", safe="/~")


def _manager(endpoint: Endpoint, proxy: str | None) -> urllib3.PoolManager:
    timeout = urllib3.Timeout(connect=endpoint.connect_timeout_seconds, read=endpoint.read_timeout_seconds)
    options: dict[str, Any] = {"maxsize": endpoint.connections, "timeout": timeout}
    if endpoint.url.startswith("https:"):
        options["ssl_context"] = tls_context(endpoint.authorities)
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
