"""AWS's Signature Version 4 for one JSON call: headers in, signed headers out. Pure; the clock is an argument.

botocore's signer gives the same (tests/functional/test_aws_json.py holds them together), but importing it costs a
function more than all of its own modules.
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
    """Keys as they are at one moment; botocore's frozen credentials are such."""

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
        headers: All that is signed besides date and token, names in lower case; ``host`` among them.
        body: As it goes over the wire.
        credentials: Keys of this moment.
        now: UTC.
        service: As in the credential scope: ``sqs``, ``ssm``, ``dynamodb``.
        region: As in the credential scope.
        path: Of the address, escaped.
    Returns:
        The headers with ``x-amz-date``, ``x-amz-security-token`` where there is a token, and ``authorization``.
    """
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    day = moment[:8]
    found = {**headers, "x-amz-date": moment}
    if credentials.token:
        found["x-amz-security-token"] = credentials.token
    names = sorted(found)
    lines = "".join([f"{name}:{found[name]}\n" for name in names])
    listed = ";".join(names)
    request = f"POST\n{path}\n\n{lines}\n{listed}\n{sha256(body).hexdigest()}"
    scope = f"{day}/{region}/{service}/aws4_request"
    text = f"{ALGORITHM}\n{moment}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    signature = digest(_key(credentials.secret_key, day, region, service), text.encode(), "sha256").hex()
    found["authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={listed}, Signature={signature}"
    )
    return found


@lru_cache(maxsize=16)
def _key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = digest(key, part.encode(), "sha256")
    return key
