"""Requests to what was deployed, on AWS or on an emulator."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """Status and body; status 0 = no response, the body says why."""

    status: int
    body: bytes


def send_request(
    url: str, emulator: str | None, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """GET, or POST where there is a body; an error status is returned, not raised.

    Args:
        url: As the stack's outputs give it.
        emulator: Address of the emulator that stands in for AWS; its host names resolve to nothing.
        body: To post.
        headers: Of the request.
    """
    address, host = resolve_address(url, emulator)
    request = urllib.request.Request(address, body, {**(headers or {}), **host})  # noqa: S310 (http or https)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
            return HttpResponse(response.status, response.read())
    except urllib.error.HTTPError as err:
        return HttpResponse(err.code, err.read())
    except OSError as err:
        return HttpResponse(0, str(err).encode())


def resolve_address(url: str, emulator: str | None) -> tuple[str, dict[str, str]]:
    """Address that a URL of AWS is sent to, and the extra headers: on an emulator its own, with the AWS host."""
    if not emulator:
        return url, {}
    parts = urlsplit(url)
    if ".execute-api." in parts.netloc:
        stage, _, path = parts.path.lstrip("/").partition("/")
        return f"{emulator}/restapis/{parts.netloc.split('.')[0]}/{stage}/_user_request_/{path}", {}
    return f"{emulator}{parts.path}", {"Host": parts.netloc}
