"""Requests to what was deployed, on AWS or on an emulator."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body; status 0 = nobody answered, the body says why."""

    status: int
    body: bytes


def ask(url: str, emulator: str | None, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """GET, or POST where there is a body; never raises for what the other side says.

    Args:
        url: As the stack tells it.
        emulator: Its address, where an emulator stands in for AWS: its own names lead nowhere.
        body: To post.
        headers: Of the request.
    """
    reached, host = reach(url, emulator)
    request = urllib.request.Request(reached, body, {**(headers or {}), **host})  # noqa: S310 (http or https)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return Answer(answer.status, answer.read())
    except urllib.error.HTTPError as err:
        return Answer(err.code, err.read())
    except OSError as err:
        return Answer(0, str(err).encode())


def reach(url: str, emulator: str | None) -> tuple[str, dict[str, str]]:
    """Where an address of AWS is really reached, and the headers that say whom it is for."""
    if not emulator:
        return url, {}
    parts = urlsplit(url)
    if ".execute-api." in parts.netloc:
        stage, _, path = parts.path.lstrip("/").partition("/")
        return f"{emulator}/restapis/{parts.netloc.split('.')[0]}/{stage}/_user_request_/{path}", {}
    return f"{emulator}{parts.path}", {"Host": parts.netloc}
