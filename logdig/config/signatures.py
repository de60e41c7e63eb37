"""Signatures of servers: secrets, signing, verification."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime

SIGNATURE_HEADER = "x-logdig-signature"
SIGNATURE_AGE_SECONDS = 300
"""A signature is valid for this long, and equally far ahead for clocks that run fast."""
ORIGIN_SECRET_VARIABLE = "LOGDIG_ORIGIN_SECRET"  # noqa: S105
"""Variable of the secret that CloudFront adds to each request."""
ORIGIN_PARAMETER = "_origin"
"""Its name below the path of the signing secrets; no app's name begins so."""

_SIGNATURE = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-fA-F]{64})")


def secret_variable(app_name: str, *, previous: bool = False) -> str:
    """Name the variable of an app's signing secret, or of the previous one."""
    prefix = "LOGDIG_PREVIOUS_SIGNING_SECRET_" if previous else "LOGDIG_SIGNING_SECRET_"
    return prefix + app_name.upper().replace("-", "_")


def signing_secret(app_name: str, environment: Mapping[str, str]) -> bytes | None:
    """Read ``LOGDIG_SIGNING_SECRET_<APP>``; None when no server sends for the app."""
    return environment.get(secret_variable(app_name), "").encode() or None


def signing_secrets(app_name: str, environment: Mapping[str, str]) -> tuple[bytes, ...]:
    """Read the valid secrets: the app's own and, during a rotation, the previous one."""
    variables = (secret_variable(app_name), secret_variable(app_name, previous=True))
    return tuple(secret.encode() for name in variables if (secret := environment.get(name)))


def sign(secret: bytes, body: bytes, now: datetime) -> str:
    """Make the value of the header ``X-LogDig-Signature`` for the bytes that will be sent."""
    seconds = str(int(now.timestamp()))
    return f"t={seconds},v1={_digest(secret, seconds, body)}"


def verify(secret: bytes, header: str, body: bytes, now: datetime) -> bool:
    """Tell whether a signature is of this secret, these bytes and the last SIGNATURE_AGE_SECONDS."""
    match = _SIGNATURE.fullmatch(header)
    if match is None or abs(now.timestamp() - int(match[1])) > SIGNATURE_AGE_SECONDS:
        return False
    return hmac.compare_digest(_digest(secret, match[1], body), match[2].lower())


def _digest(secret: bytes, seconds: str, body: bytes) -> str:
    return hmac.new(secret, seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
