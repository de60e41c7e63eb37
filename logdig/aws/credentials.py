"""Endpoint and credentials of AWS calls, as AWS's standard chain resolves them. [aws]

A Lambda function has everything in its environment, so botocore is not imported there: that import would take longer
than all others. Anywhere else botocore resolves them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from logdig.aws.http_pool import AUTHORITIES
from logdig.aws.sigv4 import Credentials

ORDINARY_REGION = re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d+")
"""Regions whose endpoints end in amazonaws.com."""
FURTHER_VARIABLES = re.compile(
    "AWS_(ENDPOINT_URL_.*|CREDENTIAL_EXPIRATION|USE_(FIPS|DUALSTACK)_ENDPOINT|(DEFAULT_)?PROFILE|CONFIG_FILE|CA_BUNDLE"
    "|SHARED_CREDENTIALS_FILE|DATA_PATH)|REQUESTS_CA_BUNDLE|BOTO_CONFIG"
)
"""With one of these set, botocore must resolve the configuration."""


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """What a client needs besides its region.

    ``credentials`` returns the current keys, None without any; ``authorities`` is a file of certificates.
    """

    endpoint: str
    credentials: Callable[[], Credentials | None]
    authorities: str


class Keys(NamedTuple):
    """Keys that stay the same for the life of the process."""

    access_key: str
    secret_key: str
    token: str | None


def from_lambda_environment(
    service: str, region: str, endpoint: str | None, environment: Mapping[str, str]
) -> ClientConfig | None:
    """Read the environment that Lambda gives a function; None when botocore must resolve more."""
    access_key, secret_key = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    is_function = "AWS_LAMBDA_FUNCTION_NAME" in environment and not any(map(FURTHER_VARIABLES.fullmatch, environment))
    if not (is_function and access_key and secret_key and (endpoint or ORDINARY_REGION.fullmatch(region))):
        return None
    keys = Keys(access_key, secret_key, environment.get("AWS_SESSION_TOKEN"))
    return ClientConfig(endpoint or f"https://{service}.{region}.amazonaws.com", lambda: keys, AUTHORITIES)


def from_botocore(service: str, region: str, endpoint: str | None, environment: Mapping[str, str]) -> ClientConfig:
    """Resolve with botocore: files, roles, further variables. It renews keys that expire.

    Raises:
        BotoCoreError: The configuration contradicts itself.
    """
    resolved = session()
    credentials = resolved.get_credentials()
    return ClientConfig(
        endpoint or resolved.create_client(service, region_name=region).meta.endpoint_url,
        credentials.get_frozen_credentials if credentials else lambda: None,
        resolved.get_config_variable("ca_bundle") or environment.get("REQUESTS_CA_BUNDLE") or AUTHORITIES,
    )


@lru_cache(maxsize=1)
def session() -> Any:
    """Share credentials between clients. boto3's session adds s3transfer, whose import costs as much."""
    import botocore.session

    return botocore.session.get_session()
