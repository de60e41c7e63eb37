"""Who may look at a deployed dashboard: a token, posted once, becomes a cookie. Source: docs/share.md."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import flask
import msgspec
from throttled import MemoryStore, RateLimiterType, Throttled, per_duration

from dashboard.page import Scope
from dashboard.sending import json_response
from logdig.errors import InputError
from logdig.store.lease import TaggedStore
from logdig.store.state.shares import Share, read_shares, sha256_of_token
from logdig.times import Clock

COOKIE = "__Host-logdig-"
"""The app's name follows, so that who was given two apps can look at both. ``__Host-`` keeps it to this very host."""
REREAD = timedelta(seconds=60)
"""So long a revoked share may still be known."""
COOKIE_TIME = timedelta(days=400)
"""The most that browsers keep."""
MOST_TOKEN = 256
POSTS_A_MINUTE, ADDRESS_POSTS_A_MINUTE = 300, 30
"""Of one process. A token of 256 bits cannot be guessed; the limit keeps the work small."""
LEVELS: Mapping[Scope, int] = {"open": 0, "numbers": 1, "people": 2}


class NoAccessError(InputError):
    """The request has no valid token."""

    http_status = 401


class ForbiddenError(InputError):
    """The token is of another app, or of a smaller scope."""

    http_status = 403


class TooManyPostsError(InputError):
    """Tokens are posted faster than people open links."""

    http_status = 429


class TokenPost(msgspec.Struct, forbid_unknown_fields=True):
    """Body of the post that turns a token into a cookie."""

    token: str


@dataclass(frozen=True, slots=True)
class Access:
    """What a request may see: a scope by app; None = everything, on the owner's machine."""

    scopes: Mapping[str, Scope] | None

    @property
    def apps(self) -> tuple[str, ...] | None:
        """Names of the apps that may be seen; None = all."""
        return None if self.scopes is None else tuple(self.scopes)

    def check(self, app: str, needed: Scope) -> Scope:
        """Return the scope for an app.

        Raises:
            ForbiddenError: It is another app's, or too small.
        """
        if self.scopes is None:
            return "people"
        scope = self.scopes.get(app)
        if scope is None:
            raise ForbiddenError("this access is for another app; ask the owner for a link")
        if LEVELS[scope] < LEVELS[needed]:
            raise ForbiddenError("this access shows numbers, nothing about single persons; ask the owner for more")
        return scope


OWNER = Access(None)


class Gate:
    """Knows the shares, and reads them again when what it knows is older than REREAD.

    Args:
        store: The bucket.
        clock: Time, UTC.
    """

    def __init__(self, store: TaggedStore, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._lock = threading.Lock()
        self._known: dict[str, Share] = {}
        self._read_at: datetime | None = None
        self._all, self._each = _limit(POSTS_A_MINUTE), _limit(ADDRESS_POSTS_A_MINUTE)

    def access(self, cookies: Mapping[str, str]) -> Access:
        """What the cookies of a request may see.

        Raises:
            NoAccessError: None of them is a token that holds.
            StoreUnavailableError: The shares cannot be read.
        """
        tokens = [value for name, value in cookies.items() if name.startswith(COOKIE)]
        shares = [share for token in tokens if (share := self._share(token)) is not None]
        if not shares:
            raise NoAccessError("open the link that the owner of this dashboard sent you; it may have been revoked")
        return Access({share.app: share.scope for share in sorted(shares, key=lambda share: LEVELS[share.scope])})

    def enter(self) -> flask.Response:
        """Answer the post of a token: 204 with a cookie.

        Raises:
            InputError: It is no JSON with a token; only scripts of this host can send JSON, so no foreign page can
                change who looks.
            NoAccessError: The token is unknown, revoked or past its time.
            TooManyPostsError: See POSTS_A_MINUTE.
        """
        request = flask.request
        if self._each.limit(request.remote_addr or "").limited or self._all.limit("all").limited:
            raise TooManyPostsError("too many links were opened; wait a minute and open it again")
        token = _token(request)
        share = self._share(token)
        if share is None:
            raise NoAccessError(
                "this link does not hold: it was revoked, is over, or was cut; one just made works within a minute"
            )
        response = json_response({"app": share.app, "scope": share.scope})
        left = COOKIE_TIME if share.until is None else min(COOKIE_TIME, share.until - self._clock())
        response.set_cookie(
            f"{COOKIE}{share.app}", token, max_age=left, secure=True, httponly=True, samesite="Strict", path="/"
        )
        return response

    def _share(self, token: str) -> Share | None:
        now = self._clock()
        with self._lock:
            if self._read_at is None or now - self._read_at >= REREAD:
                self._known = {share.sha256: share for share in read_shares(self._store)}
                self._read_at = now
            share = self._known.get(sha256_of_token(token))
        return share if share is not None and share.holds(now) else None


def _limit(per_minute: int) -> Any:
    quota = per_duration(timedelta(minutes=1), per_minute, burst=per_minute)
    return Throttled(using=RateLimiterType.GCRA.value, quota=quota, store=MemoryStore(options={"MAX_SIZE": 10_000}))


def _token(request: flask.Request) -> str:
    if request.mimetype != "application/json" or (request.content_length or 0) > MOST_TOKEN:
        raise InputError('post a token as JSON: {"token": "…"}')
    try:
        return msgspec.json.decode(request.get_data(), type=TokenPost).token
    except msgspec.DecodeError as err:
        raise InputError('post a token as JSON: {"token": "…"}') from err
