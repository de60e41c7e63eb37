"""What a browser saw when it opened a page: plain values, gathered by cli/page_visit.py and judged in `findings`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec

PROBE = "logdig-check"
"""``tracker`` of the requests that the check sends by itself: without events, so nothing is stored."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A script element of the page; ``src`` and ``api`` are absolute, empty where it has none.

    ``api`` is where the collector's paths begin, ``attributes`` are the other ``data-`` attributes by their option's
    name (``sampleRate``).
    """

    src: str
    type: str = ""
    token: str = ""
    api: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Response:
    """A request that the check sent outside of the page, or that the page sent; ``error`` where no response came."""

    url: str
    status: int = 0
    content_type: str = ""
    allow_origin: str = ""
    body: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """A request of the tracker with events: what it sent, and its response."""

    token: str
    types: tuple[str, ...]
    response: Response


@dataclass(frozen=True, slots=True)
class Violation:
    """What the page's Content Security Policy blocked, by directive."""

    directive: str
    blocked: str


@dataclass(frozen=True, slots=True)
class PageFacts:
    """Everything that the browser saw.

    ``page`` is the response of the page itself, ``script`` and ``parts`` are fetched outside of the page. ``loads``
    are the page's own requests for the script and its parts, by URL. ``probe`` is an empty request to the collector
    with the page's origin, sent outside of the page; ``probe_in_page`` the same from inside, and says why it failed.
    """

    url: str
    page: Response
    origin: str = ""
    tags: tuple[Tag, ...] = ()
    is_started: bool = False
    has_policy: bool = False
    has_signal: bool = False
    agreed: bool = False
    script: Response | None = None
    parts: Mapping[str, Response] = field(default_factory=dict)
    loads: Mapping[str, Response] = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()
    warnings: tuple[str, ...] = ()
    api: str = ""
    probe: Response | None = None
    probe_in_page: str = ""
    posts: tuple[Post, ...] = ()

    @property
    def tag(self) -> Tag | None:
        """The tag that counts: the first with a token, else the first."""
        return next((tag for tag in self.tags if tag.token), self.tags[0] if self.tags else None)

    @property
    def token(self) -> str:
        """Token of the tag, else of the first request."""
        return (self.tag.token if self.tag else "") or next((post.token for post in self.posts), "")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; ``ok`` is None where it does not count: not checked, or open until somebody acts."""

    name: str
    ok: bool | None
    what: str
    next_step: str = ""


def is_script(response: Response) -> bool:
    """Tell whether a response is a script rather than, say, a site's own page in its place."""
    return response.status == 200 and ("javascript" in response.content_type or "ecmascript" in response.content_type)


def fault_of(response: Response) -> str:
    """Say why a response is no script."""
    if response.error:
        return response.error
    return f"HTTP {response.status}" if response.status != 200 else response.content_type or "no content type"


def origin_of(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def json_of(body: str) -> Mapping[str, object]:
    """A JSON object, or an empty one where the text is something else."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
