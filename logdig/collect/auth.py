"""Who may write, in two steps: what the request shows before its body is read, then the app of its token."""

from __future__ import annotations

from datetime import datetime

import msgspec

from logdig.addresses import normal_origin
from logdig.collect.http import RefusedError, Request
from logdig.config.apps import App, Apps
from logdig.config.signatures import SIGNATURE_AGE_SECONDS, SIGNATURE_HEADER


class Caller(msgspec.Struct, frozen=True, gc=False):
    """What a request shows of its sender.

    ``origin`` is in normal form and registered for some app; ``signers`` are the apps whose secret signed the body.
    At least one of them is there.
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
    """Refuse whom no app can know.

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
        message = "neither Origin nor X-LogDig-Signature; browsers send the one, servers must sign"
        raise RefusedError(403, message, code="no_origin")
    return Caller(origin, signers)


def admit_app(caller: Caller, apps: Apps, token: str, now: datetime) -> App:
    """Find the app of a token and hold the caller against it.

    Raises:
        RefusedError: 401 for an unknown token or another app's signature, 403 for another app's origin.
    """
    app = apps.find(token, now)
    if app is None:
        # What is wrong with it is counted, and not said to whoever tries tokens.
        message = "unknown token; take the one of this app from logdig.toml"
        raise RefusedError(401, message, code=apps.token_fault(token, now))
    if caller.signers is not None and app.name not in caller.signers:
        raise RefusedError(401, "X-LogDig-Signature was made with the secret of another app", code="token_other_app")
    if caller.origin is not None and not app.admits(caller.origin):
        raise RefusedError(403, "this Origin is not registered for the app of this token", code="origin_other_app")
    return app
