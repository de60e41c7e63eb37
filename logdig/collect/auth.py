"""Who may write, in two steps: the sender, which is known before the body is read, then the app of its token."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec

from logdig.addresses import normal_origin
from logdig.collect.body import check_size, check_type, inflate
from logdig.collect.enrichment import LocationFinder
from logdig.collect.http import RefusedError, Request
from logdig.collect.rate_limits import CustomerLimits, RateLimits
from logdig.config.apps import App, Apps
from logdig.config.signatures import SIGNATURE_AGE_SECONDS, SIGNATURE_HEADER
from logdig.events.lines import RequestContext
from logdig.events.user_agents import clean_user_agent, is_bot


class Caller(msgspec.Struct, frozen=True, gc=False):
    """The sender of a request.

    ``origin`` is in normal form and registered for some app; ``signers`` are the apps whose secret signed the body.
    At least one of them is set.
    """

    origin: str | None
    signers: frozenset[str] | None

    @property
    def signed(self) -> bool:
        return self.signers is not None


def registered_origin(request: Request, apps: Apps) -> str | None:
    """Find the request's origin, in normal form, when one app or more have it; else None."""
    values = request.values("origin")
    origin = normal_origin(values[0]) if len(values) == 1 else None
    return origin if origin is not None and apps.is_registered(origin) else None


def admit_caller(request: Request, apps: Apps, now: datetime) -> Caller:
    """Refuse a sender without a registered origin or a valid signature.

    Raises:
        RefusedError: 401 for a wrong or old signature; 403 for an unknown origin, or neither origin nor signature.
    """
    signature = request.header(SIGNATURE_HEADER)
    signers = None
    if signature is not None:
        signers = apps.signers(signature, request.body, now)
        if not signers:
            raise RefusedError(
                401,
                "X-LogDig-Signature is malformed, wrong, or more than "
                f"{SIGNATURE_AGE_SECONDS} s from our clock; sign the bytes that are sent, with the app's secret",
                code="signature",
            )
    origin = None
    if request.values("origin"):
        origin = registered_origin(request, apps)
        if origin is None:
            message = "this Origin is registered for no app; add it to the app's origins in logdig.toml"
            raise RefusedError(403, message, code="origin_unknown")
    elif signers is None:
        message = "neither Origin nor X-LogDig-Signature; browsers send the first, servers must sign"
        raise RefusedError(403, message, code="no_origin")
    return Caller(origin, signers)


def admit_app(caller: Caller, apps: Apps, token: str, now: datetime) -> App:
    """Find the app of a token and check the caller against it.

    Raises:
        RefusedError: 401 for an unknown token or another app's signature, 403 for another app's origin.
    """
    app = apps.find(token, now)
    if app is None:
        # The metrics tell why; the response does not help anyone who guesses tokens.
        message = "unknown token; take the one of this app from logdig.toml"
        raise RefusedError(401, message, code=apps.token_fault(token, now))
    if caller.signers is not None and app.name not in caller.signers:
        raise RefusedError(401, "X-LogDig-Signature was made with the secret of another app", code="token_other_app")
    if caller.origin is not None and not app.admits(caller.origin):
        raise RefusedError(403, "this Origin is not registered for the app of this token", code="origin_other_app")
    return app


class Admission:
    """Checks that the handlers share, with the rate limits of the process."""

    def __init__(self, apps: Apps, locations: LocationFinder) -> None:
        self._apps, self._locations = apps, locations
        self._limits, self._customers = RateLimits(), CustomerLimits()

    def admit_sender(self, request: Request, now: datetime, types: Collection[str]) -> tuple[Caller, bytes]:
        """Check size, content type and sender, in this order; return the sender and the uncompressed body."""
        check_size(request)
        is_gzip = check_type(request, types)
        caller = admit_caller(request, self._apps, now)
        return caller, inflate(request.body) if is_gzip else request.body

    def admit_token(self, request: Request, caller: Caller, token: str, now: datetime) -> App:
        """Find the app of the token, and count the request against the limits of app and address."""
        app = admit_app(caller, self._apps, token, now)
        self._limits.check(app, self._locations.address(request), signed=caller.signed)
        return app

    def is_limited(self, request: Request, caller: Caller, app: App, customer_id: str | None, now: datetime) -> bool:
        """Tell whether a browser claims one customer too many."""
        return not caller.signed and self._customers.is_over(app, self._locations.address(request), customer_id, now)

    def context(
        self,
        request: Request,
        caller: Caller,
        app: App,
        token: str,
        received_at: datetime,
        tz_min: int | None = None,
    ) -> RequestContext:
        """Collect what the server adds to every event of a request; a signed sender is a server and never a bot."""
        user_agent = clean_user_agent(request.header("user-agent"))
        location = self._locations.find(request)
        return RequestContext(
            received_at=received_at,
            app=app.name,
            token=token,
            user_agent=user_agent,
            bot=not caller.signed and is_bot(user_agent),
            tz_min=tz_min,
            country=location.country,
            region=location.region,
            ip=app.kept_address(location.address),
            staff=app.is_staff(location.address),
            signed=caller.signed,
        )
