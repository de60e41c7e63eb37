"""AWS's Signature Version 4 for one JSON call: headers in, signed headers out. Pure; the clock is an argument.

botocore's signer gives the same (tests/functional/test_aws_json.py compares them), but importing it costs a function
more than all of its own modules.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from hmac import digest
from typing import Protocol

ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials(Protocol):
    """Keys at one moment, such as botocore's frozen credentials."""

    @property
    def access_key(self) -> str: ...
    @property
    def secret_key(self) -> str: ...
    @property
    def token(self) -> str | None: ...


def signed_headers(
    headers: Mapping[str, str],
    body: bytes,
    credentials: Credentials,
    now: datetime,
    *,
    service: str,
    region: str,
    path: str = "/",
) -> dict[str, str]:
    """Sign a POST.

    Args:
        headers: Headers to sign besides date and token, names in lower case, with ``host``.
        body: The bytes to send.
        credentials: Current keys.
        now: UTC.
        service: As in the credential scope: ``sqs``, ``ssm``, ``dynamodb``.
        region: As in the credential scope.
        path: Path of the URL, escaped.
    Returns:
        The headers with ``x-amz-date``, ``x-amz-security-token`` where there is a token, and ``authorization``.
    """
    timestamp = now.strftime("%Y%m%dT%H%M%SZ")
    day = timestamp[:8]
    signed = {**headers, "x-amz-date": timestamp}
    if credentials.token:
        signed["x-amz-security-token"] = credentials.token
    names = sorted(signed)
    lines = "".join([f"{name}:{signed[name]}\n" for name in names])
    listed = ";".join(names)
    request = f"POST\n{path}\n\n{lines}\n{listed}\n{sha256(body).hexdigest()}"
    scope = f"{day}/{region}/{service}/aws4_request"
    text = f"{ALGORITHM}\n{timestamp}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    signature = digest(_key(credentials.secret_key, day, region, service), text.encode(), "sha256").hex()
    signed["authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={listed}, Signature={signature}"
    )
    return signed


@lru_cache(maxsize=16)
def _key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = digest(key, part.encode(), "sha256")
    return key
