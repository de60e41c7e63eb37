"""Which failures of a request waiting does not help."""

from __future__ import annotations

import errno
import ipaddress
from urllib.parse import urlsplit

from urllib3.exceptions import HTTPError, NameResolutionError, SSLError

from logdig.errors import SetupError


class NoCollectorError(SetupError):
    """There is no such host, or nothing listens on this machine: waiting does not help."""


def check_reachable(url: str, err: HTTPError, *, has_answered: bool) -> None:
    """End at once where waiting does not help.

    Raises:
        NoCollectorError: An unknown host or a wrong certificate before any answer, or nothing listens on this
            machine.
    """
    host = urlsplit(url).hostname or ""
    if isinstance(err, SSLError) and not has_answered:
        raise NoCollectorError(f"{url}: no TLS connection: {err}") from err
    if isinstance(err, NameResolutionError) and not has_answered:
        raise NoCollectorError(f"{url}: there is no host {host!r}; is --endpoint right?") from err
    if _is_refused(err) and _is_loopback(host):
        raise NoCollectorError(
            f"{url}: nothing listens there; start 'logdig dev', or name the collector with --endpoint"
        ) from err


def _is_refused(err: BaseException | None) -> bool:
    while err is not None:
        if isinstance(err, OSError) and err.errno == errno.ECONNREFUSED:
            return True
        err = err.__cause__ or err.__context__
    return False


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def describe(err: HTTPError) -> str:
    """What failed, without the library's objects in it."""
    text = str(err).rsplit(": ", 1)[-1] if ": " in str(err) else str(err)
    return f"does not answer ({text})"
